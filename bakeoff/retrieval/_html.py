"""HTML as documents: its words without scripts, styles and navigation; a document for each heading's part.

Through the parser of the standard library, which takes any tag soup; nothing in the page is run or fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from bakeoff.retrieval.documents import Document

_SILENT = frozenset({"script", "style", "template", "noscript", "nav", "footer", "svg", "iframe", "select"})
_BREAKS = frozenset(
    {"p", "br", "li", "tr", "div", "section", "article", "table", "ul", "ol", "pre", "blockquote", "dd", "dt", "hr"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLANK = re.compile(r"[ \t\r\f\v\xa0]+")
_LINES = re.compile(r"\n\s*\n+|\n +")


def html_documents(text: str, source: str) -> Iterator[Document]:
    """The parts of a page that hold text."""
    page = _Page()
    page.feed(text)
    page.close()
    page.end_part()
    title = _flat(page.title) or (page.first_heading or source.partition(".")[0])
    for section, words in page.parts:
        yield Document(words, title=title, section=section if section != title else "", url=page.url, source=source)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.url = ""
        self.first_heading = ""
        self.parts: list[tuple[str, str]] = []
        self._silent: list[str] = []
        self._in_title = False
        self._heading: list[str] | None = None
        self._section = ""
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and not self.title:
            self._in_title = True
        elif tag == "link" and dict(attrs).get("rel") == "canonical":
            self.url = dict(attrs).get("href") or ""
        elif tag in _SILENT:
            self._silent.append(tag)
        elif tag in _HEADINGS:
            self.end_part()
            self._heading = []
        elif tag in _BREAKS:
            self._words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag in self._silent:  # with all that was left open in it
            while self._silent.pop() != tag:
                pass
        elif tag in _HEADINGS and self._heading is not None:
            self._section, self._heading = _flat("".join(self._heading)), None
            self.first_heading = self.first_heading or self._section
        elif tag in _BREAKS:
            self._words.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif self._silent:
            return
        elif self._heading is not None:
            self._heading.append(data)
        else:
            self._words.append(data)

    def end_part(self) -> None:
        """What was gathered since the last heading is a part, where it is more than blanks."""
        words = _LINES.sub("\n", _BLANK.sub(" ", "".join(self._words))).strip()
        if words:
            self.parts.append((self._section, words))
        self._words = []


def _flat(text: str) -> str:
    return " ".join(text.split())
