"""Coverage: 18 combinations by arithmetic, and real replies of engines that may fail in every way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bakeoff.app import probing, wiring
from bakeoff.app.apart import Died
from bakeoff.app.coverage import DEFAULT_MODELS, NOT_COUNTED, check_names, probe, validate
from bakeoff.app.coverage_cell import Cell, Reply
from bakeoff.app.fitting import Question
from bakeoff.app.held_memory import Held, held
from bakeoff.app.probing import PROMPTS
from bakeoff.app.settings import Settings
from bakeoff.core.errors import ConfigInvalid, Unavailable, UnknownName
from bakeoff.core.protocols import Engine, EngineLimits
from bakeoff.core.specs import ModelSpec
from bakeoff.core.types import Completion, ModelIdentity, Request
from bakeoff.engines.presets import PRESETS


class Broken:
    """An engine that fails at one call, or when it is let go; `closed` says whether it was let go."""

    def __init__(self, fails_at: int | None = None, fails_to_close: bool = False, tokens: int | None = 8) -> None:
        self.identity = ModelIdentity(engine="broken", name="b", revision="", template="", settings="{}")
        self.limits = EngineLimits(max_concurrency=1)
        self.calls = 0
        self.closed = False
        self._fails_at = fails_at
        self._fails_to_close = fails_to_close
        self._tokens = tokens

    async def generate(self, request: Request) -> Completion:
        self.calls += 1
        if self.calls == self._fails_at:
            raise Unavailable("no answer", "start it") if self.calls == 1 else RuntimeError("a kernel died")
        assert request.sampling.temperature == 0
        return Completion(key=b"", text="yes", output_tokens=self._tokens)

    async def close(self) -> None:
        self.closed = True
        if self._fails_to_close:
            raise RuntimeError("it does not let go")


def _probe_of(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Cell:
    def built(spec: ModelSpec, preset: str, timeout: float, settings: Settings) -> Engine:
        return engine

    monkeypatch.setattr(wiring, "build_engine", built)
    return next(probe([ModelSpec(model="fake/a")], ["balanced"], 10, Settings.load()))


# ---------------------------------------------------------------- by arithmetic


def test_the_six_models_under_three_presets_all_pass_on_an_h100() -> None:
    cells = list(validate(DEFAULT_MODELS, PRESETS, Question()))
    assert len(cells) == 18
    assert all(cell.ok and cell.stage == "done" for cell in cells)
    assert {(cell.model, cell.preset) for cell in cells} == {(m, p) for m in DEFAULT_MODELS for p in PRESETS}
    assert [cell.size_b for cell in cells[::3]] == [8.2, 14.8, 7.61, 14.7, 7.72, 14.2]


def test_one_that_fails_leaves_the_others() -> None:
    cells = list(validate(["qwen3_14b", "smollm2-135m", "gpt-4o", "fake/a"], ["balanced"], Question(gpu="gtx1650")))
    none = (True, NOT_COUNTED)
    assert [(cell.ok, cell.stage) for cell in cells] == [(False, "fit"), (True, "done"), none, none]
    assert cells[0].said == "15.4 of 3.1 GiB; try --gpu t4"
    assert cells[2].found is None
    assert "no memory to count" in cells[2].said


def test_a_model_whose_shape_is_unknown_does_not_pass() -> None:
    cell = next(validate(["openai_compatible/somebody/else"], ["balanced"], Question()))
    assert (cell.ok, cell.stage, cell.size_b) == (False, "config", None)
    assert "unknown" in cell.said


def test_names_are_looked_at_first() -> None:
    assert check_names(["qwen3_8b"], ["memory-optimized", "balanced", "balanced"]) == ("memory_optimized", "balanced")
    with pytest.raises(UnknownName, match="did you mean 'qwen3_8b'"):
        check_names(["qwen3_8"], PRESETS)
    with pytest.raises(UnknownName, match="preset"):
        check_names(["qwen3_8b"], ["fast"])
    with pytest.raises(ConfigInvalid, match="twice"):
        check_names(["fake/a", "fake/b", "fake/a"], PRESETS)
    with pytest.raises(ConfigInvalid, match="models 'qwen3_8b' and 'qwen3-8b' are the same"):
        check_names(["qwen3_8b", "fake/a", "qwen3-8b"], PRESETS)


# ---------------------------------------------------------------- by real replies


def test_an_engine_answers_three_times_and_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Broken()
    cell = _probe_of(engine, monkeypatch)
    assert (cell.ok, cell.stage, cell.output_tokens) == (True, "done", 16)  # the first reply is the load's
    assert (engine.calls, engine.closed) == (len(PROMPTS), True)
    assert cell.first_seconds is not None
    assert cell.tokens_per_second is not None


def test_tokens_that_are_not_reported_make_no_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = _probe_of(Broken(tokens=None), monkeypatch)
    assert (cell.ok, cell.output_tokens, cell.tokens_per_second) == (True, None, None)
    assert "tokens not reported" in cell.said


@pytest.mark.parametrize(
    ("fails_at", "stage", "said"),
    [(1, "load", "no answer: start it"), (2, "generate", "RuntimeError: a kernel died")],
)
def test_an_engine_that_fails_is_let_go_all_the_same(
    fails_at: int, stage: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Broken(fails_at)
    cell = _probe_of(engine, monkeypatch)
    assert (cell.ok, cell.stage, cell.said, engine.closed) == (False, stage, said, True)


def test_an_engine_that_does_not_let_go_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = _probe_of(Broken(fails_to_close=True), monkeypatch)
    assert (cell.ok, cell.stage, cell.said) == (False, "clean-up", "RuntimeError: it does not let go")


def test_the_others_are_probed_when_one_cannot_be_built() -> None:
    named = ["fake/a", "qwen3_8b", "llama_cpp/nowhere.gguf", "fake/b"]
    cells = list(probe([ModelSpec(model=name) for name in named], ["balanced"], 10, Settings.load()))
    assert [(cell.model, cell.ok) for cell in cells] == [
        ("fake/a", True),
        ("qwen3_8b", False),
        ("llama_cpp/nowhere.gguf", False),
        ("fake/b", True),
    ]
    assert "--base-url" in cells[1].said


def test_a_probe_comes_cell_by_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    models = [ModelSpec(model=name) for name in ("fake/a", "fake/b")]
    cells: Iterator[Cell] = probe(models, ["balanced"], 10, Settings.load())
    assert next(cells).model == "fake/a"
    monkeypatch.setattr(probing, "probe_one", None)  # a defect of ours is not hidden as a failed cell
    with pytest.raises(TypeError):
        next(cells)


# ---------------------------------------------------------------- memory, and processes that die


def _held(monkeypatch: pytest.MonkeyPatch, *mebibytes: int, settle: float = 0.0) -> None:
    """What the system says that is held, reading after reading."""
    monkeypatch.setattr(probing, "SETTLE_SECONDS", settle)
    readings = iter(mebibytes)
    monkeypatch.setattr(probing, "held", lambda: Held(host=(now := next(readings) << 20), host_peak=now))


class Local(Broken):
    """One that says that it runs in this process."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = EngineLimits(max_concurrency=1, in_process=True)


def test_memory_that_is_given_back_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    _held(monkeypatch, 100, 900, 104)
    cell = _probe_of(Local(), monkeypatch)
    assert cell.ok and cell.memory is not None
    assert (cell.memory.loads, cell.memory.host_peak) == (1, 900 << 20)
    assert "host at most 900" in cell.said and "100 before, 104 after" in cell.said


def test_libraries_that_stay_after_the_first_loading_are_no_memory_of_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _held(monkeypatch, 100, 900, 400, 400, 401)
    cell = _probe_of(Local(), monkeypatch)
    assert cell.ok and cell.memory is not None and cell.memory.loads == 2


def test_memory_that_is_given_back_a_moment_later_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    _held(monkeypatch, 100, 900, 400, 400, 700, 405, settle=60)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    cell = _probe_of(Local(), monkeypatch)
    assert cell.ok and cell.memory is not None and cell.memory.host_after == 405 << 20


def test_memory_that_is_not_given_back_is_a_failure_of_clean_up(monkeypatch: pytest.MonkeyPatch) -> None:
    _held(monkeypatch, 100, 900, 400, 400, 700)
    cell = _probe_of(Local(), monkeypatch)
    assert (cell.ok, cell.stage, cell.answers) == (False, "clean-up", True)
    assert "400 before, 700 after" in cell.said


def test_a_model_that_ends_its_process_is_told_and_the_next_preset_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = iter([[("memory_optimized", Reply(0.1)), Died("its process ended by SIGSEGV")], []])

    def each(work: object, args: tuple[ModelSpec, tuple[str, ...], float, Settings]) -> Iterator[object]:
        yield from next(ended)
        if args[1] == ("balanced",):
            yield "balanced", Cell(args[0].model, "balanced", True, "done", "it answers")

    monkeypatch.setattr(probing, "runs_apart", lambda model: True)
    monkeypatch.setattr(probing, "each_apart", each)
    cells = list(probe([ModelSpec(model="fake/a")], ["memory_optimized", "balanced"], 10, Settings.load()))
    assert [(cell.preset, cell.ok, cell.stage) for cell in cells] == [
        ("memory_optimized", False, "generate"),
        ("balanced", True, "done"),
    ]
    assert "SIGSEGV" in cells[0].said


def test_replies_that_an_interrupted_probe_has_are_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Broken()
    monkeypatch.setattr(wiring, "build_engine", lambda *args: engine)
    had = [Reply(0.5, None, 8), Reply(0.25, None, 8)]
    *new, cell = probing.probe_one(ModelSpec(model="fake/a"), "balanced", 10, Settings.load(), had)
    assert (len(new), engine.calls) == (1, 1)
    assert isinstance(cell, Cell) and cell.ok and cell.first_seconds == 0.5


def test_this_process_holds_memory() -> None:
    found = held()
    assert found.host is None or found.host > 1 << 20
