"""How the name of a method becomes a method: shots, options, and what is plugged into it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType

import pytest

from bakeoff.app import wiring
from bakeoff.app.settings import Settings
from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.core.options import Option
from bakeoff.core.protocols import MethodConfig
from bakeoff.core.specs import MethodSpec, method_of
from bakeoff.methods import METHODS


@dataclass
class Reader:
    """A method that needs something to read in."""

    config: MethodConfig

    name = "reader"
    needs = ("retriever",)
    OPTIONS = {"top_k": Option(5, "passages", low=1, high=50)}


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("a_reader")
    module.Reader = Reader  # type: ignore[attr-defined]  # a module made here has no attributes that are known
    module.find = lambda options, settings: f"a base with {options['top_k']}"  # type: ignore[attr-defined]  # as above
    monkeypatch.setitem(sys.modules, "a_reader", module)
    monkeypatch.setitem(METHODS._table, "reader", "a_reader:Reader")


@pytest.mark.usefixtures("reader")
class TestNeeds:
    def test_a_part_is_made_of_the_options_and_plugged_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(wiring.PARTS, "retriever", "a_reader:find")
        method = wiring.build_method(method_of("reader:top_k=3"), settings=Settings.load())
        assert isinstance(method, Reader)
        assert method.config.options == {"top_k": 3}
        assert method.config.retriever == "a base with 3"  # type: ignore[comparison-overlap]  # a stand-in

    def test_a_part_that_nobody_provides_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(wiring.PARTS, "retriever", raising=False)
        with pytest.raises(ConfigInvalid, match="method 'reader' needs 'retriever', which nothing here provides"):
            wiring.build_method(MethodSpec(method="reader"), settings=Settings.load())

    def test_to_grade_nothing_is_plugged_in(self) -> None:
        method = wiring.build_method(MethodSpec(method="reader"))
        assert isinstance(method, Reader) and method.config.retriever is None
        assert method.config.options == {"top_k": 5}


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("naive:3", "method 'naive' takes no shots"),
        ("cot:votes=3", "method 'cot' has no option 'votes'"),
        ("few_shot:3,votes=3", "method 'few_shot' has no option 'votes'"),
    ],
)
def test_what_a_method_does_not_take_is_refused(label: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        wiring.build_method(method_of(label))


def test_an_unknown_method_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'naive'"):
        wiring.build_method(method_of("niave:votes=3"))
