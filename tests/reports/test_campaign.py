"""Reports of campaigns: which line of a criterion decides, what is inert, and every format of the same blocks."""

from __future__ import annotations

from bakeoff.core.campaign import Check, Gate, bounded
from bakeoff.reports.campaign import CampaignReport, Combination, ModelResult, criteria_of, verdict_line
from bakeoff.reports.campaign_json import comprehensive_summary, performance_matrix, scaling_insights, tracker_entry
from bakeoff.reports.campaign_page import render_html, render_markdown, render_pdf
from bakeoff.reports.campaign_text import bound_text, failures, sections, value_text
from tests.conftest import require

HOSTILE = "fake/<script>alert(1)</script>|x"


def made() -> CampaignReport:
    """One model that was never asked, under a name that is hostile."""
    lines = (
        Check("combination", f"{HOSTILE} · balanced", "fail", "config", "done", "no such file"),
        Check("all_combinations_valid", "", "fail", 0, 1),
        bounded("memory_share", f"{HOSTILE} · balanced", None, 0.8, "at most", "it did not answer"),
    )
    gates = (Gate(1, "passed"), Gate(2, "failed", lines), Gate(3, "running"))
    combination = Combination(HOSTILE, "balanced", False, "config", "no such file")
    model = ModelResult(HOSTILE, None, None, "config: no such file")
    return CampaignReport("night", "0" * 32, "0.1.0", 0.0, gates, [combination], [model], None, "nothing to compare")


def test_the_worst_line_decides_a_criterion_and_what_was_not_measured_is_told() -> None:
    speeds = (
        bounded("tokens_per_second", "a", 250.0, 100.0, "more than"),
        bounded("tokens_per_second", "b", 90.0, 100.0, "more than", "9 tokens"),
        bounded("tokens_per_second", "c", None, 100.0, "more than", "no tokens told"),
    )
    shares = (bounded("memory_share", "a", 0.2, 0.8, "at most"), bounded("memory_share", "b", 0.7, 0.8, "at most"))
    unknown = (bounded("failure_rate", "a", None, 0.05, "under", "nothing asked"),)
    speed, share, rate = criteria_of([Gate(3, "failed", (*speeds, *shares, *unknown))])
    assert (speed.subject, speed.verdict, speed.why) == ("b", "fail", "9 tokens; 1 of 3 not measured")
    assert (share.subject, share.value, share.verdict) == ("b", 0.7, "pass")
    assert (rate.verdict, rate.value, rate.why) == ("not measured", None, "nothing asked")
    assert (value_text(speed), bound_text(speed)) == ("90.0", "more than 100.0")
    assert (value_text(share), bound_text(share)) == ("70.0 %", "at most 80 %")
    assert (value_text(rate), bound_text(rate)) == ("–", "under 5 %")


def test_the_verdict_names_what_failed_and_what_was_not_reached() -> None:
    assert verdict_line(made().gates) == ("1 of 3 gates passed; failed: 2 (coverage); not reached: 3 (evaluation).")
    assert failures(made()) == [f"gate 2 · combination · {HOSTILE} · balanced: no such file"]


def test_a_campaign_of_failures_alone_has_a_report_without_a_number() -> None:
    report = made()
    assert [section.title for section in sections(report)][:3] == ["Criteria of success", "Gates", "What failed"]
    summary = comprehensive_summary(report)
    assert summary["scaling_gap"] == "nothing to compare"
    assert scaling_insights(report)["insights"] is None
    matrix = performance_matrix(report)["rows"]
    assert isinstance(matrix, list) and isinstance(matrix[0], dict)
    assert (matrix[0]["gap"], matrix[0]["tokens_per_second"]) == ("no such file", None)
    assert tracker_entry(report)["verdict"] == summary["verdict"]


def test_names_from_outside_are_inert_in_every_format() -> None:
    report = made()
    page, text = render_html(report), render_markdown(report)
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert "<script>" not in text.replace("\\<script", "")
    require("typst")
    assert render_pdf(report) == render_pdf(report)
