"""The thread that owns a model of engine 'transformers': gathers requests, asks them in batches.

Requests that come within a few milliseconds of each other go together, with those nearest in
length, so that little is padded; the oldest is always among them. When memory runs out the batch is
halved and asked again, then the model moves to the CPU; both are said and noted. Example:

    host = Host(start, 8, 0.005, fallback=True, say=print)
    host.submit(row); row.reply.result(); host.close()
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

from bakeoff.core.errors import BadRequest, BakeoffError, EndpointWrong, EngineError, Unavailable
from bakeoff.engines._prompts import Scored
from bakeoff.engines._transformers_decode import Row, generate, score
from bakeoff.engines._transformers_model import Network, is_out_of_memory, release
from bakeoff.engines._transformers_text import Text

_PATIENCE_S = 60.0

T = TypeVar("T", Row, Scored)


class Question:
    """Sequences of one request, to be scored together."""

    def __init__(self, rows: list[Scored]) -> None:
        self.rows = rows
        self.reply: Future[list[Scored]] = Future()


Job = Row | Question


@dataclass(frozen=True, slots=True)
class Started:
    """A loaded model, the tokens that end its replies, and its tokenizer for the thread's own use."""

    network: Network
    text: Text
    ends: frozenset[int]


class Host:
    """One model and its thread, from the first call to `close` or the exit of the interpreter.

    `start` loads the model onto a device: "" is the one that was asked for, "cpu" the way out.
    """

    def __init__(
        self, start: Callable[[str], Started], batch: int, gather_s: float, fallback: bool, say: Callable[[str], None]
    ) -> None:
        self._start = start
        self._batch = self.rows = batch  # `rows`: sequences in one batch, as far as memory allows
        self._gather_s = gather_s
        self._fallback = fallback
        self._say = say
        self.notes: tuple[str, ...] = ()
        self.device = ""
        self.ready: Future[BakeoffError | None] = Future()  # loaded, or why not
        self._started: Started | None = None
        self._closing = threading.Event()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._pending: list[Job] = []
        # A daemon, because the interpreter waits for other threads before it runs exit handlers.
        self._thread = threading.Thread(target=self._work, name="transformers", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def submit(self, job: Job) -> None:
        self._jobs.put(job)
        if self._closing.is_set():  # the thread may have looked for the last time
            _fail([job], Unavailable("the engine was closed before the call"))

    def _work(self) -> None:
        failure = self._load()
        self.ready.set_result(failure)
        while self._fill():
            jobs = together(self._pending, self._batch)
            self._pending = [job for job in self._pending if job not in jobs and not job.reply.cancelled()]
            if failure is None:
                self._serve(jobs)
            else:
                _fail(jobs, failure)
        _fail([*self._pending, *self._rest()], Unavailable("the engine was closed before the call"))
        self._pending, self._started = [], None
        release()

    def _load(self) -> BakeoffError | None:
        if self._closing.is_set():
            return Unavailable("the engine was closed before the call")
        failure: BakeoffError | None = None
        try:
            self._started = self._start("")
        except BakeoffError as error:
            failure = error.with_traceback(None)
        except Exception as error:
            if not is_out_of_memory(error):
                failure = Unavailable(f"the model failed while it was loaded ({type(error).__name__}: {error!s:.160})")
            elif not self._fallback:
                failure = _too_large()
        else:
            self.device = self._started.network.device
            return None
        if failure is not None:
            return failure
        release()
        self._note("the model does not fit on its device: it runs on the CPU")
        try:
            self._started = self._start("cpu")
        except Exception as error:
            return error.with_traceback(None) if isinstance(error, BakeoffError) else _too_large()
        self.device = "cpu"
        return None

    def _fill(self) -> bool:
        """Wait for work, then a little for more; False when the engine is closed."""
        if not self._pending and not self._put(self._jobs.get()):
            return False
        until = time.monotonic() + self._gather_s
        while len(self._pending) < self._batch and (wait := until - time.monotonic()) > 0:
            with suppress(Empty):
                if not self._put(self._jobs.get(timeout=wait)):
                    return False
        for job in self._rest():
            self._put(job)
        return not self._closing.is_set()

    def _put(self, job: Job | None) -> bool:
        if job is None:
            return False
        if not job.reply.cancelled():
            self._pending.append(job)
        return True

    def _rest(self) -> list[Job]:
        found: list[Job] = []
        with suppress(Empty):
            while True:
                if (job := self._jobs.get_nowait()) is not None:
                    found.append(job)
        return found

    def _serve(self, jobs: Sequence[Job]) -> None:
        failure: EngineError | None = None
        try:
            self._answer([job for job in jobs if isinstance(job, Row)])
            self._grade([job for job in jobs if isinstance(job, Question)])
        except EngineError as error:
            failure = error
        except Exception as error:
            failure = Unavailable(f"the model failed ({type(error).__name__}: {error!s:.200})")
        closed = Unavailable("the engine was closed during the call")
        _fail(jobs, failure or closed)  # those that have their reply keep it

    def _answer(self, rows: list[Row]) -> None:
        def work(chunk: Sequence[Row]) -> None:
            assert self._started is not None
            started = self._started
            generate(started.network, started.text, started.ends, chunk, lambda: not self._closing.is_set())

        self._each(rows, work, lambda row: not row.reply.done())

    def _grade(self, questions: list[Question]) -> None:
        rows = [row for question in questions if not question.reply.cancelled() for row in question.rows]
        rows.sort(key=lambda row: len(row.tokens), reverse=True)

        def work(chunk: Sequence[Scored]) -> None:
            assert self._started is not None
            score(self._started.network, chunk)

        self._each(rows, work, lambda row: not row.batch)
        for question in questions:
            if all(row.batch for row in question.rows):
                with suppress(InvalidStateError):
                    question.reply.set_result(question.rows)

    def _each(self, rows: list[T], work: Callable[[Sequence[T]], None], owed: Callable[[T], bool]) -> None:
        """Do all rows, as many at once as memory allows. Raises BadRequest where not even one fits."""
        import torch

        while (left := [row for row in rows if owed(row)]) and not self._closing.is_set():
            chunk = left[: self.rows]
            try:
                with torch.inference_mode():
                    work(chunk)
                continue
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            self._shrink(len(chunk))  # behind the except: the frames that held the tensors are gone

    def _shrink(self, size: int) -> None:
        """Make do with less memory than a batch of this size took."""
        release()
        if size > 1:
            self.rows = size // 2
            self._note(f"out of memory with {size} at once: {self.rows} from here on")
            return
        assert self._started is not None
        if self.device == "cpu" or not self._fallback:
            raise BadRequest(
                "memory is too short for this prompt alone", "allow fewer tokens (--max-tokens), or more memory"
            )
        self._note(f"out of memory on {self.device} with one prompt: the model moves to the CPU")
        self._started.network.to_cpu()
        self.device, self.rows = "cpu", self._batch
        release()

    def _note(self, said: str) -> None:
        self.notes = (*self.notes, said)
        self._say(said)

    def close(self) -> None:
        """Stop the calls, end the thread, free the model. Blocks for one token, or while a model is loaded."""
        atexit.unregister(self.close)
        self._closing.set()
        self._jobs.put(None)
        self._thread.join(_PATIENCE_S)


def together(pending: Sequence[Job], most: int) -> list[Job]:
    """The oldest job and those of its kind that are nearest to it in length, the longest first (pure)."""
    alike = sorted((job for job in pending if type(job) is type(pending[0])), key=_length, reverse=True)
    place = alike.index(pending[0]) if alike else 0
    begin = max(0, min(place - most // 2, len(alike) - most))
    return list(alike[begin : begin + most])


def _length(job: Job) -> int:
    return len(job.prompt) if isinstance(job, Row) else max(len(row.tokens) for row in job.rows)


def _fail(jobs: Sequence[Job], error: BakeoffError) -> None:
    for job in jobs:
        with suppress(InvalidStateError):
            # Without its traceback, whose frames would keep the model alive after close.
            job.reply.set_exception(error.with_traceback(None))


def _too_large() -> EngineError:
    return EndpointWrong("the model does not fit into memory", "take a smaller one, or dtype=bf16, or device=split")
