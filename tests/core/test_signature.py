"""The signature line: what is written can be read back, and means the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.signature import asked_as, decided_as, graded_test, read, recipe, sign
from bakeoff.core.specs import ExperimentSpec, parse_spec
from bakeoff.core.types import Estimate
from tests.core.test_specs import MODELS, WORDS

DIGEST = "1f2e3d4c5b6a798801f2e3d4c5b6a798"
ESTIMATE = Estimate(0.9, 0.8, 0.95, 98, 2, "wilson95")


def written(spec: ExperimentSpec) -> str:
    return recipe(spec, spec.models[0], spec.presets[0], spec.benchmarks[0], spec.methods[0], DIGEST)


def round_trip(spec: ExperimentSpec) -> None:
    line = sign(written(spec), ESTIMATE, "0.1.0")
    assert "\n" not in line
    assert "\r" not in line
    for text in (line, f"  {line}\n"):
        found, digest = read(text)
        assert digest == DIGEST[:8]
        again = parse_spec(found)
        assert again == spec
        assert written(again) == written(spec)


def one_cell(**fields: Any) -> ExperimentSpec:
    return parse_spec({"models": ["fake/a"], "benchmarks": ["gsm8k"], **fields})


def test_a_plain_line() -> None:
    spec = one_cell(methods=["few_shot:3"], limit=100, seed=7, sampling={"max_tokens": 64})
    assert sign(written(spec), ESTIMATE, "0.1.0") == (
        "gsm8k@1f2e3d4c|model:fake/a|preset:balanced|method:few_shot:3|profile:bakeoff|t:0|max:64|limit:100|seed:7"
        "|n:98|miss:2|ci:wilson95|v:0.1.0"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"methods": ["cot"]},
        {"methods": ["few_shot:5"]},
        {"presets": ["memory_optimized"]},
        {"repeats": 3},
        {"samples": "my set|of %7C"},
        {"seed": 2**63 - 1, "limit": 2**63 - 1},
        {"sampling": {"temperature": 0.1234567}},
        {"sampling": {"temperature": 1 / 3, "top_p": 0.95, "logprobs": 0}},
        {"sampling": {"max_tokens": 1_234_567}},
        {"sampling": {"stop": ["\nQuestion:", "a|b", "%0A", '"']}},
        {"models": [{"model": "a|b%c\nd\re@f:g"}]},
        {"models": [{"model": "%7C%25%0A"}]},
        {"models": [{"model": "m", "base_url": "http://[::1]:8000/v1", "api": "completions", "stream": True}]},
        {"models": [{"model": "m", "api_key_env": "MY_KEY", "args": {"x": "|", "n": 3, "f": 1.0, "b": False}}]},
        {"benchmarks": [{"benchmark": "my@bench|mark", "split": "a|b", "profile": "p%q"}]},
    ],
)
def test_comes_back(fields: dict[str, Any]) -> None:
    round_trip(one_cell(**fields))


# White space around the line is not the line's, and a plain text with commas is a list.
NAMES = WORDS.filter(lambda name: name == name.strip()).map(lambda name: [{"benchmark": name}])
CELLS = st.fixed_dictionaries(
    {"models": st.lists(MODELS, min_size=1, max_size=1), "benchmarks": NAMES},
    optional={
        "samples": WORDS,
        "seed": st.integers(0, 2**63 - 1),
        "repeats": st.integers(1, 1000),
        "sampling": st.fixed_dictionaries(
            {},
            optional={
                "temperature": st.floats(0, 5),
                "top_p": st.floats(0.001, 1),
                "max_tokens": st.integers(1, 2**62),
                "stop": st.lists(WORDS, max_size=3),
            },
        ),
    },
)


@settings(deadline=None, database=None, max_examples=50)
@given(CELLS)
def test_any_cell_comes_back(fields: dict[str, Any]) -> None:
    round_trip(parse_spec(fields))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gsm8k",
        "gsm8k@1f2e3d4c",
        "gsm8k|model:fake/a",
        "gsm8k@1f2e3d4c|model",
        "gsm8k@1f2e3d4c|model:fake/a",
        "gsm8k@1f2e3d4c|preset:balanced|method:cot|profile:bakeoff|t:0",
        "gsm8k@1f2e3d4c|model:fake/a|preset:balanced|method:cot|profile:bakeoff|t:warm",
        "gsm8k@1f2e3d4c|model:fake/a|preset:balanced|method:cot|profile:bakeoff|stop:[",
        "gsm8k@1f2e3d4c|model:fake/a|preset:balanced|method:cot|profile:bakeoff|colour:red",
    ],
)
def test_what_is_no_signature_is_the_users_error(text: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        read(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        ("difference", "difference"),
        ({"rule": "not_worse", "margin": 0.03}, '{"margin":0.03,"rule":"not_worse"}'),
        ({"batch": 8, "unanswered": "wrong"}, '{"batch":8,"rule":"difference","unanswered":"wrong"}'),
        (
            {"early": False, "guards": [{"metric": "errors", "at_most": 0.01}], "baseline": "a|b"},
            '{"baseline":"a%7Cb","early":false,"guards":[{"at_most":0.01,"metric":"errors"}],"rule":"difference"}',
        ),
    ],
)
def test_the_rule_of_an_ab_test_comes_back(decision: object, said: str) -> None:
    spec = one_cell(methods=["naive", "cot"], decision=decision)
    line = decided_as(written(spec), spec, graded=True)
    assert line == f"{written(spec)}|decision:{said}|test:graded"
    found, _ = read(sign(line, ESTIMATE, "0.1.0"))
    assert parse_spec({**found, "methods": ["naive", "cot"]}) == spec


def test_the_kind_of_a_test_is_read_and_unknown_of_older_lines() -> None:
    spec = one_cell(methods=["naive", "cot"], decision="difference")
    assert graded_test(decided_as(written(spec), spec, graded=True)) is True
    assert graded_test(decided_as(written(spec), spec, graded=False)) is False
    assert graded_test(written(spec)) is None
    assert asked_as(decided_as(written(spec), spec, graded=False)) == written(spec)
    assert "decision" not in read(sign(written(spec), ESTIMATE, "0.1.0"))[0]
    assert decided_as(written(one_cell()), one_cell(), graded=True) == written(one_cell())
