"""Every kind of constraint holds where it should and fails where it should."""

from __future__ import annotations

import time

import pytest

from bakeoff.core.types import Json
from bakeoff.scorers.constraints import CHECKS, Constraints, sentences
from tests.scorers.samples import target

# kind: (the check's fields, texts that fulfil it, texts that do not)
CASES: dict[str, tuple[dict[str, Json], list[str], list[str]]] = {
    "words_between": ({"low": 2, "high": 3}, ["a b", "a\nb  c"], ["a", "a b c d", ""]),
    "sentences_between": ({"low": 1, "high": 2}, ["One.", "One! Two?", 'He said "no."'], ["none", "A. B. C.", ""]),
    "lines_between": ({"low": 2, "high": 2}, ["a\nb", "a\n\n  \nb\n"], ["a", "a\nb\nc", ""]),
    "paragraphs": ({"count": 2}, ["a\n\nb", "a\nb\n \t\nc"], ["a", "a\nb", "a\n\nb\n\nc", ""]),
    "contains": ({"text": "fog"}, ["The fog.", "FOG!"], ["foggy", "befog", "", "f og"]),
    "excludes": ({"text": "fog"}, ["foggy", "mist"], ["The Fog.", ""]),
    "contains_all": ({"texts": ["sea", "salt"]}, ["salt of the Sea"], ["sea", "salty sea", ""]),
    "contains_at_least": ({"text": "sea", "times": 2}, ["sea, SEA", "sea sea sea"], ["sea", "sea seaside", ""]),
    "starts_with": ({"text": "Dear"}, ["Dear Ann", "dear all"], [" Hello Dear", "", "Dea"]),
    "ends_with": ({"text": "the end"}, ["This is the end.", 'It is "The End"!'], ["the end is near", "", "end"]),
    "all_lowercase": ({}, ["all small, 3 things"], ["All", "ÉTÉ", ""]),
    "all_uppercase": ({}, ["ALL BIG, 3"], ["ALL BiG", "été", ""]),
    "no_commas": ({}, ["no such sign"], ["one, two", ""]),
    "bullets": ({"count": 2}, ["- a\n- b", "Two:\n  * a\n  * b\nDone"], ["- a", "-a\n-b", "- a\n- b\n- c", ""]),
    "numbered": (
        {"count": 2},
        ["1. a\n2. b", "Two:\n\n  1. a\n  2. b"],
        ["1. a", "1. a\n3. b", "2. b\n1. a", "1) a", ""],
    ),
    "has_title": ({}, ["<<Title>>\nText", "<<T>>"], ["<<>>\nText", "Text\n<<Title>>", "<<Title>> Text", ""]),
    "json_keys": (
        {"keys": ["a", "b"]},
        ['{"a":1,"b":[2]}', '```json\n{"b":1,\n"a":2}\n```', '```\n{"a":1,"b":2}\n  ```'],
        ['{"a":1}', '{"a":1,"b":2,"c":3}', '["a","b"]', "a b", "", 'Here: {"a":1,"b":2}'],
    ),
    "quoted": ({}, ['"all of it"'], ["no", '"', '""', '"half', "“curly”", ""]),
    "max_word_length": ({"letters": 4}, ["four of them", "12345 is no word"], ["fifth", "a-b-c", ""]),
}


def run(kind: str, text: str, fields: dict[str, Json]) -> float:
    return Constraints().score(target([{"kind": kind, **fields}]), text).value


def test_every_kind_is_tried_here() -> None:
    assert set(CASES) == set(CHECKS)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, case in CASES.items() for text in case[1]])
def test_holds(kind: str, text: str) -> None:
    assert run(kind, text, CASES[kind][0]) == 1.0


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, case in CASES.items() for text in case[2]])
def test_fails(kind: str, text: str) -> None:
    assert run(kind, text, CASES[kind][0]) == 0.0


@pytest.mark.parametrize("kind", CASES)
def test_no_kind_is_fulfilled_by_an_empty_reply(kind: str) -> None:
    assert run(kind, " \n ", CASES[kind][0]) == 0.0


class TestScore:
    def test_all_must_hold_and_the_failed_are_named(self) -> None:
        checks: list[Json] = [{"kind": "no_commas"}, {"kind": "contains", "text": "fog"}, {"kind": "all_lowercase"}]
        found = Constraints().score(target(checks), "The fog")
        assert (found.value, found.reason) == (0.0, "fails all_lowercase")
        assert found.parts == {"held": 2.0, "checks": 3.0}
        assert Constraints().score(target(checks), "the fog").reason == "all 3 checks hold"

    @pytest.mark.parametrize("wrong", [[], "text", None])
    def test_a_target_without_checks_is_the_benchmarks_fault(self, wrong: Json) -> None:
        with pytest.raises(ValueError, match="no checks"):
            Constraints().score(target(wrong), "text")

    @pytest.mark.parametrize("check", [{"kind": "rhymes"}, {"text": "a"}, "no_commas"])
    def test_an_unknown_check_is_the_benchmarks_fault(self, check: Json) -> None:
        with pytest.raises(ValueError, match="unknown check"):
            Constraints().score(target([check]), "text")

    @pytest.mark.parametrize("kind", ["words_between", "paragraphs", "contains_at_least", "bullets", "numbered"])
    def test_a_check_without_its_numbers_does_not_hold(self, kind: str) -> None:
        assert run(kind, "1. a", {"text": "a"}) == 0.0


@pytest.mark.parametrize(
    ("text", "count"),
    [("One. Two! Three?", 3), ("Wait... what?!", 2), ('"Go." He went.', 2), ("3.5 km", 0), ("e.g. this", 1), ("", 0)],
)
def test_sentences(text: str, count: int) -> None:
    assert sentences(text) == count


N = 100_000
HOSTILE = {
    "newlines": "a" + "\n" * N + "a",
    "full stops": "a" + "." * N + "a",
    "fence": "```" + "\n" * N + "a",
    "lines of spaces": "a" + "\n " * (N // 2) + "a",
    "quotes": "a." + "'" * N + "a",
    "dashes": "a-" * (N // 2),
    "angles": "<<" * (N // 2),
    "brackets": "[" * N,
    "one word": "a" * N,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_no_time(name: str) -> None:
    for kind, (fields, _, _) in CASES.items():
        start = time.process_time()
        run(kind, HOSTILE[name], fields)
        assert time.process_time() - start < 0.5, kind
