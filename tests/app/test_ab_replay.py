"""What is replayed from the store is what the referee decided, wherever a run was stopped, killed or resumed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.app.contests import _referee, _tell, replayed, rule_of
from bakeoff.app.stored_values import StoredValues
from bakeoff.core.records import CellRecord, RunRecord, RunStatus
from bakeoff.core.specs import ExperimentSpec, parse_spec
from bakeoff.core.types import ModelIdentity, Outcome, Sample
from bakeoff.reports.judging import judge
from bakeoff.runner.draw import Draw
from bakeoff.runner.referee import AHEAD, Referee, Turn, common_order
from bakeoff.stats.contest import Contest
from bakeoff.store.trials import TrialRepository

Key = tuple[int, str, int]
Found = tuple[Outcome, float | None]


@dataclass
class Kept:
    """A store that holds what trials came to, and no more."""

    found: dict[Key, Found] = field(default_factory=dict)

    def values(self, cell_ids: Sequence[int]) -> Iterator[tuple[int, str, int, Outcome, float | None]]:
        for (cell, sample, repeat), (outcome, value) in self.found.items():
            if cell in cell_ids:
                yield cell, sample, repeat, outcome, value


@dataclass(frozen=True)
class Scene:
    """A run of fixed answers, whose calls end in any order."""

    spec: ExperimentSpec
    cells: list[CellRecord]
    order: list[tuple[int, str]]  # the benchmark and the id at each place
    dice: random.Random
    gaps: list[float]
    graded: bool

    @property
    def planned(self) -> int:
        return len(self.order)

    def answer(self, cell: CellRecord, sample: str, repeat: int) -> Found:
        """The same whenever it is asked."""
        dice = random.Random(f"{cell.position} {sample} {repeat}")
        kind = dice.random()
        if kind < 0.08:
            return Outcome.ERROR, None
        if kind < 0.16:
            return Outcome.TRUNCATED, None
        arm = cell.position // len(self.spec.benchmarks)
        if self.graded:
            return Outcome.CORRECT, round(min(1.0, dice.random() * 0.5 + self.gaps[arm] / 2), 3)
        right = dice.random() < self.gaps[arm]
        return (Outcome.CORRECT, 1.0) if right else (Outcome.INCORRECT, 0.0)

    def contest(self) -> Contest:
        assert self.spec.decision is not None
        return Contest(len(self.spec.models), rule_of(self.spec, self.spec.decision, self.cells))

    def execute(self, kept: Kept, stop_after: int, killed: bool = False) -> tuple[Referee, Contest, RunStatus]:
        """One execution: as many calls in flight as there are workers, which end in any order.

        The calls in flight at the end are kept, but for those of a process that was killed.
        """
        assert self.spec.decision is not None
        contest = self.contest()
        referee = _referee(self.spec, self.spec.decision, self.cells, self.planned, contest)
        _tell(
            referee,
            self.cells,
            self.spec,
            self.order,
            StoredValues((*key, *found) for key, found in kept.found.items()),
            with_errors=False,
        )
        settled = {key for key, (outcome, _) in kept.found.items() if outcome is not Outcome.ERROR}
        lanes = [
            [
                (cell, place, sample, repeat)
                for place, (which, sample) in enumerate(self.order)
                for repeat in range(self.spec.repeats)
                for cell in [self.cells[arm * len(self.spec.benchmarks) + which]]
                if (cell.id, sample, repeat) not in settled
            ]
            for arm in range(len(self.spec.models))
        ]
        flying: list[list[tuple[CellRecord, int, str, int]]] = [[] for _ in lanes]
        batch, done = self.spec.decision.batch, 0
        while not referee.over and done < stop_after:
            for lane, calls in zip(lanes, flying, strict=True):
                while lane and len(calls) < 5 and lane[0][1] // batch <= referee.looks + AHEAD:
                    owed = lane.pop(0)
                    if not referee.out(owed[0].id):
                        calls.append(owed)
            busy = [calls for calls in flying if calls]
            if not busy:
                return referee, contest, RunStatus.COMPLETE
            self._end(self.dice.choice(busy), kept, referee)
            done += 1
        if not killed:
            for calls in flying:
                while calls:
                    if self.dice.random() < 0.8:  # the others wait for another try, and stay owed
                        self._end(calls, kept, referee)
                    else:
                        calls.pop(0)
        return referee, contest, RunStatus.DECIDED if referee.decided else RunStatus.INTERRUPTED

    def _end(self, calls: list[tuple[CellRecord, int, str, int]], kept: Kept, referee: Referee) -> None:
        cell, place, sample, repeat = calls.pop(self.dice.randrange(len(calls)))
        found = self.answer(cell, sample, repeat)
        kept.found[cell.id, sample, repeat] = found
        referee.note(Turn(cell.id, place, repeat), *found)

    def replayed(self, kept: Kept, status: RunStatus, looks: int | None) -> Contest:
        run = RunRecord(1, "ab", self.spec, status, 0.0, 0.0, 0.0, "0", looks)
        return replayed(run, self.cells, cast(TrialRepository, kept))[0]

    def told(self, contest: Contest, status: RunStatus) -> object:
        """All that a verdict says."""
        return judge(contest, [f"arm {i}" for i in range(contest.arms)], status, self.planned)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    arms, repeats = draw(st.integers(2, 4)), draw(st.sampled_from([1, 1, 1, 3]))
    sizes = draw(st.lists(st.integers(1, 60), min_size=1, max_size=3))
    decision = {
        "rule": draw(st.sampled_from(["difference", "difference", "not_worse", "equivalent"])),
        "margin": draw(st.sampled_from([0.05, 0.3])),
        "alpha": draw(st.sampled_from([0.05, 0.3])),
        "batch": draw(st.sampled_from([1, 3, 8, 32])),
        "unanswered": draw(st.sampled_from(["missing", "wrong"])),
        "early": draw(st.sampled_from([True, True, False])),
    }
    models = [f"fake/{i}" for i in range(arms)]
    names = [f"set{i}" for i in range(len(sizes))]
    seed = draw(st.integers(0, 99))
    fields = {"models": models, "benchmarks": names, "repeats": repeats, "decision": decision, "seed": seed}
    spec = parse_spec(fields)
    graded = draw(st.booleans())
    kind = "graded" if graded or repeats > 1 else "binary"
    told = draw(st.sampled_from([f"set@0|test:{kind}", "set@0"]))  # older signatures do not tell the kind
    order, repeated = common(dict(zip(names, sizes, strict=True)), seed)
    cells = [
        CellRecord(
            100 + arm * len(sizes) + which, arm * len(sizes) + which, models[arm], "balanced", names[which], "naive",
            "bakeoff", ModelIdentity("fake", models[arm]), "", "", sizes[which] * repeats, told,
            repeated=repeated[which],
        )
        for arm in range(arms)
        for which in range(len(sizes))
    ]  # fmt: skip
    gaps = draw(st.lists(st.sampled_from([0.1, 0.5, 0.55, 0.9]), min_size=arms, max_size=arms))
    dice = random.Random(draw(st.integers(0, 2**32)))
    return Scene(spec, cells, order, dice, gaps, graded)


def _id(number: int) -> str:
    """Ids as files have them: some twice, some with a number of their own behind a '#'."""
    return ["plain-{}", "twice-{}", "twice-{}", "own#{}", "plain-{}#2", "twice-{}#2"][number % 6].format(number // 6)


def common(sizes: dict[str, int], seed: int) -> tuple[list[tuple[int, str]], list[tuple[str, ...]]]:
    """The common order of benchmarks of so many samples each, and the ids that each of them had to give."""
    with ExitStack() as opened:
        draws = []
        for name, size in sizes.items():
            draws.append(Draw.of([Sample(_id(i), str(i), "", "") for i in range(size)], name, seed))
            opened.callback(draws[-1].close)
        order = [(which, sample.id) for which, sample in common_order(draws)]
        return order, [draw.repeated for draw in draws]


@given(scenes())
@settings(deadline=None, max_examples=40)
def test_a_run_that_ended_is_replayed_to_its_decision(scene: Scene) -> None:
    kept = Kept()
    _, contest, status = scene.execute(kept, 10**9)
    assert status in (RunStatus.COMPLETE, RunStatus.DECIDED)
    again = scene.replayed(kept, status, None)
    assert scene.told(again, status) == scene.told(contest, status)
    assert again.out == contest.out and again.items == contest.items


@given(scenes(), st.integers(1, 200))
@settings(deadline=None, max_examples=40)
def test_an_interrupted_run_is_replayed_to_its_last_look_and_resumed_to_the_same_end(scene: Scene, stop: int) -> None:
    kept = Kept()
    referee, contest, status = scene.execute(kept, stop)
    again = scene.replayed(kept, status, referee.looks)
    assert scene.told(again, status) == scene.told(contest, status)
    _, resumed, end = scene.execute(kept, 10**9)
    _, whole, whole_end = scene.execute(Kept(), 10**9)
    assert scene.told(resumed, end) == scene.told(whole, whole_end)


@given(scenes(), st.integers(1, 200))
@settings(deadline=None, max_examples=40)
def test_a_killed_run_is_replayed_no_further_than_it_looked(scene: Scene, stop: int) -> None:
    """Nobody wrote how often it had looked: what is sure is shown, which is what it saw at an earlier look."""
    kept = Kept()
    _, contest, _ = scene.execute(kept, stop, killed=True)
    again = scene.replayed(kept, RunStatus.INTERRUPTED, None)
    assert again.items <= contest.items
    assert set(again.out) <= set(contest.out)
    assert again.items >= contest.items - (AHEAD + 1) * (scene.spec.decision.batch if scene.spec.decision else 0)
    assert not again.decided or contest.decided
