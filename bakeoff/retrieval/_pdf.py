"""PDF as documents, a document for each page, through pypdf (BSD-3-Clause); no page is drawn and no link followed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bakeoff.core.errors import DataInvalid, MissingExtra
from bakeoff.retrieval.documents import Document


def pdf_documents(path: Path) -> Iterator[Document]:
    """The pages that hold text. Raises MissingExtra, and DataInvalid where there is none to be had."""
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError:
        raise MissingExtra("the reader of PDF files", "retrieval") from None
    try:
        with _unlogged("pypdf"):
            reader = PdfReader(path, strict=False)
            if reader.is_encrypted and not reader.decrypt(""):
                raise DataInvalid(f"'{path}' is encrypted", "save it without a password")
            title = str(reader.metadata.title or "") if reader.metadata else ""
            pages = [page.extract_text() or "" for page in reader.pages]
    except DataInvalid:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise DataInvalid(f"'{path}' cannot be read as PDF ({why})", "repair it, or convert it to text") from None
    if not any(text.strip() for text in pages):
        raise DataInvalid(f"'{path}' has no text, only pictures of it", "run it through OCR first")
    for number, text in enumerate(pages, 1):
        if text.strip():
            yield Document(text, title=title or path.stem, section=f"page {number}", source=path.name)


@contextmanager
def _unlogged(library: str) -> Iterator[None]:
    """Without what it logs as it mends a file: what cannot be mended is told by us, in one line."""
    logger = logging.getLogger(library)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
