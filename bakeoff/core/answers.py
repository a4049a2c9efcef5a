"""Find the answer in what a model wrote, and say which rule found it.

Shared by grading and by methods that vote. Pure functions of text; every regular expression is
linear and the text is cut at MAX_CHARS first, because what a model writes is hostile input.
Example:

    extract("She sells 9 eggs. Answer: $18", "number", reasoned=True)
    # Extraction(value='18', rule='answer-marker', firm=True)
"""

from __future__ import annotations

import re
from typing import cast

from bakeoff.core.protocols import AnswerKind, Find, Profile
from bakeoff.core.types import Extraction, Sample

MAX_CHARS = 100_000

# "#### 18", "Answer: 18", "The final answer is 18", "**Answer:** 18"; not the heading "#### Step 2"
_MARKER = re.compile(r"(?i)####(?![ \t]*(?:[a-z]{2,}|\d+[.)][ \t]+[a-z]))|\b(?:final |correct )?answer(?: is|\W{0,3}:)")
_BOX = re.compile(r"\\(?:boxed|fbox)\s{0,3}\{")
MAX_BOX, MAX_BOXES = 1_000, 20
# "A: 18" on a line of its own. Not for letters, where it names a choice.
_SHORT_MARKER = re.compile(r"(?m)^[ \t*]{0,4}A:[ \t*]{0,4}(?=[^\s*])")
_THEREFORE = re.compile(r"(?i)\A\W{0,6}(?:and |but )?(?:therefore|thus|hence|so)\b[,:]?\s")
# No sentence ends behind the choice in "B. Its days", at the start of a line, or behind "i.e.".
_SENTENCE_END = re.compile(r"(?m)(?<=[.!?])(?<!\\!)(?<!^[A-R]\.)(?<!\b[a-z]\.)\s+|\n+")
_SIGN = r"[-+\u2212]?"
_NUMBER = re.compile(
    rf"(?<![\w.]){_SIGN}(?:[$€£]\s?)?{_SIGN}"
    r"(?:(?:\d{1,3}(?:[,\u00a0\u202f]\d{3})+|\d+)(?:\.\d+)?|\.\d+)"
    r"(?:[eE][-+]?\d{1,2}(?!\w|\.\d)|(?:\s\d+)?\s?/\s?\d+(?:\.\d+)?)?"
)
_LATEX_FRACTION = re.compile(r"\\[dt]?frac\s?(?:\{\s?(-?[\d.]{1,30})\s?\}|(\d))\s?(?:\{\s?([\d.]{1,30})\s?\}|(\d))")
# Formulas in a sentence: $…$, \(…\), \[…\]
_FORMULA = re.compile(r"(?<!\\)\$((?:\\.|[^$\\\n]){1,200})\$|\\[(\[]([^\n]{1,200}?)\\[)\]]")
_LATEX_GROUPS = re.compile(r"(?<=\d)(?:\{,\}|,\\!)\s?(?=\d{3})")
_LATEX_SPACE = re.compile(r"(?<=\d)(?:\\[,; ]|~)(?=\d{3})")
# "1 000", "1.000,50", "12,5" at the start of what is marked as the answer: one number, so no list of two.
_OTHER_WAYS = re.compile(
    rf"[\s*_`(\\]{{0,8}}({_SIGN}(?:[$€£]\s?)?{_SIGN}"
    r"(?:\d{1,3}(?: \d{3})+(?:[.,]\d+)?|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}|\d+,\d{1,2}))"
    r"(?![\d/]|[.,]\d|\s?/|\s\d)"
)
# "In 7 days she makes $126", "The 3 friends pay 24": numbers that are given and not found.
_GIVEN = re.compile(
    r"(?i)\b(?:in|after|over|for|with|at|during|within|on|from|since|the|these|those|all|her|his|their|every|per|each)"
    r"\W{0,3}\Z"
)
_WORD = re.compile(r"(?<![\\{a-zA-Z])(?<!\\text\{ )(?<!\\mbox\{ )[a-zA-Z]{3,}")
_ASIDE = re.compile(r"(?<!\\)\([^()]{0,200}\)")
_LONE_NUMBER = re.compile(rf"[\s*_`]*({_NUMBER.pattern})\s?[a-zA-Z%°]{{0,20}}[\s*_`.]*")
# Backticks, or tildes at the start of a line; each is closed by its own kind.
_FENCE = re.compile(
    r"(```|(?<![^\n])~~~)[ \t]*([A-Za-z0-9_+-]*)[ \t]*\r?\n(.*?)(?:\n[ \t]*\1|\1[ \t]*(?=\n|\Z)|\Z)", re.DOTALL
)
_DEFINES = re.compile(r"(?m)^(?:async def|def|class) ")
# "A planet turns", "so I think": words, and not the choices A and I. "A is right" names the choice.
_WORD_A_OR_I = re.compile(
    r"(?m)(?:^|(?<=[.!?:]\s)|(?<=\bis\s))[\"'“(*]{0,3}A (?=[a-z])(?!(?:is|was|because|since|as|and|or|seems|would"
    r"|must|should|will|for|with|but|if|in|on|to|not|due|which|that|by)\b)|\bI (?=[a-z])"
)
_LEADING_LETTER = re.compile(r"\A[\s*(\[\"'`]*([A-Za-z])(?![\w'’])")
_LONE_LETTER = re.compile(r"(?<![\w'’])\(?([A-Z])\)?(?![\w'’])")


def extract(text: str, kind: AnswerKind, *, reasoned: bool, labels: tuple[str, ...] = ()) -> Extraction | None:
    """The answer of the given kind, or None when no rule finds one.

    `reasoned`: the reply argues before it answers, so what stands last counts; else what stands
    first. `labels` are the only values allowed for the kinds "label" and "letter".
    """
    text = text[:MAX_CHARS].strip()
    if not text:
        return None
    if kind == "code":
        return _code(text)
    if kind == "whole":
        return _whole(text, reasoned)
    for span, rule, firm in _spans(text, reasoned, short=kind in ("number", "math")):
        value = _typed(span, kind, rule, labels)
        if value is not None:
            return Extraction(value, rule, firm)
    return None


def kind_of(sample: Sample, profile: Profile) -> AnswerKind:
    """What is looked for in a reply to a sample: a benchmark may mix kinds."""
    return cast("AnswerKind", sample.meta.get("answer", profile.answer))


def answer_in(text: str, sample: Sample, profile: Profile, *, reasoned: bool) -> Extraction | None:
    """The answer in a reply to a sample, as a profile looks for it."""
    if profile.find:
        return follow(text, profile.find)
    return extract(text, kind_of(sample, profile), reasoned=reasoned, labels=sample.labels)


def follow(text: str, steps: tuple[Find, ...]) -> Extraction:
    """The answer as a profile prescribes to find it. Always one: what finds nothing leaves its `otherwise`."""
    text = text[:MAX_CHARS]
    for step in steps:
        places = [place for mark in step.cut if (place := text.find(mark)) >= 0]
        text = text[: min(places)] if places else text
        if step.pattern:
            text = _matched(text, step)
        if step.strip:
            text = text.strip()
    return Extraction(text, "prescribed", firm=True)


def _matched(text: str, step: Find) -> str:
    hits = re.findall(step.pattern, text)
    if not hits:
        return step.otherwise
    hit = hits[0 if step.pick == "first" else -1]
    groups = [group for group in hit if group] if isinstance(hit, tuple) else [hit]
    return groups[0].strip() if groups else step.otherwise


def _spans(text: str, reasoned: bool, short: bool) -> list[tuple[str, str, bool]]:
    """Where the answer may stand, best first: (span, rule, firm). `short`: "A:" marks it too."""
    found: list[tuple[str, str, bool]] = []
    boxed = _last_box(text)
    if boxed:
        found.append((boxed, "boxed", True))
    marked = _after_marker(text, _MARKER) or (_after_marker(text, _SHORT_MARKER) if short else "")
    if marked:
        found.append((marked, "answer-marker", True))
    if not reasoned:
        first, more, _ = text.partition("\n")
        if more:
            found.append((first, "first-line", True))
        found.append((text, "whole-reply", False))
        return found
    sentences = [part for part in _SENTENCE_END.split(text) if part.strip()]
    for sentence in reversed(sentences):
        hit = _THEREFORE.match(sentence)
        if hit:
            found.append((sentence[hit.end() :], "therefore", False))
        if hit or "=" in sentence:  # behind it the working goes on
            break
    if sentences:
        found.append((sentences[-1], "last-sentence", False))
    found.append((text, "last-number", False))
    return found


def _last_box(text: str) -> str:
    r"""What the last `\boxed{…}` holds that is closed and not empty, however its braces are nested."""
    for hit in list(_BOX.finditer(text))[: -MAX_BOXES - 1 : -1]:
        depth = 1
        for place in range(hit.end(), min(len(text), hit.end() + MAX_BOX)):
            if text[place] in "{}" and text[place - 1] != "\\":
                depth += 1 if text[place] == "{" else -1
            if not depth:
                inside = text[hit.end() : place].strip()
                if inside:
                    return inside
                break
    return ""


def _after_marker(text: str, marker: re.Pattern[str]) -> str:
    """What follows the last answer marker that something follows, to the end of its line."""
    for hit in reversed(list(marker.finditer(text))):
        rest = text[hit.end() :].lstrip(" \t*_:=~`")
        line = rest.lstrip("\n").split("\n", 1)[0].strip()
        if line:
            return line
    return ""


def _typed(span: str, kind: AnswerKind, rule: str, labels: tuple[str, ...]) -> str | None:
    if rule == "first-line":
        return _alone(span, kind, labels)
    if rule == "last-number" and kind not in ("number", "math"):
        return None
    if kind == "number":
        return _number(span, first=rule in ("boxed", "answer-marker"))
    if kind == "letter":
        return _letter(span, labels)
    if kind == "label":
        return _label(span, labels)
    if kind == "math":
        return _formula(span, rule)
    return _phrase(span)


def _alone(line: str, kind: AnswerKind, labels: tuple[str, ...]) -> str | None:
    """The answer that a line is, with nothing argued beside it: "18 eggs (9 * 2)", "**B**", "Paris"."""
    if kind == "number":
        hit = _LONE_NUMBER.fullmatch(_ASIDE.sub(" ", line))
        return hit.group(1).strip() if hit and line.strip() != "1." else None  # "1." begins a list
    if kind == "letter":
        return _letter(line, labels) if len(line) <= 8 else None
    if kind == "label":
        return _exact_label(line, labels)
    if kind == "math":
        return _formula(line, "whole-reply") if _bare_formula(line) or len(line.split()) <= 3 else None
    return _phrase(line)


def _number(span: str, first: bool) -> str | None:
    """After a marker the first number is the answer; elsewhere the last one not in an aside."""
    span = plain_latex(span)
    alone = _ASIDE.sub(" ", span)
    span = alone if _NUMBER.search(alone) else span
    if first and "=" in span:
        span = _side(span)
    other = _OTHER_WAYS.match(span)
    if other and (first or not _NUMBER.search(span, other.end())):
        return other.group(1).strip()
    hits = list(_NUMBER.finditer(span))
    if not hits:
        return None
    if not first:
        return hits[-1].group().strip()
    found = (hit for hit in hits if not _GIVEN.search(span, max(0, hit.start() - 12), hit.start()))
    return next(found, hits[0]).group().strip()


def _formula(span: str, rule: str) -> str | None:
    """What is boxed; else the last formula between dollar signs; else a line marked as the answer, or a number."""
    if rule == "boxed":
        return span
    formulas = [first or second for first, second in _FORMULA.findall(span)]
    if formulas:
        return formulas[-1].strip() or None
    short = rule == "whole-reply" and len(span.split()) <= 3  # "East", "an ellipse"
    if short or rule == "answer-marker" or (rule != "last-number" and _bare_formula(span)):
        return (_phrase(span) or "").rstrip(".") or None
    return _number(span, first=False)


def _bare_formula(line: str) -> bool:
    """Whether a line is a formula and no sentence: no word in it but the names of LaTeX commands."""
    return len(line) <= 200 and "\n" not in line and _WORD.search(line) is None


def _side(span: str) -> str:
    """The side of an equation that is the answer: "3 * 6 = 18 eggs", "18 = 9 * 2"."""
    left, _, rest = span.partition("=")
    right = rest.rsplit("=", 1)[-1]
    if not _NUMBER.search(right) or (_is_number(left) and not _is_number(right)):
        return left
    return right


def _is_number(text: str) -> bool:
    other = _OTHER_WAYS.match(text)
    return _LONE_NUMBER.fullmatch(text) is not None or (other is not None and not text[other.end() :].strip(" *_`."))


def plain_latex(text: str) -> str:
    r"""Numbers in LaTeX as they are written elsewhere: `\frac{1}{2}` as "1/2", `1{,}000` as "1,000"."""
    if "\\" not in text and "{" not in text and "~" not in text:
        return text
    text = _LATEX_SPACE.sub("\u202f", _LATEX_GROUPS.sub(",", text))
    return _LATEX_FRACTION.sub(_plain_fraction, text)


def _plain_fraction(hit: re.Match[str]) -> str:
    r"""`\frac{1}{2}` as "1/2"; with a number before it, "2 1/2"."""
    before = hit.string[hit.start() - 1 : hit.start()]
    above, digit, below, last = hit.groups()
    return f"{' ' if before.isdigit() else ''}{above or digit}/{below or last}"


def _letter(span: str, labels: tuple[str, ...]) -> str | None:
    allowed = labels or tuple("ABCDEFGHIJ")
    leading = _LEADING_LETTER.match(span)
    if leading and leading.group(1).upper() in allowed and _is_choice(span, leading):
        return leading.group(1).upper()
    lone = {hit for hit in _LONE_LETTER.findall(_WORD_A_OR_I.sub(" ", span)) if hit in allowed}
    return lone.pop() if len(lone) == 1 else None


def _is_choice(span: str, hit: re.Match[str]) -> bool:
    """ "A" alone, "A.", "(A)", "a)" are choices; "A planet turns" and "i think" are words."""
    rest = span[hit.end() :]
    if not rest or rest[0] in ").:]\n,;*\"'`":
        return True
    return hit.group(1).isupper() and hit.group(1) not in "AI"


def _label(span: str, labels: tuple[str, ...]) -> str | None:
    """The one label that the span names; None when it names none or several."""
    exact = _exact_label(span, labels)
    if exact is not None:
        return exact
    lowered = span.lower()
    named = [label for label in labels if re.search(rf"(?<!\w){re.escape(label.lower())}(?!\w)", lowered)]
    return named[0] if len(named) == 1 else None


def _exact_label(span: str, labels: tuple[str, ...]) -> str | None:
    exact = span.lower().strip(" \t\n.!\"'`*()[]")
    return next((label for label in labels if exact == label.lower()), None)


def _phrase(span: str) -> str | None:
    line = next((line for line in span.split("\n") if line.strip()), "")
    return line.strip(' \t*_`"') or None


def _whole(text: str, reasoned: bool) -> Extraction:
    """A free text: all of it, or what follows the last marker at the start of a line."""
    if reasoned:
        hits = list(re.finditer(r"(?im)^\W{0,3}(?:final )?answer\W{0,3}:[ \t*]*", text))
        if hits and text[hits[-1].end() :].strip():
            return Extraction(text[hits[-1].end() :].strip(), "answer-marker", firm=False)
    return Extraction(text, "whole-reply", firm=False)


def _code(text: str) -> Extraction | None:
    """The last fenced block that defines something, Python's before others; or a reply that is code."""
    blocks = _FENCE.findall(text)
    python = [body for _, tag, body in blocks if tag.lower() in ("python", "py", "python3")]
    bodies = python or [body for _, _, body in blocks]
    if bodies:
        body = next((found for found in reversed(bodies) if _DEFINES.search(found)), bodies[-1])
        closed = all(text.count(fence) % 2 == 0 for fence in {fence for fence, _, _ in blocks})
        return Extraction(body, "fenced-code", firm=closed)
    start = re.search(r"(?m)^(?:def |from |import |async def |class |@)", text)
    return Extraction(text[start.start() :], "bare-code", firm=False) if start else None
