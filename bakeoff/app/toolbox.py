"""The tools of an agent, by the names in its options: ours, other packages', the user's own, an MCP server's.

tools_for({"tools": "calculator+retrieval", "kb": "wiki"}, settings)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from bakeoff.app.settings import Settings, sandbox, search_url, secret
from bakeoff.core.errors import ConfigInvalid, MissingKey, UnknownName
from bakeoff.core.protocols import CodeRunner, ToolConfig
from bakeoff.core.retrieval import Retriever
from bakeoff.core.tools import Tool, ToolMemory
from bakeoff.tools import TOOLS

Options = Mapping[str, bool | int | float | str]
_MCP = "mcp:"
_SECRET = re.compile(r"(?i)(?:key|token|secret|password)[^=&]{0,20}=")


def tools_for(options: Options, settings: Settings) -> tuple[Tool, ...]:
    """What `tools` names, in that order. Raises UsageError."""
    found: dict[str, Tool] = {}
    names = named(str(options.get("tools") or ""))
    if not names:
        raise ConfigInvalid(
            "an agent without tools is a plain question, and 'tools=' names none",
            "name some, such as react:tools=calculator, or use method cot; see 'bakeoff list tools'",
        )
    for name in names:
        for tool in _tools(name, options, settings):
            if tool.name in found:
                raise ConfigInvalid(f"two tools are called '{tool.name}'", "leave one of them out")
            found[tool.name] = tool
    return tuple(found.values())


def memory_for(options: Options, settings: Settings) -> ToolMemory:
    """Where what tools said is kept: beside the journals, and for good."""
    from bakeoff.tools._kept import Kept

    return Kept(settings.home / "tools")


def named(told: str) -> list[str]:
    """The names in a list that '+' joins. A '+' in an MCP server's address or command is part of it."""
    pieces: list[str] = []
    for piece in told.split("+"):
        if pieces and pieces[-1].startswith(_MCP) and not _begins_tool(piece):
            pieces[-1] += f"+{piece}"
        elif piece.strip():
            pieces.append(piece.strip())
    return pieces


def _begins_tool(piece: str) -> bool:
    plain = piece.strip()
    return plain in TOOLS.names() or plain.startswith(_MCP) or ".py:" in plain


def _tools(name: str, options: Options, settings: Settings) -> tuple[Tool, ...]:
    if name.startswith(_MCP):
        return _of_server(name.removeprefix(_MCP).strip(), options, settings)
    if ".py:" in name:
        from bakeoff.tools._own import load

        return (load(name),)
    if name not in TOOLS.names():
        hint = "bakeoff list tools', or name one as 'file.py:function' or 'mcp:URL"
        raise UnknownName("tool", name, TOOLS.names(), see=hint)
    cls = TOOLS.load(name)
    needs = getattr(cls, "needs", ())
    config = ToolConfig(
        retriever=_retriever(needs, options, settings),
        runner=_runner() if "runner" in needs else None,
        folder=settings.home / "cache",
        base_url=search_url(),
        offline=settings.offline,
        trust_proxies=settings.proxied,
    )
    tool: Tool = cls(config)
    return (tool,)


def _retriever(needs: tuple[str, ...], options: Options, settings: Settings) -> Retriever | None:
    """The knowledge base of a tool that needs one; or of one that needs it offline, where one is named."""
    stands_in = "offline_retriever" in needs and settings.offline and bool(options.get("kb"))
    if "retriever" not in needs and not stands_in:
        return None
    from bakeoff.app.knowledge import retriever_for

    return retriever_for(options, settings)


def _runner() -> CodeRunner:
    from bakeoff.sandbox.choice import choose

    return choose(sandbox())


def _of_server(target: str, options: Options, settings: Settings) -> tuple[Tool, ...]:
    from bakeoff.tools._mcp import tools_of
    from bakeoff.tools._mcp_session import Server

    host = urlsplit(target).netloc if "://" in target else ""
    if "@" in host:
        raise ConfigInvalid(
            "the address of the MCP server holds a user or password, and a spec is stored",
            "put the key in the environment and name the variable: mcp_key_env=VARIABLE",
        )
    if _SECRET.search(urlsplit(target).query if host else ""):
        raise ConfigInvalid(
            "the address of the MCP server seems to hold a key, and a spec is stored",
            "put it in the environment and name the variable: mcp_key_env=VARIABLE",
        )
    variable = str(options.get("mcp_key_env") or "")
    key = secret(variable) if variable else None
    if variable and key is None:
        raise MissingKey(f"MCP server {host or target}", variable)
    near = host.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]") or host in ("127.0.0.1", "localhost")
    return tools_of(Server(target, key, settings.proxied and not near))
