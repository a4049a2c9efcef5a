"""The rule that graded a cell, as its signature tells it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bakeoff.core.errors import ConfigInvalid, NotComparable
from bakeoff.core.grading import check_signature_scorer, refuse_other_scorer, rule_of
from bakeoff.core.origin import Origin, identity, imported_recipe
from bakeoff.core.records import CellRecord
from bakeoff.core.signature import recipe
from bakeoff.core.specs import parse_spec
from bakeoff.core.types import ModelIdentity
from bakeoff.reports.compare import compare_met


def cell(code: str = "", judges: tuple[str, ...] = (), **asked: object) -> CellRecord:
    fields = {"models": ["fake/a"], "benchmarks": [{"benchmark": "gsm8k", **asked}]}
    spec = parse_spec({**fields, "judges": list(judges)} if judges else fields)
    line = recipe(spec, spec.models[0], "balanced", spec.benchmarks[0], spec.methods[0], "d" * 32, code=code)
    profile = spec.benchmarks[0].profile
    return CellRecord(
        1, 0, "fake/a", "balanced", "gsm8k", "naive", profile, ModelIdentity("fake", "a"), "", "d", 9, line
    )


def test_the_profile_says_all_where_nothing_took_its_place() -> None:
    assert str(rule_of(cell())) == "bakeoff"
    assert rule_of(cell(profile="official")).flags == "--profile official"


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (cell(scorer="exact"), "bakeoff, scorer exact"),
        (cell("1f2e3d4c", scorer="my/strict.py:Zero"), "bakeoff, scorer strict.py:Zero@1f2e3d4c"),
        (cell(scorer="exact", options={"b": True, "a": "x|y"}), "bakeoff, scorer exact a=x|y b=true"),
        (cell(options={"floor": 1}), "bakeoff, options floor=1"),
        (cell(judges=("fake/j", "fake/k")), "bakeoff, judges fake/j and fake/k"),
    ],
)
def test_all_that_took_its_place_is_told(found: CellRecord, told: str) -> None:
    assert str(rule_of(found)) == told
    with pytest.raises(NotComparable, match="is graded by") as refused:
        compare_met(("a", "b"), (found, cell()), [], (1, 1))
    assert refused.value.hint is not None
    assert rule_of(found).flags in refused.value.hint


def test_flags_can_be_typed() -> None:
    found = rule_of(cell(scorer="judge", options={"rubric": "is it kind", "partial": True}, judges=("fake/j",)))
    assert (
        found.flags == "--profile bakeoff --scorer judge --scorer-args 'partial=true,rubric=is it kind' --judge fake/j"
    )


def test_an_imported_cell_has_its_profile_alone() -> None:
    of = Origin("lm-eval 0.4.13", "results.json", "1" * 64)
    line = imported_recipe(of, {"benchmark": "gsm8k", "model": "m", "method": "five", "profile": "strict"}, "d" * 32)
    assert str(rule_of(replace(cell(profile="strict"), identity=identity(of, "m"), signature=line))) == "strict"


def test_a_changed_file_is_refused_and_a_run_from_before_says_nothing() -> None:
    old, new, before = (cell(code, scorer="strict.py:Zero") for code in ("1f2e3d4c", "5b6a7988", ""))
    with pytest.raises(ConfigInvalid, match=r"'strict.py:Zero' changed since run 'r' was started"):
        refuse_other_scorer("r", old, new)
    with pytest.raises(ConfigInvalid, match="made with @1f2e3d4c"):
        check_signature_scorer(old.signature, new)
    for same in (old, before):
        refuse_other_scorer("r", same, old)
        check_signature_scorer(same.signature, old)
