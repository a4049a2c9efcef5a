"""A tool of the user's own: a function in a Python file, `path/to/file.py:name`.

Its arguments are those of the signature, with the types that are written there; its description is the docstring.
It may be async. It runs in this process, as the user's own code, in a thread that is left behind when its time is
up. A class with name, description, schema and execute (core.tools.Tool) is taken as it is.

    def weather(city: str, days: int = 1) -> str:
        "The weather of the next days."
        return f"{city}: rain"
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import sys
import threading
import types
import typing
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import orjson

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import text_digest
from bakeoff.core.tools import Tool
from bakeoff.core.types import Json
from bakeoff.tools._bounded import BoundedTool, ToolFailed

SECONDS = 30.0
MOST_LEFT_BEHIND = 16
_TYPES: dict[object, str] = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array"}
_MEMBERS = ("name", "description", "schema", "identity", "steady", "execute")


def load(named: str) -> Tool:
    """The tool behind `path/to/file.py:name`. Raises ConfigInvalid."""
    path, _, wanted = named.rpartition(":")
    place = Path(path).expanduser()
    if not place.is_file():
        raise ConfigInvalid(f"no file '{path}' for the tool '{named}'", "check the path")
    module = _imported(place)
    found = getattr(module, wanted, None)
    if isinstance(found, type):
        return _made(found, named)
    if not callable(found):
        own = [one for one in vars(module).values() if inspect.isfunction(one) and one.__module__ == module.__name__]
        functions = [one.__name__ for one in own if one.__name__[:1] != "_"]
        raise ConfigInvalid(f"'{place.name}' has no function '{wanted}'", f"it has: {', '.join(functions) or 'none'}")
    return FunctionTool(found, wanted, text_digest(place.read_text(encoding="utf-8", errors="replace")))


def _imported(place: Path) -> types.ModuleType:
    name = f"bakeoff_tool_{text_digest(str(place.resolve()))}"
    spec = importlib.util.spec_from_file_location(name, place)
    if spec is None or spec.loader is None:
        raise ConfigInvalid(f"'{place}' is no Python file", "name a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and annotations look it up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ConfigInvalid(
            f"the tool's file '{place}' cannot be loaded ({type(error).__name__}: {error})", "correct the file"
        ) from error
    return module


def _made(cls: type, named: str) -> Tool:
    try:
        tool: Tool = cls()
    except (Exception, SystemExit) as error:
        raise ConfigInvalid(
            f"the tool '{named}' cannot be made ({type(error).__name__}: {error})", "correct it"
        ) from error
    lacking = [member for member in _MEMBERS if not hasattr(tool, member)]
    if lacking:
        raise ConfigInvalid(f"the class '{named}' is no tool: it has no '{lacking[0]}'", "see docs/agent.md")
    return tool


class FunctionTool(BoundedTool):
    """A function as a Tool. Not steady: who knows what it does."""

    steady = False
    seconds = SECONDS

    def __init__(self, function: Callable[..., object], name: str, version: str) -> None:
        self._function = function
        self._version = version
        self._schema = schema_of(function)
        self._left_behind = 0
        self.name = name
        said = (inspect.getdoc(function) or "").split("\n\n")[0]
        self.description = " ".join(said.split()) or f"Calls {name}."

    @property
    def schema(self) -> Mapping[str, Json]:
        return self._schema

    @property
    def identity(self) -> str:
        return f"{self.name}:{self._version}"

    async def run(self, arguments: Mapping[str, Json]) -> str:
        if inspect.iscoroutinefunction(self._function):
            return _text(await self._awaited(arguments))
        if self._left_behind >= MOST_LEFT_BEHIND:
            raise ToolFailed(f"{self._left_behind} calls of '{self.name}' have not ended", fault=True)
        return _text(await self._in_thread(arguments))

    async def _awaited(self, arguments: Mapping[str, Json]) -> object:
        try:
            return await self._function(**arguments)  # type: ignore[misc]
        except SystemExit as error:  # else it would end the event loop, and the run with it
            raise ToolFailed(_told(error), fault=True) from None

    async def _in_thread(self, arguments: Mapping[str, Json]) -> object:
        """In a thread that ends with the process, so that one that hangs holds nothing up."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[object] = loop.create_future()

        def settle(result: object, failed: str | None) -> None:
            if done.done():  # nobody waited so long
                self._left_behind -= 1
                return
            if failed is not None:
                done.set_exception(ToolFailed(failed, fault=True))
            else:
                done.set_result(result)

        def call() -> None:
            result: object = None
            failed: str | None = None
            try:
                result = self._function(**arguments)
            except BaseException as error:  # sys.exit() ends this thread alone, and a future takes no StopIteration
                failed = _told(error)
            with suppress(RuntimeError):  # the loop ended meanwhile
                loop.call_soon_threadsafe(settle, result, failed)

        threading.Thread(target=call, name=f"tool-{self.name}", daemon=True).start()
        try:
            return await done
        except asyncio.CancelledError:  # its time is up
            self._left_behind += done.cancelled()
            raise


def _told(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # its own text cannot be had
        return type(error).__name__


def schema_of(function: Callable[..., object]) -> dict[str, Json]:
    """The JSON schema of a function's arguments, from its signature. Raises ConfigInvalid."""
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError):
        hints = {}
    properties: dict[str, Json] = {}
    required: list[Json] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
            raise ConfigInvalid(
                f"the tool '{getattr(function, '__name__', function)}' takes '{name}' by its place",
                "let it take its arguments by their names",
            )
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        properties[name] = _schema_of_type(hints.get(name))
        if parameter.default is parameter.empty:
            required.append(name)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _schema_of_type(annotation: object) -> dict[str, Json]:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return {"enum": [*inner]}
    if origin in (typing.Union, types.UnionType):
        kinds = [_TYPES.get(one, "null" if one is type(None) else "") for one in inner]
        return {"type": [*kinds]} if all(kinds) else {}
    if origin is list:
        items = _schema_of_type(inner[0]) if inner else {}
        return {"type": "array", "items": items} if items else {"type": "array"}
    if origin is dict or annotation is dict:
        return {"type": "object"}
    kind = _TYPES.get(annotation)
    return {"type": kind} if kind else {}


def _text(result: object) -> str:
    if isinstance(result, str):
        return result
    try:
        return orjson.dumps(result, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    except TypeError:
        return str(result)
