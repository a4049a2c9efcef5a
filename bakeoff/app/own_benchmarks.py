"""Benchmarks of the user's own: a YAML file, a class in a Python file, or what `bakeoff data add` keeps.

    capitals                    BAKEOFF_HOME/benchmarks/capitals.yaml
    path/to/mine.yaml           the file itself
    path/to/mine.py:Capitals    the class, run as Python: a file that somebody names is theirs to trust

A name of Bakeoff's own wins over a kept one. `mmlu:anatomy` is a part of one of Bakeoff's own.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from bakeoff.benchmarks import BENCHMARKS, GROUPS, PARTED
from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.core.hashing import text_digest
from bakeoff.core.protocols import Source

OWN_MARK = "+own."  # in a revision, before the hash of the file that says how it is asked and graded
_YAML = (".yaml", ".yml")
_NEEDED = ("samples", "shot_pool", "profile", "instruction", "answer_form")


def own_class(name: str, home: Path) -> type | None:
    """The class behind a path or a kept name; None for a name of the registry. Raises UsageError."""
    if ".py:" in name:
        return _from_python(name)
    if name.endswith(_YAML):
        return from_yaml(Path(name))
    whole, colon, part = name.partition(":")
    if colon and registered(whole):
        return _part(whole, part)
    if registered(name):
        return None
    known = kept_names(home)
    if name in known:
        return from_yaml(kept_file(name, home))
    raise UnknownName("benchmark", name, [*BENCHMARKS.names(), *known, *_parts_like(name)])


def _part(whole: str, part: str) -> type:
    """The class of a part of a benchmark. Raises UnknownName, ConfigInvalid."""
    found = BENCHMARKS.load(whole)
    if not getattr(found, "parts", ()):
        raise ConfigInvalid(f"benchmark '{whole}' has no parts, so there is no '{whole}:{part}'", f"ask '{whole}'")
    made: type = found.of_part(part)  # type: ignore[attr-defined] # what has parts is a FileBenchmark
    return made


def _parts_like(name: str) -> list[str]:
    """The parts that an unknown name may mean: `anatomy` and lm-eval's `mmlu_anatomy` are `mmlu:anatomy`."""
    return [
        f"{whole}:{part}"
        for whole in PARTED
        for part in getattr(BENCHMARKS.load(whole), "parts", ())
        if name.removeprefix(f"{whole}_") == part or name.startswith(f"{whole}_")
    ]


def registered(name: str) -> bool:
    """Whether Bakeoff or an installed package has a benchmark of that name."""
    try:
        BENCHMARKS.check(name)
    except UnknownName:
        return False
    return True


def kept_file(name: str, home: Path) -> Path:
    """Where `bakeoff data add` keeps a benchmark of that name."""
    return home / "benchmarks" / f"{name}.yaml"


def kept_names(home: Path) -> list[str]:
    """The names of the kept ones. A folder that cannot be read holds none."""
    try:
        return sorted(path.stem for path in (home / "benchmarks").glob("*.yaml"))
    except OSError:
        return []


def members(name: str, home: Path) -> list[str]:
    """The benchmarks of a group, `all` being every one that has a name here; of any other name: that name."""
    if name == "all":
        return sorted({*BENCHMARKS.names(), *kept_names(home)})
    return [*GROUPS.get(name, (name,))]


def from_yaml(path: Path) -> type:
    """The class that a YAML file declares. Raises ConfigInvalid."""
    from bakeoff.benchmarks._declaration import read_declaration
    from bakeoff.benchmarks.declared import declared_class
    from bakeoff.core.strict_yaml import parse

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigInvalid(f"the benchmark '{path}' cannot be read ({why})", "check its name") from None
    fields = parse(text, str(path), "'data:' and 'columns:' as in docs/data.md")
    found = declared_class(read_declaration(fields, path), path.parent)
    return _marked(found, text_digest(text))


def _marked(found: type, content: str) -> type:
    """The class with a revision that tells one state of its file from another: a run is not to mix two."""
    source = getattr(found, "source", None)
    if isinstance(source, Source):
        found.source = replace(source, revision=f"{source.revision}{OWN_MARK}{content[:12]}")  # type: ignore[attr-defined]
    return found


def _from_python(name: str) -> type:
    file, _, attribute = name.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise ConfigInvalid(f"there is no file '{file}'", "write it like path/to/mine.py:ClassName")
    module_name = f"bakeoff_own_{blake2b(str(path.resolve()).encode(), digest_size=6).hexdigest()}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ConfigInvalid(f"'{file}' cannot be loaded as Python", "name a .py file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        sys.modules.pop(module_name, None)
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise ConfigInvalid(f"'{file}' fails when it is loaded ({why:.200})", "correct it") from None
    own = {key: value for key, value in vars(module).items() if isinstance(value, type)}
    if attribute not in own:
        here = [key for key, value in own.items() if value.__module__ == module_name]
        raise UnknownName("class", attribute, here, see=f"the classes in {file}")
    missing = [needed for needed in _NEEDED if not hasattr(own[attribute], needed)]
    if missing:
        raise ConfigInvalid(
            f"'{name}' is no benchmark: it has no {', '.join(missing)}",
            "make it a subclass of bakeoff.benchmarks.base.FileBenchmark",
        )
    return _marked(own[attribute], text_digest(path.read_text(encoding="utf-8", errors="replace")))
