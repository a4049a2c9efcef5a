"""How a model is told to think, or not to, and where a server says what it thought.

Settings (`--model-args`): `thinking` true or false, `thinking_budget` tokens for it, and of endpoints that speak
OpenAI's API `thinking_api`, the dialect: `template` (chat_template_kwargs and thinking_token_budget, as vLLM and
SGLang take them; the default), `reasoning` (OpenRouter), `thinking` (DeepSeek, Z.ai), `soft` (Qwen3's /think and
/no_think in the question). While a model thinks no stop text is sent, since servers apply it to the thinking, too:
the answer is cut here. The budget comes on top of the tokens that the answer may have. Example:

    settings = ThinkingSettings.of({"thinking": True, "thinking_budget": 2048})
    settings.fields()        # {"chat_template_kwargs": {…}, "thinking_token_budget": 2048}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.types import Message

ARGS = ("thinking", "thinking_budget", "thinking_api")
DIALECTS = ("template", "reasoning", "thinking", "soft")
_BUDGETED = ("template", "reasoning")
_FIELDS = ("reasoning_content", "reasoning")  # DeepSeek, llama.cpp and older vLLM; vLLM and OpenRouter
_PARTS = ("thinking", "reasoning", "reasoning.text", "reasoning.summary")


@dataclass(frozen=True, slots=True)
class ThinkingSettings:
    """What the user asked for; `on` is None where nothing was said, and the model does as it likes."""

    on: bool | None = None
    budget: int = 0
    api: str = "template"

    @classmethod
    def of(cls, args: Mapping[str, bool | int | float | str], base_url: str = "") -> ThinkingSettings:
        """Raises ConfigInvalid."""
        on, budget, api = (args.get(name) for name in ARGS)
        if on is not None and not isinstance(on, bool):
            raise ConfigInvalid(f"'thinking' cannot be {on!r:.40}", "write true or false")
        if budget is not None and (isinstance(budget, bool) or not isinstance(budget, int) or budget < 1):
            raise ConfigInvalid(f"'thinking_budget' cannot be {budget!r:.40}", "a whole number from 1 up is expected")
        if api is not None and api not in DIALECTS:
            raise ConfigInvalid(f"'thinking_api' cannot be {api!r:.40}", f"known: {', '.join(DIALECTS)}")
        if on is False and budget is not None:
            raise ConfigInvalid(f"'thinking_budget' of {budget} is given, and thinking is off", "leave out one")
        chosen = str(api) if api is not None else ("reasoning" if "openrouter.ai" in base_url else "template")
        if budget is not None and chosen not in _BUDGETED:
            raise ConfigInvalid(f"'thinking_api={chosen}' has no way to say a budget", "leave 'thinking_budget' out")
        return cls(True if budget is not None else on, int(budget or 0), chosen)

    @property
    def identity(self) -> dict[str, Any]:
        """What of it is part of the model's identity: nothing where nothing was said."""
        if self.on is None:
            return {}
        return {"thinking": self.on, "thinking_api": self.api} | (
            {"thinking_budget": self.budget} if self.budget else {}
        )

    def fields(self) -> dict[str, Any]:
        """The fields of a request, in the endpoint's dialect."""
        if self.on is None or self.api == "soft":
            return {}
        if self.api == "reasoning":
            return {"reasoning": {"max_tokens": self.budget} if self.budget else {"enabled": self.on}}
        if self.api == "thinking":
            return {"thinking": {"type": "enabled" if self.on else "disabled"}}
        kwargs = {"chat_template_kwargs": {"enable_thinking": self.on, "thinking": self.on}}
        return kwargs | ({"thinking_token_budget": self.budget} if self.budget else {})

    def said(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The messages, with Qwen3's soft switch behind the last of the user."""
        if self.api != "soft" or self.on is None or not messages:
            return messages
        last = messages[-1]
        return (*messages[:-1], Message(last.role, f"{last.content} {'/think' if self.on else '/no_think'}"))


def thought(message: Mapping[str, Any]) -> str:
    """What a message of OpenAI's API says that the model thought, wherever it says it."""
    for name in _FIELDS:
        if isinstance(found := message.get(name), str) and found.strip():
            return found.strip()
    details = message.get("reasoning_details")
    content = message.get("content")
    parts = [*(details if isinstance(details, list) else ()), *(content if isinstance(content, list) else ())]
    texts = [_part(part) for part in parts if isinstance(part, dict) and part.get("type") in _PARTS]
    return "".join(texts).strip()


def thought_piece(delta: Mapping[str, Any]) -> str:
    """The same of one piece of a stream, with its blanks."""
    for name in _FIELDS:
        if isinstance(found := delta.get(name), str) and found:
            return found
    content = delta.get("content")
    parts = content if isinstance(content, list) else ()
    return "".join(_part(part) for part in parts if isinstance(part, dict) and part.get("type") in _PARTS)


def _part(part: Mapping[str, Any]) -> str:
    """The text of one part: OpenRouter's {"text": …} or {"summary": …}, Mistral's {"thinking": [{"text": …}]}."""
    for name in ("text", "summary", "thinking"):
        found = part.get(name)
        if isinstance(found, str):
            return found
        if isinstance(found, list):
            return "".join(str(one.get("text") or "") for one in found if isinstance(one, dict))
    return ""


def tokens_thought(usage: Mapping[str, Any], count: Any) -> int | None:
    """The tokens of the thinking among those of the output, where the server tells."""
    details = usage.get("completion_tokens_details") or usage.get("output_tokens_details")
    if not isinstance(details, dict):
        return None
    found = details.get("reasoning_tokens", details.get("thinking_tokens"))
    return count(found)  # type: ignore[no-any-return]  # the engine's own reader of counts
