"""Secrets are taken out of what is shown, and little else is."""

from __future__ import annotations

import pytest

from bakeoff.core.redaction import redacted, redacted_json

WORD = "abcdefghijklmnop"
LONG = "Abc123Def456Ghi789Jkl012Mno345"


@pytest.mark.parametrize(
    "secret",
    [
        f"sk-{LONG}",
        f"sk-ant-api03-{LONG}",
        f"sk-or-v1-{LONG}",
        f"sk-proj-{LONG}_{WORD}",
        f"ghp_{LONG}",
        f"github_pat_{LONG}",
        f"glpat-{LONG}",
        f"hf_{LONG}",
        f"gsk_{LONG}",
        "AKIA" + "ABCDEFGH12345678",
        f"AIza{LONG}abcde",
        f"xoxb-1234567890-{LONG}",
        f"sk_live_{LONG}",
        f"pypi-{LONG}{LONG}",
        f"eyJ{LONG}.eyJ{LONG}.{LONG}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{LONG}\n{LONG}\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_a_key_is_taken_out_wherever_it_stands(secret: str) -> None:
    for text in (secret, f"The key is {secret}.", f'{{"found": "{secret}"}}', f"a\n{secret}\nb"):
        shown = redacted(text)
        assert LONG not in shown and "ABCDEFGH12345678" not in shown
        assert "[secure]" in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer [secure]"),
        ('"authorization": "Basic dXNlcjpwYXNz"', '"authorization": "Basic [secure]"'),
        ("a bearer abcdefghijklmnopqrstuvw here", "a bearer [secure] here"),
        ("api_key=abcdefgh1234&x=1", "api_key=[secure]&x=1"),
        ("OPENAI_API_KEY=abcdefgh1234", "OPENAI_API_KEY=[secure]"),
        ('"password": "correct horse"', '"password": "correct horse"'),
        ('"password": "correcthorse"', '"password": "[secure]"'),
        ("postgresql://me:hunter22@db/x", "postgresql://me:[secure]@db/x"),
        ("https://example.org/a:b@c", "https://example.org/a:b@c"),
    ],
)
def test_what_a_setting_or_an_address_gives_away(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "A bearer of news came to the castle.",
        "She sells 9 eggs a day for $2 each. Answer: 18",
        "The secret: patience.",
        "what is the password?",
        "sk-short",
        "risk-based-and-task-oriented-approaches-to-learning",
        "def f(key, token): return key + token",
        "https://example.org/path?page=2",
        "",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert redacted(text) == text


def test_values_of_json_and_names_that_say_it() -> None:
    told = redacted_json({"api_key": "abc", "tokens": 3, "said": [f"sk-{LONG}", {"x": None}], "keyword": "tree"})
    assert told == {"api_key": "[secure]", "tokens": 3, "said": ["[secure]", {"x": None}], "keyword": "tree"}


@pytest.mark.parametrize(
    "hostile", ["sk-" * 20_000, "eyJ" * 20_000, "-----BEGIN PRIVATE KEY-----" * 2_000, "a://" * 20_000, "key=" * 20_000]
)
def test_a_hostile_text_comes_to_an_end(hostile: str) -> None:
    """A pattern that is not bounded would not, for hours."""
    assert len(redacted(hostile)) <= len(hostile) + 10
