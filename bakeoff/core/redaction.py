"""Take secrets out of a text before it is shown or handed on (law 7).

Models repeat what they read, and tools may hand them anything: keys of the usual services, tokens in headers, private
keys, passwords in addresses and settings. What stands for one is `[secure]`. Patterns are bounded, since the texts are
hostile; a secret of a form that is not among them is not found. Example:

    redacted("curl -H 'Authorization: Bearer abcdefgh12345678'")     # "curl -H 'Authorization: Bearer [secure]'"
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bakeoff.core.types import Json

SECURE = "[secure]"
_WHOLE = (
    r"\bsk-[A-Za-z0-9_-]{16,200}",  # OpenAI, Anthropic, OpenRouter, DeepSeek
    r"\b(?:sk|rk|pk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,200}",  # Stripe
    r"\bgh[opusr]_[A-Za-z0-9]{20,255}|\bgithub_pat_[A-Za-z0-9_]{20,255}|\bglpat-[A-Za-z0-9_-]{16,100}",
    r"\b(?:hf|gsk|r8|npm|dop_v1|xai)[_-][A-Za-z0-9]{24,200}|\bpypi-[A-Za-z0-9_-]{30,300}",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{30,60}|\bya29\.[A-Za-z0-9_-]{20,500}",
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10,200}|\bSG\.[A-Za-z0-9_-]{16,40}\.[A-Za-z0-9_-]{16,80}",
    r"\beyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,1000}",  # JSON web tokens
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,10000}-----END [A-Z ]{0,40}PRIVATE KEY-----",
)
# Of these the first group stays.
_AFTER = (
    r"((?i:\bauthorization\b[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:bearer|basic|token)\s{1,3}))[A-Za-z0-9._~+/=-]{8,4000}",
    r"((?i:\bbearer\s{1,3}))[A-Za-z0-9._~+/=-]{20,4000}",
    r"((?i:(?:api[_-]?key|client[_-]?secret|secret[_-]?key|access[_-]?token|auth[_-]?token|password|passwd)\b[\"']?\s{0,3}[:=]\s{0,3}[\"']?))"
    r"[^\s\"',;&<>\[]{8,500}",
    r"(\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,100}:)[^\s/@]{3,200}(?=@)",
)
_WHOLE_FORMS = re.compile("|".join(_WHOLE))
_AFTER_FORMS = tuple(map(re.compile, _AFTER))
_HINTS = re.compile(
    r"(?i)key|secret|token|passw|bearer|authorization|://|sk-|[a-z0-9]{2,6}[_-]|AKIA|ASIA|AIza|eyJ|ya29|SG\."
)


def redacted(text: str) -> str:
    """The text with `[secure]` where a secret stood."""
    if not _HINTS.search(text):
        return text
    text = _WHOLE_FORMS.sub(SECURE, text)
    for form in _AFTER_FORMS:
        text = form.sub(rf"\g<1>{SECURE}", text)
    return text


def redacted_json(value: Json) -> Json:
    """The same for every text in a JSON value; a value whose name says that it is a secret goes as a whole."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, list):
        return [redacted_json(one) for one in value]
    if isinstance(value, Mapping):
        return {name: SECURE if _names_one(name, one) else redacted_json(one) for name, one in value.items()}
    return value


_NAMES = re.compile(r"(?i)(?:^|[_-])(?:api_?key|secret|password|passwd|access_?token|auth_?token|authorization)$")


def _names_one(name: str, value: Json) -> bool:
    return isinstance(value, str) and bool(value) and _NAMES.search(name) is not None
