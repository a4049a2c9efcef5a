"""Markdown as documents: a document for each section, so that a passage can say where it stands.

# Title          → title
## Section       → section "Section"
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bakeoff.retrieval.documents import Document

_HEADING = re.compile(r"(#{1,6})[ \t]+([^\n]{1,300})")
_FENCE = re.compile(r"[ ]{0,3}(```|~~~)")


def markdown_documents(text: str, source: str) -> Iterator[Document]:
    """The sections of a page that hold text; a `#` within a code block is no heading."""
    title, path, lines = source.partition(".")[0], list[str](), list[str]()
    fenced = False
    named = False
    for line in text.splitlines():
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.fullmatch(line.rstrip())
        if heading is None:
            lines.append(line)
            continue
        yield from _section(lines, title, path, source)
        lines = []
        level, words = len(heading[1]), heading[2].rstrip("# \t")
        if level == 1 and not named:
            title, named, path = words, True, []
        else:
            path = [*path[: max(0, level - 2)], words]
    yield from _section(lines, title, path, source)


def _section(lines: list[str], title: str, path: list[str], source: str) -> Iterator[Document]:
    text = "\n".join(lines).strip()
    if text:
        yield Document(text, title=title, section=" › ".join(path), source=source)
