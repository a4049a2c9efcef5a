"""Campaigns with the fake engine: the gates, what is kept of them, one failure among others, and no call twice."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from bakeoff.app import campaign_report, wiring
from bakeoff.app.apart import Died, each_apart
from bakeoff.app.campaign import folder_of, planned, read_campaign, run_campaign, stored_state
from bakeoff.app.campaign_entries import entries
from bakeoff.app.campaign_evaluation import busy_seconds
from bakeoff.app.campaign_folder import CampaignFolder
from bakeoff.app.coverage_cell import Memory, cell_of
from bakeoff.app.experiments import Laboratory
from bakeoff.app.probing import PROMPTS
from bakeoff.app.settings import Settings
from bakeoff.core.campaign import CampaignState, Check
from bakeoff.core.errors import BadRequest, ConfigInvalid, RunLocked, UnknownName
from bakeoff.core.types import Completion, Request
from bakeoff.engines.fake import Fake
from tests.app.dying import die

SPEC = """
name: night
models: [fake/a, fake/b]
benchmarks: [question_answering, classification]
limit: 6
criteria: {tokens_per_second: 0.001}
scaling: {sizes: {fake/a: 8, fake/b: 14}}
formats: [md]
"""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each model was asked each thing."""
    seen: Counter[str] = Counter()
    answer = Fake.generate

    async def counted(self: Fake, request: Request) -> Completion:
        seen[f"{self.identity.name}: {request.messages}"] += 1
        return await answer(self, request)

    monkeypatch.setattr(Fake, "generate", counted)
    return seen


@pytest.fixture
def laboratory() -> Iterator[Laboratory]:
    opened = Laboratory(Settings.load())
    yield opened
    opened.close()


@pytest.fixture
def unstudied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gate 4 without its resampling, for tests of something else."""
    monkeypatch.setattr(campaign_report, "scaling", lambda work: [Check("study", "", "pass")])
    monkeypatch.setattr(campaign_report, "study_of", lambda work: (None, "left out"))


def written(tmp_path: Path, text: str = SPEC) -> Path:
    path = tmp_path / "night.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def run(path: Path, laboratory: Laboratory, retry: bool = False) -> CampaignState:
    spec = read_campaign(path)
    return run_campaign(spec, folder_of(path, spec), laboratory, lambda line: None, retry)


def verdicts(state: CampaignState, number: int) -> dict[str, str]:
    return {f"{check.criterion} {check.subject}".strip(): check.verdict for check in state.gate(number).checks}


def document(tmp_path: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "campaign-night" / name).read_text(encoding="utf-8"))
    return found


def test_five_gates_pass_and_a_rerun_makes_no_call_and_changes_no_byte(
    tmp_path: Path, laboratory: Laboratory, calls: Counter[str]
) -> None:
    path = written(tmp_path)
    state = run(path, laboratory)
    assert [gate.status for gate in state.gates] == ["passed"] * 5, [gate.failures for gate in state.gates]
    assert calls.total() == 2 * 3 + 2 * 12
    assert max(calls.values()) == 1
    before = {file: file.read_bytes() for file in (tmp_path / "campaign-night").rglob("*") if file.is_file()}
    assert run(path, laboratory) == state
    assert calls.total() == 30
    assert {file: file.read_bytes() for file in before} == before


def test_ctrl_c_does_after_a_campaign_what_it_did_before(
    tmp_path: Path, laboratory: Laboratory, unstudied: None
) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    run(written(tmp_path), laboratory)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_the_documents_say_what_the_store_says(tmp_path: Path, laboratory: Laboratory) -> None:
    run(written(tmp_path, SPEC.replace("[md]", "[md, html]")), laboratory)
    summary = document(tmp_path, "comprehensive_summary.json")
    assert [one["criterion"] for one in summary["criteria"]] == [
        "all_models_evaluated",
        "all_combinations_valid",
        "tokens_per_second",
        "memory_share",
        "failure_rate",
    ]
    assert [one["verdict"] for one in summary["criteria"]] == ["pass", "pass", "pass", "not measured", "pass"]
    assert [model["whole"] for model in summary["models"]] == [True, True]
    matrix = document(tmp_path, "performance_matrix.json")
    assert {row["model"]: sorted(row["benchmarks"]) for row in matrix["rows"]} == {
        name: ["classification · naive", "question_answering · naive"] for name in ("fake/a", "fake/b")
    }
    insights = document(tmp_path, "scaling_insights.json")
    assert [one["size_b"] for one in insights["insights"]["models"]] == [8, 14]
    report = (tmp_path / "campaign-night" / "report.md").read_text(encoding="utf-8")
    assert "## Criteria of success" in report and "output tokens a second" in report
    page = (tmp_path / "campaign-night" / "report.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page and "<svg" in page
    assert entries(laboratory.settings.home)[0]["campaign"] == "night"


def test_files_that_are_gone_fail_their_gate_and_are_written_again_without_a_call(
    tmp_path: Path, laboratory: Laboratory, calls: Counter[str]
) -> None:
    path = written(tmp_path)
    state, asked = run(path, laboratory), calls.total()
    folder = tmp_path / "campaign-night"
    for gate, name in ((5, "report.md"), (5, "comprehensive_summary.json"), (4, "scaling/scaling.md")):
        before = (folder / name).read_bytes()
        (folder / name).unlink()
        found = stored_state(folder, read_campaign(path)).gate(gate)
        assert (found.status, [check.subject for check in found.failures]) == ("failed", [name])
        assert [one.status for one in run(path, laboratory).gates] == ["passed"] * 5
        assert (folder / name).read_bytes() == before
    assert stored_state(folder, read_campaign(path)).gate(5).checks == state.gate(5).checks
    (folder / "report.md").unlink()
    assert run(path, laboratory, retry=True).gate(5).checks == state.gate(5).checks
    assert calls.total() == asked


@pytest.mark.usefixtures("unstudied")
def test_every_document_tells_of_all_five_gates(tmp_path: Path, laboratory: Laboratory) -> None:
    state = run(written(tmp_path), laboratory)
    summary, entry = document(tmp_path, "comprehensive_summary.json"), document(tmp_path, "tracker_entry.json")
    report = (tmp_path / "campaign-night" / "report.md").read_text(encoding="utf-8")
    (listed,) = entries(laboratory.settings.home)
    assert {one["verdict"] for one in (summary, entry, listed)} == {"5 of 5 gates passed."}
    assert "5 of 5 gates passed." in report
    assert [(gate["gate"], gate["status"]) for gate in listed["gates"]] == [(n, "passed") for n in range(1, 6)]
    told = [(one["criterion"], one["subject"] or "", one["verdict"]) for one in summary["gates"][4]["checks"]]
    assert told == [(one.criterion, one.subject, one.verdict) for one in state.gate(5).checks]


@pytest.mark.usefixtures("unstudied")
def test_one_model_that_cannot_be_loaded_loses_nothing_of_the_others(tmp_path: Path, laboratory: Laboratory) -> None:
    pytest.importorskip("xllamacpp")
    path = written(tmp_path, SPEC.replace("fake/b]", "llama_cpp/nowhere.gguf, fake/b]"))
    state = run(path, laboratory)
    assert [gate.status for gate in state.gates] == ["passed", "failed", "failed", "passed", "passed"]
    assert verdicts(state, 2)["combination llama_cpp/nowhere.gguf · balanced"] == "fail"
    assert verdicts(state, 2)["memory_share llama_cpp/nowhere.gguf · balanced"] == "not measured"
    third = verdicts(state, 3)
    assert (third["evaluated fake/a"], third["evaluated fake/b"]) == ("pass", "pass")
    assert (third["evaluated llama_cpp/nowhere.gguf"], third["all_models_evaluated"]) == ("fail", "fail")
    why = {model["model"]: model["why"] for model in document(tmp_path, "comprehensive_summary.json")["models"]}
    assert "nowhere.gguf" in why["llama_cpp/nowhere.gguf"] and why["fake/a"] is None


@pytest.mark.usefixtures("unstudied")
def test_a_failed_gate_stops_where_that_is_the_policy_and_is_gone_through_again(
    tmp_path: Path, laboratory: Laboratory, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, SPEC + "on_failure: stop\n")
    good = wiring.build_engine

    def broken(spec: Any, *rest: Any) -> Any:
        if spec.model == "fake/b":
            raise ConfigInvalid("its file is damaged", "fetch it again")
        return good(spec, *rest)

    monkeypatch.setattr(wiring, "build_engine", broken)
    state = run(path, laboratory)
    assert [gate.status for gate in state.gates] == ["passed", "failed", "waiting", "waiting", "waiting"]
    assert calls.total() == 3
    monkeypatch.setattr(wiring, "build_engine", good)
    state = run(path, laboratory)
    assert [gate.status for gate in state.gates] == ["passed"] * 5
    assert max(calls.values()) == 1, "what passed is not asked again"


def test_retry_begins_with_the_first_gate_that_failed(
    tmp_path: Path, laboratory: Laboratory, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path)
    real = campaign_report.study_of
    monkeypatch.setattr(campaign_report, "study_of", lambda work: (None, "no"))
    assert run(path, laboratory).gate(4).status == "failed"
    monkeypatch.setattr(campaign_report, "study_of", real)
    assert run(path, laboratory).gate(4).status == "failed", "a finished campaign stays as it is"
    state = run(path, laboratory, retry=True)
    assert [gate.status for gate in state.gates] == ["passed"] * 5
    assert max(calls.values()) == 1


@pytest.mark.usefixtures("unstudied")
def test_a_changed_campaign_asks_only_what_is_new(tmp_path: Path, laboratory: Laboratory, calls: Counter[str]) -> None:
    run(written(tmp_path), laboratory)
    state = run(written(tmp_path, SPEC.replace("limit: 6", "limit: 8")), laboratory)
    assert all(gate.ended for gate in state.gates)
    assert calls.total() == 2 * 3 + 2 * 16
    assert max(calls.values()) == 1


@pytest.mark.usefixtures("unstudied")
def test_data_that_are_not_there_fail_the_first_gate_and_the_others_are_asked(
    tmp_path: Path, laboratory: Laboratory
) -> None:
    state = run(written(tmp_path, SPEC.replace("classification]", "gsm8k]")), laboratory)
    assert verdicts(state, 1)["data gsm8k"] == "fail"
    assert verdicts(state, 1)["data question_answering"] == "pass"
    assert verdicts(state, 3)["evaluated fake/a"] == "pass"


def test_with_nothing_to_ask_every_gate_says_so_and_the_report_is_written(
    tmp_path: Path, laboratory: Laboratory
) -> None:
    text = SPEC.replace("[question_answering, classification]", "gsm8k")
    state = run(written(tmp_path, text), laboratory)
    assert [gate.status for gate in state.gates] == ["failed", "passed", "failed", "failed", "passed"]
    assert "no data" in state.gate(3).failures[0].why or "gsm8k" in state.gate(3).failures[0].why


@pytest.mark.usefixtures("unstudied")
def test_failures_of_the_engine_count_against_their_bound(
    tmp_path: Path, laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Fake.generate

    async def fails(self: Fake, request: Request) -> Completion:
        if self.identity.name == "b" and request.messages[-1].content not in PROMPTS:
            raise BadRequest("the endpoint refuses this")
        return await answer(self, request)

    monkeypatch.setattr(Fake, "generate", fails)
    state = run(written(tmp_path), laboratory)
    found = {check.subject: check for check in state.gate(3).checks if check.criterion == "failure_rate"}
    assert (found["fake/a"].verdict, found["fake/a"].value) == ("pass", 0)
    assert (found["fake/b"].verdict, found["fake/b"].value) == ("fail", 1)
    speed = {check.subject: check.verdict for check in state.gate(3).checks if check.criterion == "tokens_per_second"}
    assert speed == {"fake/a": "pass", "fake/b": "not measured"}


@pytest.mark.usefixtures("unstudied")
def test_a_device_too_small_is_told_by_arithmetic_before_anything_is_loaded(
    tmp_path: Path, laboratory: Laboratory
) -> None:
    text = SPEC.replace("fake/b]", "qwen3_14b]").replace("scaling: {sizes: {fake/a: 8, fake/b: 14}}", "gpu: gtx1650")
    text = text.replace(
        "models: [fake/a, qwen3_14b]", "models: [fake/a, {model: qwen3_14b, base_url: 'http://127.0.0.1:9/v1'}]"
    )
    state = run(written(tmp_path, text), laboratory)
    failed = next(c for c in state.gate(2).checks if c.subject == "qwen3_14b · balanced")
    assert (failed.value, failed.verdict) == ("fit", "fail")


def test_one_process_at_a_time(tmp_path: Path, laboratory: Laboratory) -> None:
    path = written(tmp_path)
    spec = read_campaign(path)
    with CampaignFolder.open(folder_of(path, spec)), pytest.raises(RunLocked, match="another process"):
        run(path, laboratory)


@pytest.mark.usefixtures("unstudied")
def test_campaigns_of_one_name_in_two_folders_are_both_listed(tmp_path: Path, laboratory: Laboratory) -> None:
    spec, home = read_campaign(written(tmp_path)), laboratory.settings.home
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        run_campaign(spec, folder, laboratory, lambda line: None)
    assert sorted(one["folder"] for one in entries(home)) == [str(folder) for folder in folders]
    kept, by_name = entries(home)[0], home / "campaigns" / "night.json"  # as an entry was once named
    by_name.write_text(json.dumps({**kept, "verdict": "older"}), encoding="utf-8")
    assert [one["verdict"] for one in entries(home)] == ["5 of 5 gates passed."] * 2
    by_name.write_text(json.dumps({**kept, "folder": "/elsewhere"}), encoding="utf-8")
    assert sorted(one["folder"] for one in entries(home)) == sorted(["/elsewhere", *map(str, folders)])


@pytest.mark.usefixtures("unstudied")
def test_the_folder_of_another_campaign_is_refused_and_left_as_it_is(tmp_path: Path, laboratory: Laboratory) -> None:
    folder = tmp_path / "campaign-night"
    run(written(tmp_path), laboratory)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    other = read_campaign(written(tmp_path, SPEC.replace("name: night", "name: day")))
    with pytest.raises(ConfigInvalid, match="is the folder of campaign 'night', and this is 'day'"):
        run_campaign(other, folder, laboratory, lambda line: None)
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_a_name_mistyped_is_no_failed_model(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="fake"):
        read_campaign(written(tmp_path, SPEC.replace("[fake/a", "[fak/a").replace("fake/a: 8, ", "")))
    with pytest.raises(UnknownName, match="did you mean 'classification'"):
        read_campaign(written(tmp_path, SPEC.replace("classification]", "classificaton]")))
    with pytest.raises(UnknownName, match="profile"):
        read_campaign(written(tmp_path, SPEC.replace("classification]", "{benchmark: gsm8k, profile: nowhere}]")))
    with pytest.raises(ConfigInvalid, match="cannot be read"):
        read_campaign(tmp_path / "nowhere.yaml")


@pytest.mark.usefixtures("unstudied")
def test_the_state_of_another_spec_is_none(tmp_path: Path, laboratory: Laboratory) -> None:
    path = written(tmp_path)
    run(path, laboratory)
    spec = read_campaign(written(tmp_path, SPEC.replace("0.001", "0.002")))
    assert stored_state(folder_of(path, spec), spec).next_gate("continue") == 1


def test_a_plan_counts_calls_and_tells_who_cannot_be_prepared(tmp_path: Path, laboratory: Laboratory) -> None:
    spec = read_campaign(written(tmp_path, SPEC.replace("fake/b]", "qwen3-8b, fake/b]")))
    plan: Any = planned(spec, laboratory)
    assert [model["coverage_calls"] for model in plan["models"]] == [3, 3, 3]
    assert plan["expected"]["calls"] == 24
    assert "endpoint" in plan["models"][1]["why"]


def test_a_plan_counts_what_can_be_asked_where_data_are_missing(tmp_path: Path, laboratory: Laboratory) -> None:
    plan: Any = planned(read_campaign(written(tmp_path, SPEC.replace("classification]", "gsm8k]"))), laboratory)
    assert plan["expected"]["calls"] == 12
    assert [*plan["lacking"]] == ["gsm8k"]
    alone = SPEC.replace("[question_answering, classification]", "gsm8k")
    plan = planned(read_campaign(written(tmp_path, alone)), laboratory)
    assert plan["expected"]["calls"] == 0
    assert all("gsm8k" in model["why"] for model in plan["models"])


def test_busy_time_is_counted_once() -> None:
    assert busy_seconds([(0, 2), (1, 3), (5, 6)]) == 4
    assert busy_seconds([(1, 2), (0, 9)]) == 9
    assert busy_seconds([]) == 0


def test_memory_is_given_back_within_a_twentieth() -> None:
    assert Memory(host_before=1000 << 20, host_after=1049 << 20).given_back is True
    assert Memory(host_before=1000 << 20, host_after=1051 << 20).given_back is False
    assert Memory(device_before=0, device_after=1 << 20).given_back is False
    assert Memory().given_back is None
    assert Memory(host_peak=3, host_total=4, device_peak=1, device_total=2).share == 0.5


def test_what_coverage_found_is_read_back() -> None:
    fields = {"model": "a", "preset": "balanced", "ok": True, "stage": "done", "said": "", "memory": {"loads": 2}}
    cell = cell_of(fields)
    assert cell.memory == Memory(loads=2) and cell_of(cell.json()) == cell


def test_ctrl_c_says_that_work_apart_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    going = each_apart(die, ("",))
    assert isinstance(going, Generator) and next(going) == 1
    with pytest.raises(KeyboardInterrupt):
        going.throw(KeyboardInterrupt)
    assert capsys.readouterr().err.count("Ctrl-C again ends at once") == 1


@pytest.mark.parametrize(
    ("how", "last"),
    [("", 2), ("exit", Died("its process ended with exit code 7")), ("signal", "SIGKILL")],
)
def test_work_apart_may_die(how: str, last: object) -> None:
    found = list(each_apart(die, (how,)))
    assert found[0] == 1
    assert found[-1] == last or "SIGKILL" in found[-1].said
