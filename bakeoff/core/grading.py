"""Which rule graded a cell: its profile, and what its spec put in the place of the profile's scorer. Pure.

The cell's signature keeps all of it. Cells of two rules are not comparable: what differs may be the rule. Example:

    str(rule_of(cell))      # "bakeoff", or "bakeoff, scorer strict.py:Zero@1f2e3d4c floor=1"
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import orjson

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.records import CellRecord
from bakeoff.core.signature import told_in

OWN_SCORER = "the profile's own scorer"


@dataclass(frozen=True, slots=True)
class Rule:
    """`scorer` and `code` (a hash of its file) are empty where the profile's own scorer graded; `judges` as JSON."""

    profile: str
    scorer: str = ""
    options: str = ""
    judges: str = ""
    code: str = ""

    @property
    def named(self) -> str:
        """The scorer with what it was given: `strict.py:Zero@1f2e3d4c floor=1`; of a file without its folders."""
        scorer = self.scorer.rpartition("/")[2] if ".py:" in self.scorer else self.scorer
        told = [f"{scorer}@{self.code}" if self.code else scorer, _pairs(self.options)]
        return " ".join(filter(None, told))

    @property
    def further(self) -> str:
        """All beside the profile; empty where the profile says all."""
        scorer = f"scorer {self.named}" if self.scorer else f"options {self.named}" if self.options else ""
        return ", ".join(filter(None, [scorer, f"judges {_judges(self.judges)}" if self.judges else ""]))

    @property
    def flags(self) -> str:
        """What `bakeoff run` takes to grade by it: `--profile bakeoff --scorer strict.py:Zero --scorer-args a=1`."""
        names = [str(judge.get("model")) for judge in orjson.loads(self.judges)] if self.judges else []
        given = {"--profile": self.profile, "--scorer": self.scorer, "--scorer-args": _pairs(self.options, ",")}
        pairs = [*given.items(), *(("--judge", name) for name in names)]
        return " ".join(f"{flag} {shlex.quote(value)}" for flag, value in pairs if value)

    def __str__(self) -> str:
        return ", ".join(filter(None, [self.profile, self.further]))


def rule_of(cell: CellRecord) -> Rule:
    """The rule of a cell; of an imported one, whose log names no scorer of ours, the profile says all."""
    parts = told_in(cell.signature)
    return Rule(cell.profile, *(parts.get(name, "") for name in ("scorer", "options", "judges", "code")))


def refuse_other_scorer(run: str, stored: CellRecord, now: CellRecord) -> None:
    """Raise ConfigInvalid where the file of a run's own scorer changed; a run that kept no hash of it says nothing."""
    before, after = rule_of(stored), rule_of(now)
    if before.code and before.code != after.code:
        raise ConfigInvalid(
            f"the file of scorer '{before.scorer}' changed since run '{run}' was started",
            "put the old file back, or choose another --name: stored replies are not asked for again",
        )


def check_signature_scorer(signature: str, cell: CellRecord) -> None:
    """Raise ConfigInvalid unless a scorer's file is what a signature was made with."""
    before, now = told_in(signature).get("code", ""), rule_of(cell)
    if before and before != now.code:
        raise ConfigInvalid(
            f"the file of scorer '{now.scorer}' here is @{now.code}; the signature was made with @{before}",
            "put the old file back, or give the fields as flags instead of --from",
        )


def _pairs(options: str, between: str = " ") -> str:
    return between.join(f"{name}={_value(value)}" for name, value in orjson.loads(options).items()) if options else ""


def _value(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _judges(judges: str) -> str:
    """The names of the judges, each with its settings where it has some."""
    return " and ".join(
        " ".join(str(value) if name == "model" else f"{name}={_value(value)}" for name, value in judge.items())
        for judge in orjson.loads(judges)
    )
