"""Recorded answers in random orders: does an early stop find what all items say, and how much does it save?"""

from __future__ import annotations

import gzip
import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from bakeoff.stats.sequential import terminal
from bench.replay import Recording, race, recordings, replay, replays
from bench.terminal import plain


def recording(n: int = 400, seed: int = 1, **accuracies: float) -> Recording:
    rng = np.random.default_rng(seed)
    return Recording("made up", {name: rng.random(n) < accuracy for name, accuracy in accuracies.items()})


class TestReplay:
    def test_a_clear_difference_is_found_early(self) -> None:
        run = replay(recording(weak=0.3, strong=0.7), "weak", "strong", orders=50)
        assert (run.n, run.early, run.late, run.wrong) == (400, 1, 0, 0)
        assert run.delta == pytest.approx(0.4, abs=0.1)
        assert run.saved == 1 - run.items / 400 > 0.8

    def test_the_other_way_round(self) -> None:
        there = replay(recording(weak=0.3, strong=0.7), "weak", "strong", orders=20)
        back = replay(recording(weak=0.3, strong=0.7), "strong", "weak", orders=20)
        assert (back.items, back.wrong, back.delta) == (there.items, there.wrong, -there.delta)

    def test_the_same_answers_run_to_the_end(self) -> None:
        same = recording(one=0.5)
        run = replay(Recording("same", {"one": same.right["one"], "two": same.right["one"]}), "one", "two", orders=5)
        assert (run.items, run.saved, run.early, run.late, run.wrong) == (400, 0, 0, 0, 0)

    def test_the_same_seed_gives_the_same_numbers(self) -> None:
        pair = recording(weak=0.4, strong=0.6)
        runs = [replay(pair, "weak", "strong", orders=20, seed=seed) for seed in (3, 3, 4)]
        assert runs[0] == runs[1] != runs[2]

    def test_a_race(self) -> None:
        raced = race(recording(a=0.2, b=0.4, c=0.7), races=10)
        assert (raced.best, raced.left) == (1, 1)
        assert raced.answers < 0.5

    def test_reads_what_is_there_and_nothing_else(self, tmp_path: Path) -> None:
        assert list(recordings(tmp_path)) == []
        (tmp_path / "gsm8k").mkdir()
        rows = [{"question": "?", "x": {"is_correct": True}, "y": {"is_correct": i % 2 == 0}} for i in range(3)]
        with gzip.open(tmp_path / "gsm8k" / "example_model_solutions.jsonl.gz", "wt") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        place = tmp_path / "routellm" / "mmlu" / "responses"
        place.mkdir(parents=True)
        place.joinpath("mmlu_x.csv").write_text("prompt,org/m,gpt,gpt_response\n?,True,False,A\n?,False,False,B\n")
        first, second = recordings(tmp_path)
        assert {name: right.tolist() for name, right in first.right.items()} == {
            "x": [True, True, True],
            "y": [True, False, True],
        }
        assert {name: right.tolist() for name, right in second.right.items()} == {
            "m": [True, False],
            "gpt": [False, False],
        }

    def test_without_data_it_says_so(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        replays(tmp_path)
        assert "nothing to replay" in capsys.readouterr().out

    def test_real_answers(self, real_data: Path) -> None:
        """STATISTICS.md, acceptance target 4: at least 85 % saved where the difference is 13 points or more."""
        found = {recording.name: recording for recording in recordings(real_data)}
        if "gsm8k" not in found:
            pytest.skip("no recorded answers to gsm8k")
        runs = [replay(found["gsm8k"], a, b, orders=300) for a, b in combinations(found["gsm8k"].right, 2)]
        clear = [run for run in runs if abs(run.delta) >= 0.13]
        assert len(clear) == 4
        assert all(run.saved >= 0.85 for run in clear)
        assert max(run.wrong for run in runs) <= 0.01


@pytest.mark.parametrize(("n", "alpha", "a"), [(150, 0.05, 5.0), (90, 0.2, 1.0)])
def test_the_plain_loop_gives_the_same_table(n: int, alpha: float, a: float) -> None:
    ours, loop = terminal(n, alpha, a), plain(n, alpha, a)
    for m in range(1, n + 1):
        # Where nothing is left to reject, either may name any number beyond reach.
        reach = 2 * (ours.stops[m] - 1) - m
        assert min(ours.critical[m], reach + 1) == min(loop[m], reach + 1)
