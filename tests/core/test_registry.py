"""The tables of the families, and third parties who join through entry points."""

from __future__ import annotations

import importlib
import inspect
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._files import DataHome
from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.core.registry import Registry
from bakeoff.engines import ENGINES
from bakeoff.methods import METHODS
from bakeoff.scorers import SCORERS
from bakeoff.tools import TOOLS

FAMILIES = {"engine": ENGINES, "benchmark": BENCHMARKS, "method": METHODS, "scorer": SCORERS, "tool": TOOLS}
ENTRIES = [(kind, name) for kind, registry in FAMILIES.items() for name in registry.names()]
LICENCES = ("Apache-2.0", "MIT", "CC BY", "BSD", "Licence: ours", "none stated")


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
class TestTables:
    def test_the_target_exists_in_the_file_of_that_name(self, kind: str, name: str) -> None:
        registry = FAMILIES[kind]
        module = registry.targets()[name].partition(":")[0]
        assert module == f"bakeoff.{kind}s.{name}"
        assert inspect.isclass(registry.load(name))

    def test_its_docstring_says_what_it_is(self, kind: str, name: str) -> None:
        module = importlib.import_module(FAMILIES[kind].targets()[name].partition(":")[0])
        first, *rest = (module.__doc__ or "").strip().split("\n\n")
        text = " ".join([first, *rest]).replace("\n", " ")
        assert len(text) >= 100
        assert len(first.split()) >= 5
        assert "." in first
        if kind in ("benchmark", "scorer"):
            assert any(licence in text for licence in LICENCES), "the docstring names no licence"

    def test_it_goes_by_the_name_of_its_file(self, kind: str, name: str) -> None:
        found = FAMILIES[kind].load(name)
        assert getattr(found, "name", name) == name


@pytest.mark.parametrize("name", BENCHMARKS.names())
def test_a_benchmark_states_its_source(name: str) -> None:
    benchmark = BENCHMARKS.load(name)(DataHome(None, Path("nowhere"), offline=True))
    source = benchmark.source
    assert source.url.startswith("https://")
    assert source.revision
    assert source.licence in (importlib.import_module(type(benchmark).__module__).__doc__ or "")
    profile = benchmark.profile("bakeoff")
    SCORERS.check(profile.scorer)
    assert benchmark.default_split in benchmark.files
    assert benchmark.max_tokens > 0
    assert benchmark.answer_form()
    with pytest.raises(UnknownName, match="did you mean 'bakeoff'"):
        benchmark.profile("bakeof")


@pytest.mark.parametrize("kind", FAMILIES)
def test_no_module_of_a_family_is_left_out_of_its_table(kind: str) -> None:
    folder = Path(inspect.getfile(importlib.import_module(f"bakeoff.{kind}s"))).parent
    written = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    # what is known of models and devices
    written -= {"catalogue", "architecture", "memory", "presets", "optimisations", "folder_shape"}
    written -= {"base", "declared"}  # what users' own benchmarks are made of
    assert written <= set(FAMILIES[kind].names())


class TestNames:
    def test_an_unknown_one_suggests_the_nearest(self) -> None:
        with pytest.raises(UnknownName, match=r"unknown method 'niave': did you mean 'naive'\?"):
            METHODS.load("niave")
        with pytest.raises(UnknownName, match="unknown benchmark 'gsm9k'"):
            BENCHMARKS.check("gsm9k")

    def test_listing_and_checking_import_nothing(self) -> None:
        registry = Registry("method", {"ghost": "there_is_no_such_module:Ghost"})
        registry.check("ghost")
        assert registry.names() == ["ghost"]
        assert "there_is_no_such_module" not in sys.modules

    @pytest.mark.parametrize("target", ["bakeoff.methods.naive:Nobody", "bakeoff.methods.naive:annotations"])
    def test_a_target_that_is_no_class_is_the_users_error(self, target: str) -> None:
        with pytest.raises(ConfigInvalid, match="there is no class"):
            Registry("method", {"x": target}).load("x")

    def test_a_target_that_cannot_be_imported_is_the_users_error(self) -> None:
        with pytest.raises(
            ConfigInvalid, match=r"method 'ghost' cannot be imported from 'there_is_no_such_module:Ghost'"
        ):
            Registry("method", {"ghost": "there_is_no_such_module:Ghost"}).load("ghost")


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution that adds a method of its own, and claims a name of ours."""
    (tmp_path / "theirs.py").write_text('"""A method of a third party."""\n\n\nclass Theirs:\n    name = "theirs"\n')
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[bakeoff.methods]\ntheirs = theirs:Theirs\nnaive = theirs:Theirs\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "theirs", raising=False)
    return tmp_path


@pytest.mark.usefixtures("third_party")
class TestEntryPoints:
    def test_a_third_party_joins_the_table(self) -> None:
        assert {point.name for point in entry_points(group="bakeoff.methods")} == {"theirs", "naive"}
        assert "theirs" in METHODS.names()
        METHODS.check("theirs")
        assert METHODS.load("theirs").__module__ == "theirs"

    def test_it_joins_its_own_family_alone(self) -> None:
        assert "theirs" not in SCORERS.names()
        with pytest.raises(UnknownName):
            SCORERS.load("theirs")

    def test_our_own_names_stay_ours(self) -> None:
        assert METHODS.targets()["naive"] == "bakeoff.methods.naive:Naive"
        assert METHODS.load("naive").__module__ == "bakeoff.methods.naive"
