"""The command `bakeoff`: finds the command asked for, imports only that, and ends with one line
where something is wrong. Exit codes: 0 ok, 1 finished with failed trials, 2 yours to correct,
3 the outside world, 130 Ctrl-C.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from bakeoff import __version__

if TYPE_CHECKING:
    from bakeoff.core.errors import BakeoffError

# name → (module:attribute, one line): listing imports nothing.
COMMANDS = {
    "demo": ("bakeoff.cli.demo:demo", "Run a real small model on this machine"),
    "plan": ("bakeoff.cli.plan:plan", "Say what a run can show and what it costs, before it is run"),
    "run": ("bakeoff.cli.run:run", "Run an experiment, from flags or a YAML file"),
    "resume": ("bakeoff.cli.run:resume", "Go on with an interrupted run"),
    "runs": ("bakeoff.cli.show:runs", "List the runs in the store"),
    "show": ("bakeoff.cli.show:show", "Show one run and its scores"),
    "compare": ("bakeoff.cli.compare:compare", "Compare two cells on the same samples"),
    "scaling": ("bakeoff.cli.scaling:scaling", "Compare models of several sizes: what does size buy, and cost?"),
    "optimize": ("bakeoff.cli.optimize:optimize", "Measure ways to answer faster: speed, memory, same answers?"),
    "decisions": ("bakeoff.cli.decisions:decisions", "List A/B tests and their verdicts over time"),
    "effects": ("bakeoff.cli.effects:effects", "Say what each model, preset and method of a run adds"),
    "ablate": ("bakeoff.cli.ablate:ablate", "Ask methods × options on one sample: what does each add, and cost?"),
    "grade": ("bakeoff.cli.grade:grade", "Grade stored answers by another profile, without a call"),
    "report": ("bakeoff.cli.report:report", "Write reports of runs: HTML, PDF, Markdown, LaTeX, figures, JSON, CSV, …"),
    "export": ("bakeoff.cli.export:export", "Write a run's trials, a line each"),
    "import": ("bakeoff.cli.import_:import_", "Turn other tools' logs into runs: lm-eval, inspect, evalplus, JSONL"),
    "samples": ("bakeoff.cli.samples:samples", "Save and list named sample sets"),
    "data": ("bakeoff.cli.data:data", "List, summarise, fetch, check and add the data of benchmarks"),
    "kb": ("bakeoff.cli.kb:kb", "Make, list, search and measure knowledge bases for retrieval"),
    "models": ("bakeoff.cli.models:models", "List models, show one, and count its memory on a device"),
    "coverage": ("bakeoff.cli.coverage:coverage", "Try every model under every preset: does it fit, does it answer?"),
    "profile": ("bakeoff.cli.profile:profile", "Measure throughput, latency and memory by batch: which batch to take?"),
    "campaign": ("bakeoff.cli.campaign:campaign", "Take models through five gates, from environment to report"),
    "list": ("bakeoff.cli.listing:listing", "List models, benchmarks, methods, engines, scorers"),
    "doctor": ("bakeoff.cli.doctor:doctor", "Say what is installed and reachable, and how to fix it"),
}

_INTRO = """Run language models side by side on the same questions, and learn which one to use.

\b
  bakeoff demo
  bakeoff run --models fake/a,fake/b --benchmarks question_answering
  bakeoff run --models openai_compatible/NAME --benchmarks gsm8k --limit 100 \\
              --base-url http://127.0.0.1:8000/v1 --methods naive,cot
"""


class LazyGroup(click.Group):
    """Imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        with _no_collection():
            found = getattr(importlib.import_module(module), attribute)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from bakeoff.core.errors import UnknownName

            raise UnknownName("command", args[0], COMMANDS, see="bakeoff --help")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, help=_INTRO, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bakeoff")
def cli() -> None:
    pass


@contextmanager
def _no_collection() -> Iterator[None]:
    """Load modules without the search for garbage, a tenth of a start: what a module makes lives to the end."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # later collections pass it over
        gc.enable()


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    _open_closed()
    typed = list(sys.argv[1:] if args is None else args)
    code = 0
    try:
        result = cli.main(args=typed, prog_name="bakeoff", standalone_mode=False)
        code = result if isinstance(result, int) else 0
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = 130
    except BrokenPipeError:
        _drop_output()
    except SystemExit as done:
        if done.code != 1:  # shell completion
            raise
        _drop_output()  # click ends so on a broken pipe
    except Exception as error:
        code = _explain(error, as_json="--json" in typed)
    gc.freeze()  # the process ends: a last collection would take a tenth of a second for nothing
    sys.exit(code)


def _open_closed() -> None:
    """Give a stream that the caller closed (`>&-`) to nobody: else the first file that is opened takes its place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            _send_to_nobody(number)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))


def _send_to_nobody(number: int) -> None:
    nobody = os.open(os.devnull, os.O_RDWR)
    if nobody != number:
        os.dup2(nobody, number)
        os.close(nobody)


def _drop_output() -> None:
    """Nobody reads our output any more, or it takes nothing: let the interpreter end without a word about it."""
    _send_to_nobody(1)


def _explain(error: Exception, as_json: bool = False) -> int:
    """One line for an error of the tree; anything else is a defect of ours and keeps its trace.

    With `as_json` the same stands on stdout as `{"error": …}`: a script finds it where it reads.
    """
    import json

    told = _of_the_tree(error)
    line = " ".join(str(told).splitlines())
    with suppress(OSError):  # a stderr that takes nothing
        click.echo(f"error[{told.code}]: {line}", err=True)
    try:
        if as_json:
            click.echo(json.dumps({"error": {"code": told.code, "message": line}}))
        sys.stdout.flush()
    except OSError:  # what waits for stdout would be tried again at the end
        _drop_output()
    return told.exit_code


def _of_the_tree(error: Exception) -> BakeoffError:
    from bakeoff.core.errors import BakeoffError, ConfigInvalid, SystemFault

    if isinstance(error, BakeoffError):
        return error
    if isinstance(error, click.ClickException):
        return _of_click(error)
    if isinstance(error, UnicodeEncodeError):
        bad = ascii(error.object[error.start : error.end])
        return ConfigInvalid(f"{bad} cannot be written as {error.encoding}", "use UTF-8 throughout")
    if isinstance(error, OSError):
        what = f"'{error.filename}'" if error.filename else "the output or a file"
        return SystemFault(
            f"{what} cannot be read or written ({error.strerror or error})", "make room, or name another place"
        )
    raise error


def _of_click(error: click.ClickException) -> BakeoffError:
    """What click says of a command line, in the house's words."""
    from difflib import get_close_matches

    from bakeoff.core.errors import UsageError

    context = getattr(error, "ctx", None)
    see = f"'{context.command_path if context else 'bakeoff'} --help'"
    if context is not None and isinstance(error, click.NoSuchOption):
        known = [name for param in context.command.params for name in (*param.opts, *param.secondary_opts)]
        near = get_close_matches(error.option_name, known, n=1)
        return UsageError(
            f"unknown option '{error.option_name}'", f"did you mean '{near[0]}'? See {see}" if near else f"see {see}"
        )
    return UsageError(error.format_message().rstrip("."), f"see {see}")
