"""Reads documents from files and folders: JSON lines, text, Markdown, HTML, PDF.

By the ending of the file's name; a folder is read through, in order of name, and files of other kinds in it are
passed over and counted. Example:

    for document in read([Path("wiki/"), Path("manual.pdf")], skipped):
        ...
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import orjson

from bakeoff.core.errors import ConfigInvalid, DataInvalid
from bakeoff.retrieval._html import html_documents
from bakeoff.retrieval._markdown import markdown_documents
from bakeoff.retrieval._pdf import pdf_documents
from bakeoff.retrieval.documents import Document

_TEXT_NAMES = ("text", "contents", "content", "passage", "body")
_ID_NAMES = ("id", "_id", "docid", "doc_id")
_KNOWN = frozenset((*_TEXT_NAMES, *_ID_NAMES, "title", "section", "url"))
MOST_BYTES = 2_000_000_000


def read(paths: Sequence[Path], skipped: list[Path]) -> Iterator[Document]:
    """Every document, in order of the paths; `skipped` takes files of a folder that nothing here reads.

    Raises ConfigInvalid for a path that is not there, DataInvalid for a file that cannot be read.
    """
    for path in paths:
        if path.is_dir():
            for inner in sorted(one for one in path.rglob("*") if one.is_file()):
                if _reader(inner) is None:
                    skipped.append(inner)
                else:
                    yield from read_file(inner)
        else:
            yield from read_file(path)


def read_file(path: Path) -> Iterator[Document]:
    """The documents of one file. Raises ConfigInvalid, DataInvalid, MissingExtra."""
    if not path.is_file():
        raise ConfigInvalid(f"no file or folder '{path}'", "name what is to be read")
    reader = _reader(path)
    if reader is None:
        raise ConfigInvalid(
            f"'{path}' is of a kind that is not read", f"known endings: {', '.join(sorted(_READERS))} (and .gz of them)"
        )
    if path.stat().st_size > MOST_BYTES:
        raise DataInvalid(f"'{path}' has more than {MOST_BYTES:,} bytes", "split it into several files")
    yield from reader(path)


def content(path: Path) -> str:
    """The text of a file, unpacked. Raises DataInvalid when it is not UTF-8 or no gzip file."""
    try:
        packed = path.read_bytes()
        plain = gzip.decompress(packed) if path.suffix == ".gz" else packed
        return plain.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataInvalid(f"'{path}' is not UTF-8 at byte {error.start:,}", "save it as UTF-8") from None
    except (gzip.BadGzipFile, EOFError) as error:
        raise DataInvalid(f"'{path}' is no whole gzip file ({error})", "pack it again") from None


def _jsonl(path: Path) -> Iterator[Document]:
    for number, line in enumerate(content(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise DataInvalid(f"'{path}' line {number:,} is no JSON ({error})", "correct that line") from None
        text = next((row[name] for name in _TEXT_NAMES if name in row), None) if isinstance(row, dict) else None
        if not isinstance(text, str):
            raise DataInvalid(
                f"'{path}' line {number:,} has no text", f"write objects with one of: {', '.join(_TEXT_NAMES)}"
            )
        told = {name: str(row.get(name) or "") for name in ("title", "section", "url")}
        name = next((str(row[key]) for key in _ID_NAMES if row.get(key) is not None), "")
        meta = {key: value for key, value in row.items() if key not in _KNOWN}
        yield Document(text, id=name, source=path.name, meta=meta, **told)


def _text(path: Path) -> Iterator[Document]:
    yield Document(content(path), title=path.name.partition(".")[0], source=path.name)


def _markdown(path: Path) -> Iterator[Document]:
    return markdown_documents(content(path), path.name)


def _html(path: Path) -> Iterator[Document]:
    return html_documents(content(path), path.name)


_READERS: dict[str, Callable[[Path], Iterator[Document]]] = {
    ".jsonl": _jsonl,
    ".txt": _text,
    ".md": _markdown,
    ".markdown": _markdown,
    ".html": _html,
    ".htm": _html,
    ".pdf": pdf_documents,
}


def _reader(path: Path) -> Callable[[Path], Iterator[Document]] | None:
    endings = [ending.lower() for ending in path.suffixes]
    if endings and endings[-1] == ".gz":
        endings.pop()
        if endings and endings[-1] == ".pdf":
            return None
    return _READERS.get(endings[-1]) if endings else None
