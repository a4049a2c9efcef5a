"""What comes from the environment. No other module reads it, and no secret is kept here.

BAKEOFF_HOME    folder of cache, journals and the embedded store   (default ~/.bakeoff)
BAKEOFF_STORE   database URL                       (default sqlite:///$BAKEOFF_HOME/bakeoff.db)
BAKEOFF_DATA    folder of local data sets
BAKEOFF_SANDBOX auto, fork-server, bubblewrap, docker, or limits-only (which isolates nothing)
BAKEOFF_SEARCH_URL  the MediaWiki API that the tool `search` asks   (default Wikipedia's)
HF_HUB_OFFLINE  1: never ask the hub
CUDA_VISIBLE_DEVICES   the GPUs whose memory, power and use are read
OPENAI_BASE_URL, OPENAI_API_KEY, ANTHROPIC_API_KEY, …   as their vendors define them
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bakeoff.core.errors import ConfigInvalid

_IN_MEMORY = ("sqlite://", "sqlite:///", "sqlite:///:memory:")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are. Secrets are looked up by name when an engine is built, and not before."""

    home: Path
    store: str
    data: Path | None
    offline: bool
    openai_base_url: str | None
    proxied: bool

    @classmethod
    def load(cls, store: str | None = None) -> Settings:
        """Read the environment; `store` wins over BAKEOFF_STORE. Raises ConfigInvalid."""
        home = _folder("BAKEOFF_HOME") or Path.home() / ".bakeoff"
        folder = _folder("BAKEOFF_DATA")
        store = store or os.environ.get("BAKEOFF_STORE") or f"sqlite:///{home / 'bakeoff.db'}"
        if store in _IN_MEMORY:
            raise ConfigInvalid(
                f"store '{store}' is in memory and ends with the command", "name a file: sqlite:///a.db"
            )
        if folder is not None and not folder.is_dir():
            raise ConfigInvalid(f"BAKEOFF_DATA is '{folder}', which is no folder", "correct or unset it")
        return cls(
            home=home,
            store=store,
            data=folder,
            offline=os.environ.get("HF_HUB_OFFLINE", "") in ("1", "true", "True", "yes"),
            openai_base_url=os.environ.get("OPENAI_BASE_URL") or None,
            proxied=any(os.environ.get(name) for name in _PROXIES),
        )


def _folder(variable: str) -> Path | None:
    """The path in a variable, `~` replaced. Raises ConfigInvalid."""
    given = os.environ.get(variable)
    try:
        return Path(given).expanduser() if given else None
    except RuntimeError:  # ~somebody
        raise ConfigInvalid(f"{variable} is '{given}', and there is no such user", "correct or unset it") from None


def coloured() -> bool:
    """False when NO_COLOR is set (https://no-color.org); whether anybody looks is another question."""
    return not os.environ.get("NO_COLOR")


def columns() -> int | None:
    """The width that COLUMNS asks for; None when it asks for none."""
    given = os.environ.get("COLUMNS", "")
    return int(given) if given.isdecimal() and 0 < int(given) < 10_000 else None


def sandbox() -> str:
    """Where code that models write is to run: a name of `bakeoff.sandbox.choice`, or "auto"."""
    return os.environ.get("BAKEOFF_SANDBOX", "").strip() or "auto"


def search_url() -> str | None:
    """The address of the wiki that agents search; None for the usual one."""
    return os.environ.get("BAKEOFF_SEARCH_URL", "").strip() or None


def secret(variable: str) -> str | None:
    """The value of an environment variable that holds a key; None when unset or blank."""
    return os.environ.get(variable, "").strip() or None


def visible_gpus() -> str | None:
    """The GPUs that CUDA lets this process use, as CUDA_VISIBLE_DEVICES lists them; None where it is not set."""
    return os.environ.get("CUDA_VISIBLE_DEVICES")
