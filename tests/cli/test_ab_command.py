"""A/B tests from outside: what the flags and the file mean, what is refused, and what each command tells afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.said import Bakeoff, Said
from tests.conftest import DataFolder

QA = "run -m fake/a,fake/b -b question_answering"
FAR = "run far.yaml"
FAR_YAML = """
name: far
models:
  - {model: fake/a, args: {accuracy: 0.4}}
  - {model: fake/b, args: {accuracy: 0.8}}
benchmarks: gsm8k
decision: {batch: 16}
"""


@pytest.fixture
def far(bakeoff: Bakeoff, gsm8k_folder: DataFolder, tmp_path: Path) -> Bakeoff:
    """With a test of two models that are far apart, in a file, and its questions."""
    gsm8k_folder(320)
    (tmp_path / "far.yaml").write_text(FAR_YAML)
    return bakeoff


def yaml(tmp_path: Path, decision: str, models: str = "[fake/a, fake/b]") -> str:
    (tmp_path / "spec.yaml").write_text(f"models: {models}\nbenchmarks: question_answering\ndecision: {decision}\n")
    return "run spec.yaml"


def rule(said: Said) -> Any:
    return said.json["spec"]["decision"]


# ---------------------------------------------------------------- flags and file


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ("--decide difference", {"rule": "difference", "margin": None, "early": True, "batch": 32, "alpha": 0.05}),
        ("--decide difference --ask-all", {"rule": "difference", "early": False}),
        ("--decide difference --margin 3pt", {"rule": "difference", "margin": 0.03}),
        ("--decide difference --margin 3%", {"margin": 0.03}),
        ("--decide difference --margin '3 points'", {"margin": 0.03}),
        ("--decide equivalent --margin 0.03", {"rule": "equivalent", "margin": 0.03}),
        ("--decide not_worse --margin .5", {"rule": "not_worse", "margin": 0.5}),
        ("--decide difference --alpha 1e-6 --batch 1", {"alpha": 1e-6, "batch": 1}),
        ("--decide difference --batch 100000", {"batch": 100000}),
        ("--decide difference --guard latency=120%", {"guards": [{"metric": "latency", "at_most": 1.2}]}),
        (
            "--decide difference --guard latency_p95=1.2 --guard errors=1pt",
            {"guards": [{"metric": "latency_p95", "at_most": 1.2}, {"metric": "errors", "at_most": 0.01}]},
        ),
        ("--decide difference --baseline fake/b", {"baseline": "fake/b"}),
    ],
)
def test_flags_are_fields(bakeoff: Bakeoff, flags: str, wanted: dict[str, Any]) -> None:
    found = rule(bakeoff(f"{QA} {flags} --dry-run --json"))
    assert {name: found[name] for name in wanted} == wanted


def test_a_signature_has_the_rule_and_is_not_run_without_the_other_arms(bakeoff: Bakeoff) -> None:
    first = bakeoff(f"{QA} -n 8 --decide not_worse --margin 3pt --json").json
    line = first["cells"][0]["signature"]
    assert '|decision:{"margin":0.03,"rule":"not_worse"}|test:binary|' in line
    again = bakeoff("run", "--from", line, "--models", "fake/a,fake/b", "--json").json
    assert (again["run"], again["calls"]) == (first["run"], 0)
    alone = bakeoff("run", "--from", line, code=2)
    assert "one arm" in alone.err and "--models" in alone.err


def test_ways_to_write_a_margin_are_one_run(bakeoff: Bakeoff) -> None:
    command = f"{QA} -n 8 --decide difference --json --margin"
    names = {bakeoff(f"{command} {text}").json["run"] for text in ("3pt", "3%", "0.03")}
    assert len(names) == 1


@pytest.mark.parametrize("decision", ["not_worse", "{rule: not_worse}"])
def test_flags_are_laid_over_the_file(bakeoff: Bakeoff, tmp_path: Path, decision: str) -> None:
    found = rule(bakeoff(f"{yaml(tmp_path, decision)} --margin 5pt --batch 8 --dry-run --json"))
    assert (found["rule"], found["margin"], found["batch"]) == ("not_worse", 0.05, 8)


def test_one_guard_in_a_file_needs_no_list(bakeoff: Bakeoff, tmp_path: Path) -> None:
    command = yaml(tmp_path, "{guards: {metric: errors, at_most: 0.1}}")
    assert rule(bakeoff(f"{command} --dry-run --json"))["guards"] == [{"metric": "errors", "at_most": 0.1}]


def test_an_arm_by_the_words_that_only_it_has(bakeoff: Bakeoff, tmp_path: Path) -> None:
    models = "[{model: fake/a, args: {accuracy: 0.4}}, {model: fake/a, args: {accuracy: 0.8}}]"
    command = f"{yaml(tmp_path, '{rule: not_worse, margin: 0.1}', models)} --methods naive,cot --baseline"
    found = bakeoff(f"{command} 'accuracy=0.8 cot' --dry-run --json").json["decision"]
    assert found["arms"][3] == found["baseline"] == "fake/a accuracy=0.8 cot"
    assert "unknown arm 'cot': the arms are 'fake/a accuracy=0.4 naive'" in bakeoff(f"{command} cot", code=2).err


# ---------------------------------------------------------------- refused


REFUSED = {
    "--margin nan": "'nan' in --margin is no share",
    "--margin inf": "'inf' in --margin is no share",
    "--margin 1e9": "'1e9' in --margin is no share",
    "--margin ''": "'' in --margin is no share",
    "--margin -3pt": "'-3pt' in --margin is no share between 0 and 1: write it like 3pt or 0.03",
    "--margin 0": "'0' in --margin is no share between 0 and 1",
    "--margin 1": "write 1pt or 0.01",
    "--margin 3": "write 3pt or 0.03",
    "--margin 100pt": "'100pt' in --margin is no share between 0 and 1",
    "--alpha nan": "a finite number",
    "--alpha inf": "a finite number",
    "--alpha 0": "decision.alpha",
    "--alpha -0.1": "decision.alpha",
    "--alpha 0.5": "less than 0.5",
    "--alpha 1e-12": "decision.alpha",
    "--batch 0": "decision.batch",
    "--batch -5": "decision.batch",
    "--batch 100001": "decision.batch",
    "--batch 99999999999999999999": "decision.batch",
    "--batch 1.5": "is not a valid integer",
    "--decide best": "is not one of 'difference', 'not_worse', 'equivalent'",
    "--decide not_worse": "needs a margin: the difference that does not matter: add --margin 0.03",
    "--decide equivalent": "needs a margin",
    "--baseline fake/c": "unknown arm 'fake/c': did you mean 'fake/b'? The arms are 'fake/a', 'fake/b'",
    "--baseline nobody": "unknown arm 'nobody': the arms are 'fake/a', 'fake/b'",
    "--baseline ' '": "unknown arm ' '",
    "--guard latency": "is no 'metric=most'",
    "--guard latency=fast": "write it like latency=1.2 or errors=1pt",
    "--guard latency=nan": "'nan' in --guard is no number",
    "--guard latency=0.9": "under 1, as times the baseline: write it like latency=1.2",
    "--guard speed=1.2": "'latency_p95'",
    "--guard errors=-1pt": "under 0, an added share: write it like errors=1pt",
    "--guard errors=1": "no added share is above 1: write it like errors=1pt",
    "--guard latency=1.2 --guard latency=1.5": "guard 'latency' is given twice",
}


@pytest.mark.parametrize("flags", REFUSED)
def test_a_bad_value_costs_one_line_and_stores_nothing(bakeoff: Bakeoff, flags: str) -> None:
    said = bakeoff(f"{QA} -n 8 {'' if '--decide' in flags else '--decide difference '}{flags}", code=2)
    assert REFUSED[flags] in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert bakeoff("runs --json").json == []


@pytest.mark.parametrize(
    "flag", ["--margin 3pt", "--guard errors=1pt", "--baseline fake/b", "--ask-all", "--alpha 0.01"]
)
def test_no_flag_but_decide_starts_a_test(bakeoff: Bakeoff, flag: str) -> None:
    """It may stop before all is asked: who did not ask for that gets no part of a run."""
    said = bakeoff(f"{QA} {flag}", code=2)
    name = flag.partition(" ")[0]
    assert f"{name} is of an A/B test" in said.err and "add --decide difference or --decide not_worse" in said.err
    assert bakeoff("runs --json").json == []


REFUSED_IN_FILES = {
    "best": "decision.rule",
    "[1]": "decision",
    "{rule: maybe}": "decision.rule",
    "{margin: 0}": "decision.margin",
    "{margin: .nan}": "decision.margin",
    "{alpha: yes}": "true or false is not expected here",
    "{batch: 2.5}": "decision.batch",
    "{prior: 0}": "decision.prior",
    "{unanswered: right}": "decision.unanswered",
    "{baseline: 3}": "decision.baseline",
    "{gards: []}": "did you mean 'guards'?",
    "{guards: [{metric: latency}]}": "decision.guards.0.at_most",
    "{guards: [{metric: latency, at_most: .inf}]}": "decision.guards.0.at_most",
}


@pytest.mark.parametrize("decision", REFUSED_IN_FILES)
def test_a_bad_field_costs_one_line(bakeoff: Bakeoff, tmp_path: Path, decision: str) -> None:
    said = bakeoff(yaml(tmp_path, decision), code=2)
    assert REFUSED_IN_FILES[decision] in said.err and said.err.count("\n") == 1
    assert bakeoff("runs --json").json == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("run -m fake/a -b question_answering --decide difference", "needs at least 2 arms, and this spec has 1"),
        ("run -m fake/a,fake/a -b question_answering --decide difference", "lists 'fake/a' twice"),
    ],
)
def test_what_cannot_be_compared(bakeoff: Bakeoff, command: str, words: str) -> None:
    assert words in bakeoff(command, code=2).err


def test_no_question_counts_twice(far: Bakeoff, tmp_path: Path) -> None:
    """Under two profiles it would: a pair that differs would be bet on two times."""
    (tmp_path / "twice.yaml").write_text(
        "models: [fake/a, fake/b]\nbenchmarks: [{benchmark: gsm8k}, {benchmark: gsm8k, profile: official}]\n"
    )
    assert "each of its questions would count twice" in far("run twice.yaml --decide difference", code=2).err
    assert far("runs --json").json == []
    assert len(far("run twice.yaml -n 4 --json").json["cells"]) == 4  # without a rule it may


def test_a_run_keeps_its_rule(far: Bakeoff) -> None:
    far(f"{FAR} -q")
    for flags in ("--alpha 0.01", "--batch 8", "--margin 3pt", "--ask-all", "--decide not_worse --margin 3pt"):
        said = far(f"{FAR} {flags}", code=2)
        assert "run 'far' was started with another spec (decision." in said.err and said.err.count("\n") == 1
    assert far(f"{FAR} --json").json["calls"] == 0  # the same rule: nothing is left to do


# ---------------------------------------------------------------- odd, and fine


@pytest.mark.parametrize("flags", ["-n 1", "--batch 1 -n 8", "--batch 5000 -n 8", "-n 3 --batch 2"])
def test_few_samples_show_nothing(bakeoff: Bakeoff, flags: str) -> None:
    found = bakeoff(f"{QA} --decide difference {flags} --json").json["decision"]
    assert (found["verdict"], found["winner"], found["stop"]) == ("no_difference", None, "end")
    assert found["asked"] == found["planned"] == int(flags.partition("-n ")[2][0])


def test_a_group_of_benchmarks_is_one_test(bakeoff: Bakeoff) -> None:
    found = bakeoff("run -m fake/a,fake/b -b labels,question_answering -n 5 --decide difference", code=2)
    assert "no data for" in found.err  # of ag_news: told before anything is asked
    names = "classification,function_calling,question_answering"
    decision = bakeoff(f"run -m fake/a,fake/b -b {names} -n 10 --decide difference --json").json["decision"]
    assert decision["planned"] == 30 and [arm["arm"] for arm in decision["arms"]] == ["fake/a", "fake/b"]


def test_repeats_of_greedy_answers_count_once(bakeoff: Bakeoff) -> None:
    once = bakeoff(f"{QA} --decide difference --json").json["decision"]
    thrice = bakeoff(f"{QA} --decide difference --repeats 3 --json").json["decision"]
    assert (once["planned"], thrice["planned"]) == (44, 44)
    assert thrice["duels"][0]["difference"]["n"] == 44


@pytest.mark.parametrize("scorer", ["judge", "judge_pairwise"])
def test_judged_scores_are_compared_by_their_means(bakeoff: Bakeoff, scorer: str) -> None:
    command = f"run -m fake/a,fake/b -b text_generation --scorer {scorer} --judge fake/j --decide difference"
    duel = bakeoff(f"{command} -n 12 --json").json["decision"]["duels"][0]
    assert (duel["only_a"], duel["e"]) == (None, None) and duel["difference"]["n"] == 12


def test_choices_by_likelihood_are_right_or_wrong(bakeoff: Bakeoff, tmp_path: Path) -> None:
    rows = "\n".join(f"q{i},yes,no,{('yes', 'no')[i % 2]}" for i in range(30))
    (tmp_path / "x.csv").write_text(f"q,a,b,answer\n{rows}\n")
    columns = "{question: q, choices: [a, b], answer: answer}"
    (tmp_path / "own.yaml").write_text(f"data: x.csv\ncolumns: {columns}\nask: likelihood\n")
    found = bakeoff("run -m fake/a,fake/b -b own.yaml --decide difference --json").json
    duel = found["decision"]["duels"][0]
    assert duel["difference"]["n"] + duel["difference"]["n_missing"] == 30
    assert duel["only_a"] is not None


# ---------------------------------------------------------------- before and after


def test_a_dry_run_shows_arms_rule_and_that_it_may_stop(far: Bakeoff) -> None:
    said = " ".join(far(f"{FAR} --guard latency=1.2 --dry-run").out.split())
    assert "# arms: 'fake/a' (baseline), 'fake/b'" in said
    assert "decided by 'difference' at alpha 0.05: looked at after every 16 of 320 samples; it may stop early" in said
    found = far(f"{FAR} --dry-run --json").json["decision"]
    assert found["looks"] == 20 and found["may_stop_early"] and found["baseline"] is None
    said = " ".join(far(f"{FAR} --ask-all --margin 3pt --dry-run").out.split())
    assert "with a margin of 3 points at alpha 0.05: tested once, when all 320 samples are asked" in said
    assert far(f"{FAR} --ask-all --dry-run --json").json["decision"]["may_stop_early"] is False
    assert far(f"{QA} --dry-run --json").json["decision"] is None
    assert far("runs --json").json == []


def test_the_contract_of_json(far: Bakeoff) -> None:
    found = far(f"{FAR} --json").json
    decision = found["decision"]
    assert found["status"] == "decided" and decision["verdict"] == "winner"
    assert decision.keys() >= {
        *("verdict", "winner", "sentence", "stop", "early", "rule", "alpha", "margin", "asked", "planned"),
        *("arms", "duels", "guards", "notes"),
    }
    assert decision["winner"] == "fake/b" and decision["early"] and decision["stop"] == "decided"
    assert found["calls"] <= 2 * (decision["asked"] + 16)
    assert decision["arms"][0].keys() == {"arm", "beaten_by", "after", "standing", "counted_wrong"}
    assert decision["arms"][0]["beaten_by"] == decision["winner"]
    assert decision["duels"][0].keys() == {
        *("a", "b", "difference", "only_a", "only_b", "e", "p", "alpha", "final", "winner", "claimed", "p_not_worse"),
    }
    assert far("run far.yaml --name plain -n 4 --json").json["decision"] is not None
    assert far("run -m fake/a -b question_answering -n 2 --json").json["decision"] is None


def test_every_command_tells_the_same_of_a_decided_run(far: Bakeoff, tmp_path: Path) -> None:
    said = far(FAR)
    assert "up to 640 trials" in said.err and "is decided" in said.err
    sentence = far("show far --json").json["decision"]["sentence"]
    assert sentence.startswith("Winner: 'fake/b', after ")
    for shown in (said.out, far("show far").out, far("decisions").out):
        assert sentence in " ".join(shown.split())
    assert said.out.count("|miss:0|") == 2
    listed = far("runs --json").json[0]
    assert listed["status"] == "decided" and listed["trials"] < listed["planned"]
    compared = far("compare far:0 far:1 --json").json
    assert compared["test"] == "anytime test" and "decision rule" in compared["looked"]
    assert len(far("export far").out.splitlines()) == listed["trials"]
    far("report far -o told")
    assert json.loads((tmp_path / "told" / "report.json").read_text())["decision"]["sentence"] == sentence


def test_an_arm_that_fell_behind_is_not_missing_its_samples(far: Bakeoff, tmp_path: Path) -> None:
    """Also where the others went on to the end."""
    models = "".join(
        f"  - {{model: fake/{name}, args: {{accuracy: {share}}}}}\n"
        for name, share in (("a", 0.1), ("b", 0.7), ("c", 0.7))
    )
    (tmp_path / "three.yaml").write_text(f"name: three\nmodels:\n{models}benchmarks: gsm8k\ndecision: difference\n")
    found = far("run three.yaml --json").json
    assert found["status"] == "complete" and found["decision"]["arms"][0]["beaten_by"]
    assert found["cells"][0]["outcomes"]["not_run"] > 0
    assert found["cells"][0]["estimate"]["n_missing"] == 0
    assert " is behind." in found["decision"]["sentence"]


def test_a_budget_ends_it_without_a_decision(far: Bakeoff) -> None:
    said = far(f"{FAR} --budget-calls 100")
    assert said.err.splitlines()[-1].endswith("resume with: bakeoff resume far")
    found = far("show far --json").json["decision"]
    assert (found["verdict"], found["winner"]) == ("stopped_by_budget", None)
    assert " of 320 samples: no difference shown yet (" in found["sentence"]
    assert found["sentence"].startswith("Stopped by the budget after ")
    assert far("resume far --json").json["decision"]["verdict"] == "winner"


def test_the_history_of_a_question(far: Bakeoff) -> None:
    said = far("decisions")
    assert said.out == "" and "no A/B tests yet; begin with: bakeoff run ... --decide difference" in said.err
    assert far("decisions --json").json == []
    far("run -m fake/a -b question_answering -n 2 --name plain -q")
    assert "run 'plain' has no decision rule" in far("decisions plain", code=2).err
    assert "no run 'nowhere'" in far("decisions nowhere", code=2).err
    far(f"{FAR} -q")
    far(f"{FAR} --name again --seed 1 -q")
    far(f"{QA} --decide difference --name other -q")
    assert [row["run"] for row in far("decisions --json").json] == ["far", "again", "other"]
    assert [row["run"] for row in far("decisions again --json").json] == ["far", "again"]
    said = far("decisions far")
    assert max(map(len, said.out.splitlines())) <= 80
    assert "winner" in said.out and " again" in said.out and "other" not in said.out


def test_asked_in_full_the_level_is_the_one_that_was_asked_for(far: Bakeoff) -> None:
    found = far(f"{FAR} --ask-all --alpha 0.01 --json").json["decision"]
    assert "99 % interval" in found["sentence"] and found["duels"][0]["difference"]["method"] == "tango99"


def test_a_margin_is_decided_when_all_is_asked(far: Bakeoff) -> None:
    found = far(f"{FAR} --ask-all --decide not_worse --margin 3pt --json").json["decision"]
    assert (found["verdict"], found["stop"]) == ("not_worse", "end")
    found = far(f"{FAR} --name same --ask-all --decide equivalent --margin 3pt --json").json["decision"]
    assert found["verdict"] == "different"
