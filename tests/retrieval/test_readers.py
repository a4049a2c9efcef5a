"""Documents from files: what is read of each kind, and one line for each that cannot be."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bakeoff.core.errors import ConfigInvalid, DataInvalid
from bakeoff.retrieval.documents import Document
from bakeoff.retrieval.readers import read
from tests.conftest import require


def of(path: Path) -> list[Document]:
    return list(read([path], []))


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_json_lines_keep_title_url_and_the_rest(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"_id": 7, "text": "T", "title": "A", "url": "u", "year": 1900}\n\n')
    (document,) = of(path)
    assert (document.text, document.title, document.url, document.id) == ("T", "A", "u", "7")
    assert document.meta == {"year": 1900} and document.source == "a.jsonl"


def test_packed_files_and_folders_are_read_and_the_rest_is_told(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "b.txt.gz").write_bytes(gzip.compress(b"packed"))
    write(tmp_path, "a.txt", "plain")
    picture = write(tmp_path, "c.png", "no text")
    skipped: list[Path] = []
    assert [document.text for document in read([tmp_path], skipped)] == ["plain", "packed"]
    assert skipped == [picture]


def test_markdown_has_a_document_for_each_section(tmp_path: Path) -> None:
    page = "# Ships\nintro\n## Sail\n```\n# no heading\n```\n### Knots\nknot\n## Steam\nsteam\n## Empty\n"
    found = [(one.title, one.section, one.text) for one in of(write(tmp_path, "s.md", page))]
    assert found == [
        ("Ships", "", "intro"),
        ("Ships", "Sail", "```\n# no heading\n```"),
        ("Ships", "Sail › Knots", "knot"),
        ("Ships", "Steam", "steam"),
    ]


def test_html_is_read_without_scripts_and_navigation(tmp_path: Path) -> None:
    page = (
        "<head><title>Ships &amp; boats</title><link rel=canonical href=https://x.org/s><style>p{}</style></head>"
        "<nav>menu</nav><h1>Ships &amp; boats</h1><p>A <b>ship</b> sails.<script>alert(1)</script><h2>Steam</h2>"
        "<ul><li>one<li>two</ul><p>unclosed"
    )
    found = of(write(tmp_path, "s.html", page))
    assert [(one.section, one.text) for one in found] == [("", "A ship sails."), ("Steam", "one\ntwo\nunclosed")]
    assert {(one.title, one.url) for one in found} == {("Ships & boats", "https://x.org/s")}


def test_pdf_has_a_document_for_each_page(tmp_path: Path) -> None:
    require("pypdf")
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_of("Ships left port."))
    (page,) = of(path)
    assert "Ships left port." in page.text and page.section == "page 1" and page.title == "a"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl", b'{"text": "x"}\n{oops\n', r"a.jsonl' line 2 is no JSON"),
        ("a.jsonl", b'{"words": "x"}\n', r"line 1 has no text"),
        ("a.jsonl", b"[1]\n", r"line 1 has no text"),
        ("a.txt", b"\xff\xfe\x00", r"a.txt' is not UTF-8 at byte 0"),
        ("a.txt.gz", b"no gzip", r"is no whole gzip file"),
        ("a.pdf", b"%PDF-1.7 and then nothing", r"a.pdf' cannot be read as PDF"),
        ("b.pdf", b"", r"b.pdf' cannot be read as PDF"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # pypdf warns of what it tries to mend
def test_what_cannot_be_read_is_told_in_a_line(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    if name.endswith("pdf"):
        require("pypdf")
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataInvalid, match=told) as caught:
        of(path)
    assert "\n" not in str(caught.value)


def test_what_the_reader_of_pdf_logs_is_not_printed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    require("pypdf")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    with pytest.raises(DataInvalid, match="cannot be read as PDF"):
        of(tmp_path / "bad.pdf")
    assert not caplog.records


def test_a_pdf_of_pictures_is_told(tmp_path: Path) -> None:
    require("pypdf")
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf_of(""))
    with pytest.raises(DataInvalid, match="no text, only pictures"):
        of(path)


def test_a_path_that_is_not_there_or_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="no file or folder"):
        of(tmp_path / "nowhere.txt")
    with pytest.raises(ConfigInvalid, match=r"known endings: \.htm"):
        of(write(tmp_path, "a.docx", "x"))


def pdf_of(text: str) -> bytes:
    """A PDF of one page with one line of text."""
    stream = f"BT /F1 12 Tf 20 20 Td ({text}) Tj ET".encode() if text else b""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 50]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    written = b"%PDF-1.4\n"
    places = []
    for number, part in enumerate(parts, 1):
        places.append(len(written))
        written += b"%d 0 obj%b endobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(written)
    written += b"xref\n0 6\n0000000000 65535 f \n" + table
    return written + b"trailer<</Root 1 0 R/Size 6>>\nstartxref\n%d\n%%%%EOF" % start
