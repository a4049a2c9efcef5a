"""Which combinations an ablation asks."""

from __future__ import annotations

import pytest

from bakeoff.app.ablating import varied
from bakeoff.core.errors import ConfigInvalid


@pytest.mark.parametrize(
    ("methods", "vary", "labels"),
    [
        (["naive", "cot"], [], ["naive", "cot"]),
        (
            ["naive", "self_consistency"],
            ["self_consistency:votes=3,5"],
            ["naive", "self_consistency:votes=3", "self_consistency:votes=5"],
        ),
        (
            ["self_consistency:weighted=true"],
            ["self_consistency:votes=3,5", "self_consistency:shots=1,2"],
            [
                "self_consistency:1,votes=3,weighted=true",
                "self_consistency:2,votes=3,weighted=true",
                "self_consistency:1,votes=5,weighted=true",
                "self_consistency:2,votes=5,weighted=true",
            ],
        ),
        (["self_consistency:4,votes=9"], ["self_consistency:votes=3,5"], [
            "self_consistency:4,votes=3", "self_consistency:4,votes=5",
        ]),
        (["few_shot:9"], ["few_shot:shots=1,3"], ["few_shot:1", "few_shot:3"]),
    ],
)  # fmt: skip
def test_every_combination_stands_in_the_place_of_its_method(
    methods: list[str], vary: list[str], labels: list[str]
) -> None:
    assert varied(methods, vary) == labels


@pytest.mark.parametrize(
    ("methods", "vary", "said"),
    [
        (["naive"], [], "2 combinations or more, and this is one"),
        (["naive", "cot"], ["self_consistency:votes=3,5"], "varies a method that is not asked"),
        (["cot"], ["cot:votes=3"], "names no option with two values"),
        (["cot"], ["cot"], "names no option with two values"),
        (["cot"], ["cot:votes=3,3"], "lists a value twice"),
        (["cot"], ["cot:votes=3,4", "cot:votes=5,6"], "is varied twice"),
        (
            ["cot"],
            [f"cot:{key}={','.join(map(str, range(11)))}" for key in "ab"],
            "121 combinations are more than 100",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(methods: list[str], vary: list[str], said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        varied(methods, vary)
