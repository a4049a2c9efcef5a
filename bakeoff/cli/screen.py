"""Where output goes: data to stdout, talk to stderr; live progress only where someone looks."""

from __future__ import annotations

import io
import math
import re
import sys
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, TextIO, cast

import click

from bakeoff.app.experiments import Progress
from bakeoff.app.settings import coloured, columns
from bakeoff.core.records import CellRecord
from bakeoff.reports.charts import inert
from bakeoff.reports.summary import NOT_RUN, estimate_of
from bakeoff.reports.terminal import cost_text, score_text
from bakeoff.reports.verdict_text import duel_line

if TYPE_CHECKING:
    from rich.console import Console

CELLS_SHOWN = 8
PIPED_WIDTH = 100
SHORTEST_PAUSE = 0.5  # seconds; nobody needs to know of a shorter one
_FILLING = re.compile(" +$", re.MULTILINE)


class Trimmed(io.TextIOBase):
    """A text stream without the spaces that fill tables up to the right."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override] # what rich asks for
        return self._stream.encoding or "utf-8"

    def write(self, text: str) -> int:
        return self._stream.write(_FILLING.sub("", text))

    def flush(self) -> None:
        self._stream.flush()


def out() -> Console:
    """The console of stdout: plain, 100 columns wide or as COLUMNS says when piped; NO_COLOR obeyed by rich."""
    from rich.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # to cli.main, as from any other write

    if sys.stdout.isatty():
        return Piped(file=sys.stdout)
    return Piped(file=cast(TextIO, Trimmed(sys.stdout)), width=columns() or PIPED_WIDTH)


def paint(text: str, fg: str | None = None, bold: bool | None = None) -> str:
    """The text in a colour, or as it is under NO_COLOR; click takes colours off when piped."""
    return click.style(text, fg=fg, bold=bold) if coloured() else text


def talk(text: str) -> None:
    """A line for the person, on stderr. Work does not end because nobody can be told of it."""
    with suppress(OSError):
        click.echo(text, err=True)


class LiveProgress:
    """Redraws a few lines on stderr four times a second; where that is no terminal only tells what it waits for."""

    def __init__(self, wanted: bool = True) -> None:
        self._wanted = wanted
        self._shown = wanted and sys.stderr.isatty()
        self._progress: Progress | None = None
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def show(self, progress: Progress) -> None:
        self._progress = progress
        if self._wanted:
            work = self._draw if self._shown else self._tell_pauses
            self._thread = threading.Thread(target=work, name="progress", daemon=True)
            self._thread.start()

    def _tell_pauses(self) -> None:
        """A line for each pause, and not for each call that is told to wait in it."""
        told_until = 0.0
        while not self._done.wait(0.25):
            now = time.monotonic()
            line = pause_line(self._progress, now) if self._progress is not None and now >= told_until else None
            if line is not None and self._progress is not None:
                talk(line)
                told_until = self._progress.counts.paused_until

    def _draw(self) -> None:
        from rich.console import Console
        from rich.live import Live

        with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
            while not self._done.wait(0.25):
                if self._progress is not None:
                    live.update("\n".join(progress_lines(self._progress, time.monotonic())), refresh=True)

    def __enter__(self) -> LiveProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Take the lines away; what is said next stands in their place."""
        self._done.set()
        if self._thread is not None:
            self._thread.join(timeout=2)


def progress_lines(progress: Progress, now: float) -> list[str]:
    """What the live display says (pure): the whole, then the running estimate of each cell."""
    elapsed = max(now - progress.started, 1e-6)
    counts = progress.counts
    fresh = progress.done - progress.done_before
    rate = fresh / elapsed
    eta = (progress.total - progress.done) / rate if rate > 0 else None
    errors = sum(outcomes.get("error", 0) for outcomes in dict(progress.outcomes).values())
    speed = counts.output_tokens / elapsed
    cost = None if counts.unpriced else counts.usd
    share = progress.done / progress.total if progress.total else 1.0
    bar = "█" * int(share * 20) + "░" * (20 - int(share * 20))
    first = f"{bar} {progress.done:,}/{progress.total:,} · {rate:,.1f}/s · {speed:,.0f} tok/s · {cost_text(cost)}"
    second = f"errors {errors:,} · retries {counts.failed_tries:,} · cached {counts.cached:,} · ETA {eta_text(eta)}"
    lines = [first, second, *filter(None, [pause_line(progress, now)])]
    for cell in progress.cells[:CELLS_SHOWN]:
        lines.append(f"  {_running(progress, cell)}")
    if len(progress.cells) > CELLS_SHOWN:
        lines.append(f"  and {len(progress.cells) - CELLS_SHOWN} more cells")
    lines += [f"  {duel_line(duel)}" for duel in progress.duels[:CELLS_SHOWN]]
    return lines


def pause_line(progress: Progress, now: float) -> str | None:
    """What is waited for, where an endpoint asked for it; None where nothing is, or not for long."""
    counts = progress.counts
    left = counts.paused_until - now
    if left < SHORTEST_PAUSE:
        return None
    return f"waiting {math.ceil(left)} s: {inert(counts.paused_by)} asked for it (Retry-After)"


def _running(progress: Progress, cell: CellRecord) -> str:
    outcomes = dict(progress.outcomes.get(cell.id, {}))
    total, squares = progress.values.get(cell.id, (0.0, 0.0))
    estimate = estimate_of({**outcomes, NOT_RUN: 0}, total, squares)
    missing = f", {estimate.n_missing:,} missing" if estimate.n_missing else ""
    return f"{score_text(estimate)} n={estimate.n:,}{missing}  {cell.label}"


def eta_text(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
