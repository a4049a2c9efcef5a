"""What a scorer is given: an unknown option and a value of another kind are told by name."""

from __future__ import annotations

import pytest

from bakeoff.app.wiring import build_scorer
from bakeoff.core.errors import ConfigInvalid


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("regex", {"patern": "a"}, "scorer 'regex' has no option 'patern': did you mean 'pattern'?"),
        ("label", {"colour": 1}, "scorer 'label' has no option 'colour': it takes none: leave --scorer-args out"),
        ("contains", {"words": True, "qqq": 1}, "has no option 'qqq': known: words, every, ignore_case"),
        ("contains", {"every": "maybe"}, "option 'every' of scorer 'contains' cannot be 'maybe': true or false"),
        ("chrf", {"against": "none"}, "cannot be 'none': one of "),
        ("similarity", {"modle": "x"}, "has no option 'modle': did you mean 'model'?"),
    ],
)
def test_it_is_told_in_one_line(name: str, given: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        build_scorer(name, given)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_what_it_takes_is_taken() -> None:
    build_scorer("regex", {"pattern": "a", "ignore_case": True})
