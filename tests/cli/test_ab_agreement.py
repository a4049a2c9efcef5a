"""What `show`, `compare` and `report` say of one A/B test agrees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.said import Bakeoff
from tests.cli.test_ab_command import QA


@pytest.mark.parametrize(("flags", "models"), [("", "fake/a,fake/b"), ("--ask-all", "fake/a,fake/b,fake/c")])
def test_two_arms_of_a_test_asked_in_full_have_the_p_of_its_end(bakeoff: Bakeoff, flags: str, models: str) -> None:
    bakeoff(f"run -m {models} -b question_answering --decide difference {flags} --name ab --quiet")
    decision = bakeoff("show ab --json").json["decision"]
    assert decision["asked"] == decision["planned"] == 44
    for duel in decision["duels"]:
        if not duel["final"] or duel["p"] is None:
            continue
        places = {name: place for place, name in enumerate(models.split(","))}
        for a, b, sign in ((duel["a"], duel["b"], 1), (duel["b"], duel["a"], -1)):
            compared = bakeoff(f"compare ab:{places[a]} ab:{places[b]} --json").json
            assert compared["p_adjusted"] == duel["p"]
            assert compared["difference"]["value"] == pytest.approx(sign * duel["difference"]["value"])
            ends = [compared["difference"]["low"], compared["difference"]["high"]]
            assert sorted(sign * end for end in ends) == pytest.approx(
                [duel["difference"]["low"], duel["difference"]["high"]]
            )
            assert compared["verdict"].startswith("No difference shown") is (duel["winner"] is None)
    if not flags:
        said = bakeoff("compare ab:0 ab:1").out
        assert "exact test at the end" in " ".join(said.split()) and "the test is that of its end" in " ".join(
            said.split()
        )


def test_other_cells_are_ranked_where_one_run_was_decided(bakeoff: Bakeoff, tmp_path: Path) -> None:
    """The cells of a test stopped where their scores said so; that is no reason to leave the others unranked."""
    bakeoff("run -m fake/d,fake/e,fake/f -b question_answering --name plain --quiet")
    bakeoff(f"{QA} --decide difference --name ab --quiet")
    bakeoff("report plain ab -o out --format json,md")
    (ranking,) = json.loads((tmp_path / "out/report.json").read_text())["rankings"]
    assert sorted(one["cell"] for one in ranking["cells"]) == [0, 1, 2]
    assert ranking["left_out"] == ["#3 (run 'ab' has a decision rule)", "#4 (run 'ab' has a decision rule)"]
    assert "Left out: #3 (run 'ab' has a decision rule)" in (tmp_path / "out/report.md").read_text()
    bakeoff("report ab plain -o two --format json")
    bakeoff("run -m fake/g -b question_answering --name other --quiet")
    bakeoff("report ab other -o few --format json")
    (none,) = json.loads((tmp_path / "few/report.json").read_text())["rankings"]
    assert none["cells"] == [] and "a ranking needs cells that ended as planned" in none["why"]
