"""Every error Bakeoff raises on purpose: who owns it, its code, what to type next.

    BakeoffError(message, hint)              .code is stable: CLI `error[code]`, docs/errors.md#code
    ├─ UsageError          yours             exit 2
    │  ├─ ConfigInvalid    a field or flag that cannot be understood
    │  ├─ UnknownName      a name that is in no table; suggests the nearest
    │  ├─ MissingExtra     an optional part is not installed
    │  ├─ MissingKey       an API key is not in the environment
    │  ├─ DataMissing      a benchmark's data is nowhere to be found
    │  ├─ DataInvalid      a data file cannot be read: file, line, field
    │  ├─ SpecChanged      an old run name with another spec
    │  ├─ RunNotFound      no run of that name in the store
    │  └─ NotComparable    two cells that share no graded samples
    ├─ EngineError         the engine's          exit 3; recorded on the trial inside a run
    │  ├─ RateLimited      429; retried after `retry_after`
    │  ├─ EngineTimeout    no answer in time; retried
    │  ├─ Unavailable      refused, reset, 5xx; retried
    │  ├─ BadResponse      an answer that is not what the API promises; retried
    │  ├─ BadRequest       the endpoint refuses this request
    │  ├─ ContextOverflow  the prompt is longer than the model's context
    │  ├─ AuthFailed       the key is refused; stops the model's cells
    │  └─ EndpointWrong    no such endpoint or model there; stops the model's cells
    ├─ TrialError          recorded on the trial, never raised past the runner
    │  ├─ MethodFailed     a method raised
    │  ├─ RetrievalFailed  the index of a knowledge base cannot be asked
    │  └─ ScorerFailed     a scorer raised
    ├─ StoreError          the store's           exit 3
    │  ├─ RunLocked        another process executes this run
    │  ├─ StoreBusy        the database stayed locked
    │  ├─ StoreFull        no space left on the device
    │  ├─ StoreUnreachable the database cannot be opened
    │  └─ MigrationNeeded  the database was made by another version
    └─ SystemFault         the system's          exit 3: a full disk, an output that takes nothing

Example: `UnknownName("benchmark", "gsm9k", ["gsm8k"])` prints
`unknown benchmark 'gsm9k': did you mean 'gsm8k'? See 'bakeoff list benchmarks'`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BakeoffError(Exception):
    """Root of the tree. `message` says what and why, `hint` what to do next."""

    code = "error"
    exit_code = 3

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message}: {self.hint}" if self.hint else self.message


class UsageError(BakeoffError):
    """The user can fix it by typing something else."""

    code = "usage"
    exit_code = 2


class ConfigInvalid(UsageError):
    """A field or flag that cannot be understood."""

    code = "config-invalid"


class UnknownName(UsageError):
    """A name that is in no table; the nearest one is suggested."""

    code = "unknown-name"

    def __init__(self, kind: str, name: str, known: Iterable[str], see: str | None = None) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        where = see or f"bakeoff list {kind}s"
        hint = f"did you mean '{near[0]}'? See '{where}'" if near else f"see '{where}'"
        super().__init__(f"unknown {kind} '{name}'", hint)


class MissingExtra(UsageError):
    """An optional part is not installed; the hint is the line that installs it."""

    code = "missing-extra"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed", f"run: pip install 'bakeoff[{extra}]'")


class MissingKey(UsageError):
    """An API key is not in the environment."""

    code = "missing-key"

    def __init__(self, model: str, variable: str) -> None:
        super().__init__(
            f"no API key for '{model}'",
            f"run: export {variable}=… (or name another variable with --api-key-env)",
        )


class DataMissing(UsageError):
    """A benchmark's data is nowhere to be found."""

    code = "data-missing"


class DataInvalid(UsageError):
    """A data file cannot be read; the message names file, line and field."""

    code = "data-invalid"


class SpecChanged(UsageError):
    """An old run name with another spec."""

    code = "spec-changed"


class RunNotFound(UsageError):
    """No run of that name in the store."""

    code = "run-not-found"


class NotComparable(UsageError):
    """Two cells that share no graded samples."""

    code = "not-comparable"


class EngineError(BakeoffError):
    """A call failed. `retryable`: the same call may succeed later.

    `fatal`: no other call to this model can succeed either, so its cells stop.
    """

    code = "engine"
    retryable = False
    fatal = False


class RateLimited(EngineError):
    """The endpoint asks for fewer calls; `retry_after` in seconds where it said."""

    code = "rate-limited"
    retryable = True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class EngineTimeout(EngineError):
    """No answer within the time allowed."""

    code = "timeout"
    retryable = True


class Unavailable(EngineError):
    """Connection refused or dropped, or a 5xx."""

    code = "unavailable"
    retryable = True


class BadResponse(EngineError):
    """An answer that is not what the API promises (cut JSON, HTML, no choices)."""

    code = "bad-response"
    retryable = True


class BadRequest(EngineError):
    """The endpoint refuses this request; sending it again would not help."""

    code = "bad-request"


class ContextOverflow(EngineError):
    """The prompt is longer than the model's context."""

    code = "context-overflow"


class AuthFailed(EngineError):
    """The key is refused (401, 403)."""

    code = "auth-failed"
    fatal = True


class EndpointWrong(EngineError):
    """The URL leads nowhere useful: no such path, no such model, a web page."""

    code = "endpoint-wrong"
    fatal = True


class TrialError(BakeoffError):
    """Recorded on the trial; never raised past the runner."""

    code = "trial"


class MethodFailed(TrialError):
    """A method raised something that is not an EngineError."""

    code = "method-failed"


class RetrievalFailed(TrialError):
    """The index of a knowledge base cannot be asked: a server that is down, a folder in use."""

    code = "retrieval-failed"


class ScorerFailed(TrialError):
    """A scorer raised."""

    code = "scorer-failed"


class StoreError(BakeoffError):
    """The database or the journal."""

    code = "store"


class RunLocked(StoreError):
    """Another process executes this run."""

    code = "run-locked"


class StoreBusy(StoreError):
    """The database stayed locked for longer than we wait."""

    code = "store-busy"


class StoreFull(StoreError):
    """No space left on the device."""

    code = "store-full"


class StoreUnreachable(StoreError):
    """The database cannot be opened."""

    code = "store-unreachable"


class MigrationNeeded(StoreError):
    """The database was made by another version of Bakeoff."""

    code = "migration-needed"


class SystemFault(BakeoffError):
    """The system refused to read or write: a full disk, an output that takes nothing."""

    code = "system"


def error_classes() -> list[type[BakeoffError]]:
    """Every class of the tree, parents first, in order of definition."""
    found: list[type[BakeoffError]] = []

    def walk(cls: type[BakeoffError]) -> None:
        found.append(cls)
        for child in cls.__subclasses__():
            if child.__module__ == __name__:
                walk(child)

    walk(BakeoffError)
    return found
