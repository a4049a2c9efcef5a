"""The HTML report: whole, self-contained, honest about what is missing, and deaf to hostile texts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from bakeoff.core.records import CellRecord, Measure, RunStatus
from bakeoff.core.types import ModelIdentity, Outcome, Trial
from bakeoff.reports.compare import Comparison, compare
from bakeoff.reports.html import BRIEF_LIMIT, PAIRS_SHOWN, TEXT_LIMIT, cut, render_html
from bakeoff.reports.report import one_run
from bakeoff.reports.summary import CellDetail, CellTally, RunSummary, TrialView

HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "</style></title><svg onload=alert(1)>",
    "{{7*7}} {% raise %} {# gone #}",
    "\u2028\u2029 \u202e \x00\x1b \ud800\udfff \ufffe",
    "\" onmouseover=alert(1) ' `",
    "javascript:alert(1)",
    "<!-- --><script>alert(1)</script>]]>",
)
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Page(HTMLParser):
    """Reads a page, insists on balanced tags, and remembers its elements and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif not self.open or self.open[-1] != "style":
            self.text += data

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] for _, attrs in self.elements if name in attrs]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def record(place: int = 0, planned: int = 3, model: str = "qwen-8b") -> CellRecord:
    identity = ModelIdentity("fake", model)
    return CellRecord(
        place + 1, place, model, "balanced", "gsm8k", "cot", "bakeoff", identity, "r", "d", planned, f"gsm8k@d|{place}"
    )


def trial(sample: str, outcome: Outcome = Outcome.CORRECT, value: float | None = None, latency: float = 1.5) -> Trial:
    graded = {Outcome.CORRECT: 1.0, Outcome.INCORRECT: 0.0}.get(outcome, value)
    return Trial(
        0, sample, 0, outcome, graded, "42", f"it is {sample}", "42", "last-number", "equal", latency_s=latency,
        prompt_tokens=10, output_tokens=20, cost=0.5,
    )  # fmt: skip


def detail(trials: Sequence[Trial], cell: CellRecord, views: int | None = None) -> CellDetail:
    tally = CellTally()
    for one in trials:
        tally.add(
            Measure(one.outcome, one.value, one.latency_s, one.prompt_tokens, one.output_tokens, one.cost, one.cached)
        )
    seen = [TrialView(one, f"what is {one.sample_id}?") for one in trials]
    ordered = sorted(seen, key=lambda view: view.trial.latency_s)
    latencies = [one.latency_s for one in trials if one.outcome is not Outcome.ERROR]
    return CellDetail(tally.summary(cell, "0.1.0"), latencies, seen[:views], ordered[:5], ordered[:-6:-1])


def run_of(details: Sequence[CellDetail], name: str = "night", status: RunStatus = RunStatus.COMPLETE) -> RunSummary:
    return RunSummary(name, status, 1_763_721_200.0, 72.0, "0.1.0", [one.summary for one in details])


def page_of(details: Sequence[CellDetail], comparisons: Sequence[Comparison] = (), name: str = "night") -> str:
    return render_html(one_run(run_of(details, name), comparisons), details)


def two_cells(count: int = 60) -> tuple[list[CellDetail], list[Comparison]]:
    a = [trial(f"s{i}", Outcome.CORRECT if i % 3 else Outcome.INCORRECT) for i in range(count)]
    b = [trial(f"s{i}", Outcome.INCORRECT if i % 6 == 1 else Outcome.CORRECT) for i in range(count)]
    cells = record(0, count), record(1, count, "qwen-14b")
    details = [detail(a, cells[0]), detail(b, cells[1])]
    return details, [compare((cells[0].label, cells[1].label), cells, (a, b))]


class TestWhole:
    def test_balanced_with_its_headings_in_order(self) -> None:
        page = Page(page_of(*two_cells()))
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))

    def test_nothing_is_loaded_from_elsewhere(self) -> None:
        page = Page(page_of(*two_cells()))
        links = page.attributes("href")
        assert links and all(link.startswith("#") for link in links)
        assert not page.attributes("src")
        assert not {tag for tag, _ in page.elements} & {"img", "iframe", "object", "form", "base"}
        style = next(attrs for tag, attrs in page.elements if tag == "meta" and "http-equiv" in attrs)
        assert style["content"].startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")
        assert not re.search(r"url\(|@import|https?://", page_of([]))

    def test_the_policy_names_the_hash_of_the_only_script(self) -> None:
        text = page_of(*two_cells())
        page = Page(text)
        assert len([tag for tag, _ in page.elements if tag == "script"]) == 1
        digest = base64.b64encode(hashlib.sha256("".join(page.scripts).encode()).digest()).decode()
        assert f"script-src 'sha256-{digest}'" in page.attributes("content")[0]
        assert "innerHTML" not in text and not [
            name for _, attrs in page.elements for name in attrs if name[:2] == "on"
        ]

    def test_every_link_leads_somewhere_and_every_id_is_there_once(self) -> None:
        page = Page(page_of(*two_cells()))
        ids = page.attributes("id")
        assert len(ids) == len(set(ids))
        assert {link[1:] for link in page.attributes("href") if link.startswith("#")} <= set(ids)
        named = [name for label in page.attributes("aria-labelledby") for name in label.split()]
        assert set(named) <= set(ids)

    def test_tables_have_headers_with_a_scope(self) -> None:
        page = Page(page_of(*two_cells()))
        heads = [attrs for tag, attrs in page.elements if tag == "th"]
        assert heads and all(attrs["scope"] in {"row", "col", "colgroup"} for attrs in heads)

    def test_the_same_run_gives_the_same_page(self) -> None:
        assert page_of(*two_cells()) == page_of(*two_cells())


class TestHeader:
    def test_it_says_what_when_and_how_long(self) -> None:
        words = Page(page_of([detail([trial("s")], record())])).words
        for told in ("night", "complete", "2025-11-21 10:33 UTC", "1 min 12 s", "0.1.0", "1 of 3 in 1 cell"):
            assert told in words

    @pytest.mark.parametrize("status", list(RunStatus))
    def test_every_status(self, status: RunStatus) -> None:
        words = Page(render_html(one_run(run_of([], status=status)), [])).words
        assert status.value in words
        assert ("missing" in words or "so far" in words) is (status is not RunStatus.COMPLETE)


class TestScores:
    def test_missing_by_kind_bounds_and_costs(self) -> None:
        trials = [trial("a"), trial("b", Outcome.INCORRECT), trial("c", Outcome.UNPARSED), trial("d", Outcome.ERROR)]
        trials[0].cost = None
        words = Page(page_of([detail(trials, record(planned=5))])).words
        assert "50.0 % 9.5 – 90.5 2 3 1 1 1 20.0 – 80.0" in words
        assert "1.50 1.50 1.50" in words
        assert "unknown" in words and "$0" not in words.split("Cells")[0]

    def test_a_price_of_zero_is_not_unknown(self) -> None:
        free = trial("a")
        free.cost = 0.0
        words = Page(page_of([detail([free], record())])).words
        assert "$0.00" in words and "unknown" not in words.split("Cells")[0].replace("A cost is unknown", "")

    @pytest.mark.parametrize(("cost", "told"), [(1234.5, "$1,234.50"), (0.0123, "$0.0123"), (1e-5, "$0.00001")])
    def test_costs_are_plain_numbers(self, cost: float, told: str) -> None:
        one = trial("a")
        one.cost = cost
        assert told in Page(page_of([detail([one], record())])).words

    @pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.REFUSED])
    def test_a_cell_in_which_nothing_was_graded_has_no_estimate(self, outcome: Outcome) -> None:
        words = Page(page_of([detail([trial("a", outcome)], record())])).words
        assert "No estimate" in words and "none graded" in words
        assert "0.0 %" not in words and "0.0 – 100.0" in words

    def test_a_cell_that_never_ran(self) -> None:
        words = Page(page_of([detail([], record())])).words
        assert "0 of 0 shown" in words and "nothing was measured" in words and "– not run 3" in words

    def test_continuous_scores(self) -> None:
        trials = [trial(f"s{i}", Outcome.SCORED, i / 4) for i in range(5)]
        page = Page(page_of([detail(trials, record(planned=5))]))
        assert "0.500" in page.words and "Mean score" in page.words and "t95" in page.words
        tiles = [attrs["class"] for tag, attrs in page.elements if tag == "li" and "scored" in attrs.get("class", "")]
        assert tiles == ["scored v0", "scored v1", "scored v2", "scored v3", "scored v4"]

    def test_no_cells(self) -> None:
        assert "This run has no cells." in Page(page_of([])).words

    def test_a_cell_without_details_is_listed_without_a_link(self) -> None:
        summary = run_of([detail([trial("a")], record())])
        page = Page(render_html(one_run(summary), []))
        assert "qwen-8b" in page.words and "#c0" not in page.attributes("href")


class TestComparisons:
    def test_verdict_counts_and_the_first_samples_that_differ(self) -> None:
        details, comparisons = two_cells(240)
        words = Page(page_of(details, comparisons)).words
        assert comparisons[0].verdict in words
        assert f"The first {PAIRS_SHOWN} of the {len(comparisons[0].pairs)} samples that differ" in words
        assert f"improved {comparisons[0].improved}" in words and f"regressed {comparisons[0].regressed}" in words

    def test_the_dot_is_hollow_unless_the_verdict_claims_a_difference(self) -> None:
        details, comparisons = two_cells(240)
        claimed = not comparisons[0].verdict.startswith("No difference")
        assert claimed is ("c-dot c-hollow" not in page_of(details, comparisons))
        assert "c-dot c-hollow" in page_of(details, [replace(comparisons[0], p_adjusted=0.2)])

    def test_nothing_in_common(self) -> None:
        details, comparisons = two_cells()
        nothing = replace(comparisons[0].difference, value=None, low=None, high=None, n=0)
        empty = replace(
            comparisons[0], difference=nothing, p=None, both=0, improved=0, regressed=0, neither=0, pairs=()
        )
        assert "Nothing to compare" in Page(page_of(details, [empty])).words

    def test_scores_are_shown_where_they_are_continuous(self) -> None:
        a = [trial(f"s{i}", Outcome.SCORED, 0.25) for i in range(5)]
        b = [trial(f"s{i}", Outcome.SCORED, 0.75) for i in range(5)]
        cells = record(0), record(1)
        words = Page(page_of([], [compare(("one", "two"), cells, (a, b))])).words
        assert "0.250" in words and "0.750" in words and "higher 5" in words and "both right" not in words


class TestTrials:
    def test_a_panel_tells_everything(self) -> None:
        one = trial("a", Outcome.ERROR)
        one.error_code, one.error, one.answer, one.repeat = "timeout", "no answer in 120 s", None, 2
        words = Page(page_of([detail([one], record())])).words
        for told in (
            "a · repeat 2",
            "what is a?",
            "last-number",
            "equal",
            "timeout",
            "no answer in 120 s",
            "10 in, 20 out",
        ):
            assert told in words

    def test_how_many_of_how_many_are_shown(self) -> None:
        trials = [trial(f"s{i}", latency=1 + i) for i in range(1200)]
        page = Page(page_of([detail(trials, record(planned=1319), views=20)]))
        assert "20 of 1,200 shown" in page.words
        tiles = [attrs for tag, attrs in page.elements if tag == "li" and attrs.get("class") == "correct"]
        assert len(tiles) == 20
        assert "s1199" in page.words  # the slowest can be opened though it is no tile

    def test_one_trial_and_equal_latencies(self) -> None:
        Page(page_of([detail([trial("a")], record())]))
        Page(page_of([detail([trial(f"s{i}", latency=0.0) for i in range(9)], record())]))

    def test_repeats_of_a_sample_are_trials_of_their_own(self) -> None:
        trials = [trial("a"), trial("a")]
        trials[1].repeat = 1
        page = Page(page_of([detail(trials, record())]))
        assert {"t0-0", "t0-1"} <= set(page.attributes("id"))

    def test_long_texts_lose_their_middle_and_say_how_much(self) -> None:
        long = trial("a")
        long.answer = "first" + "x" * 100_000 + "last"
        long.extracted = "y" * 1_000
        text = page_of([detail([long], record())])
        assert len(text) < 60_000
        words = Page(text).words
        assert f"{100_009 - TEXT_LIMIT:,} characters left out" in words
        assert f"{1_000 - BRIEF_LIMIT} characters left out" in words
        assert "firstx" in words and "xlast" in words

    def test_a_first_line_end_is_kept(self) -> None:
        one = trial("a")
        one.answer = "\n\n  indented"
        assert "\n\n\n  indented</pre>" in page_of([detail([one], record())])  # the parser drops one

    @pytest.mark.parametrize("length", [0, 1, 9, 10, 11, 5000])
    def test_cut_loses_nothing_it_does_not_count(self, length: int) -> None:
        text = "".join(chr(97 + i % 26) for i in range(length))
        shown = cut(text, 10)
        assert len(shown.head) + len(shown.tail) + shown.left_out == length
        assert text.startswith(shown.head) and text.endswith(shown.tail)


class TestHostile:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_a_text_adds_no_element_and_no_attribute(self, text: str) -> None:
        calm, wild = Page(self._page("c" * len(text))), Page(self._page(text))
        names = [(tag, sorted(attrs)) for tag, attrs in wild.elements]
        assert names == [(tag, sorted(attrs)) for tag, attrs in calm.elements]
        assert wild.attributes("href") == calm.attributes("href")
        assert wild.scripts == calm.scripts

    @pytest.mark.parametrize("text", HOSTILE)
    def test_it_can_be_written_and_is_shown_as_it_is(self, text: str) -> None:
        page = self._page(text)
        page.encode("utf-8")
        if text.isprintable():
            assert Page(page).text.count(text) >= 8
        assert "alert" not in "".join(Page(page).scripts)

    def test_braces_are_not_computed(self) -> None:
        page = self._page("{{7*7}}")
        assert "{{7*7}}" in page and "49" not in Page(page).words

    def _page(self, text: str) -> str:
        """A page in which every text that comes from outside is the same one."""
        pair = []
        for outcome in (Outcome.CORRECT, Outcome.INCORRECT):
            one = replace(trial(text, outcome), target=text, answer=text, extracted=text, rule=text)
            pair.append([replace(one, reason=text, error_code=text, error=text)])
        a, b = pair
        cells = [replace(record(i), model=text, method=text, signature=text) for i in range(2)]
        details = [detail(a, cells[0]), detail(b, cells[1])]
        shown = [replace(one, views=[TrialView(one.views[0].trial, text)]) for one in details]
        return page_of(shown, [compare((text, text), (cells[0], cells[1]), (a, b))], text)
