"""`bakeoff kb`: knowledge bases that methods like rag_hybrid read before they answer."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from bakeoff.app.settings import Settings
from bakeoff.cli import screen
from bakeoff.cli.show import json_option
from bakeoff.reports.charts import inert

if TYPE_CHECKING:
    from bakeoff.app.knowledge_evaluation import Evaluation
    from bakeoff.core.retrieval import Passage
    from bakeoff.retrieval.base import Manifest

QUIET = 10.0  # seconds between two lines of progress, where nobody looks
SEARCHES = ("dense", "bm25", "hybrid")


@click.group()
def kb() -> None:
    """Make, list, search and measure knowledge bases for retrieval.

    \b
      bakeoff kb add wiki articles/ manual.pdf
      bakeoff kb search wiki "Who wrote Faust?"
      bakeoff run -m fake/a -b squad --methods naive,rag_hybrid:kb=wiki
    """


@kb.command("add", short_help="Read files into a knowledge base.")
@click.argument("name")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--embedder", metavar="NAME", help="minilm, sentence-transformers/NAME, openai/MODEL@URL. [minilm]")
@click.option("--api-key-env", "key_env", metavar="VAR", help="Variable with the key of an openai/ embedder.")
@click.option("--chunk-size", type=click.IntRange(min=16), help="Tokens of a chunk. [default: 256]")
@click.option("--overlap", type=click.IntRange(min=0), help="Tokens that a chunk shares with the last. [default: 50]")
@click.option("--index", metavar="WHERE", help="exact, or a Qdrant: its URL or a folder. [default: exact]")
@click.option("--index-key-env", metavar="VAR", help="Variable with the key of the Qdrant server.")
@click.option("--limit", type=click.IntRange(min=1), help="Articles to take of wikipedia:simple.")
@json_option
def add_base(as_json: bool, **named: Any) -> None:
    """Read PATHs (JSON lines, text, Markdown, HTML, PDF, folders of them, wikipedia:simple) into base NAME.

    The same command after an interruption goes on where it was: what was embedded is kept. A document with the "id" of
    one that is there takes its place.

    \b
      bakeoff kb add wiki articles.jsonl docs/ --chunk-size 128
      bakeoff kb add big wikipedia:simple --index http://127.0.0.1:6333
    """
    from bakeoff.app.knowledge import Wish, add

    made = add(Wish(**named), Settings.load(), _Progress())
    if as_json:
        told = asdict(made.manifest) | {"read": asdict(made.tally), "cautions": made.cautions}
        click.echo(orjson.dumps(told | {"skipped": [str(path) for path in made.skipped]}).decode())
        return
    for caution in made.cautions:
        screen.talk(f"warning: {caution}")
    if made.skipped:
        screen.talk(f"passed over {len(made.skipped):,} files of other kinds, e.g. '{made.skipped[0]}'")
    tally, manifest = made.tally, made.manifest
    counts = ((tally.empty, "without text"), (tally.twice, "twice"), (tally.replaced, "replaced"))
    odd = [f"{count:,} {what}" for count, what in counts if count]
    read = f"read {tally.documents:,} documents" + (f" ({', '.join(odd)})" if odd else "")
    click.echo(
        f"{read}; '{manifest.name}' has {manifest.chunks:,} chunks of {manifest.documents:,} documents"
        f" ({tally.embedded:,} embedded now, {tally.seconds:.1f} s)"
    )


class _Progress:
    """A line on stderr now and then, or one that is written over where somebody looks."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._last = 0.0

    def __call__(self, done: int, of: int) -> None:
        now = time.monotonic()
        live = sys.stderr.isatty()
        waited = now - max(self._last, self._began)
        if not of or (waited < 0.2 and done < of) or (not live and waited < QUIET):
            return
        self._last = now
        rate = done / max(1e-9, now - self._began)
        left = f", {screen.eta_text((of - done) / rate)} left" if rate and done < of else ""
        line = f"{done:,} of {of:,} chunks, {rate:,.1f}/s{left}"
        if live:
            click.echo(f"\r\033[K{line}" + ("\n" if done == of else ""), err=True, nl=False)
        elif done:
            screen.talk(line)


@kb.command("list", short_help="List knowledge bases.")
@json_option
def list_bases(as_json: bool) -> None:
    """List knowledge bases: how many chunks, of which size, embedded by what, indexed where."""
    from bakeoff.app.knowledge import bases

    found = bases(Settings.load())
    if as_json:
        click.echo(orjson.dumps([asdict(one) for one in found]).decode())
        return
    if not found:
        screen.talk("no knowledge base yet; make one with: bakeoff kb add NAME PATH")
        return
    width = max(4, *(len(one.name) for one in found))
    click.echo(f"{'name':<{width}}  {'documents':>9}  {'chunks':>9}  {'tokens':>7}  {'embedder':<12}  index")
    for one in found:
        cut = f"{one.chunk_size}/{one.overlap}"
        counts = f"{one.documents:>9,}  {one.chunks:>9,}  {cut:>7}"
        click.echo(inert(f"{one.name:<{width}}  {counts}  {one.embedder:<12}  {one.index}"))


@kb.command("show", short_help="Show how a knowledge base was made.")
@click.argument("name")
@click.option("--chunk", metavar="ID", help="Show one chunk, by its id.")
@json_option
def show_base(name: str, chunk: str | None, as_json: bool) -> None:
    """Show how base NAME was made, or one chunk of it."""
    from bakeoff.app.knowledge import open_base
    from bakeoff.core.errors import UnknownName

    base = open_base(name, Settings.load())
    if chunk is not None:
        if chunk not in base.rows:
            raise UnknownName("chunk", chunk, base.rows, see=f"bakeoff kb search {name} QUERY")
        passage = base.chunk(base.rows[chunk]).passage(0.0)
        click.echo(orjson.dumps(_row(passage)).decode() if as_json else inert(_text(passage)))
        return
    told = asdict(base.manifest) | {"identity": base.manifest.identity}
    if as_json:
        click.echo(orjson.dumps(told).decode())
        return
    for line in _manifest_lines(base.manifest):
        click.echo(inert(line))


def _manifest_lines(one: Manifest) -> list[str]:
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.created_at))
    more = f", and {len(one.sources) - 5:,} more" if len(one.sources) > 5 else ""
    return [
        f"{one.name}: {one.chunks:,} chunks of {one.documents:,} documents, {one.tokens:,} tokens, made {made}",
        f"  chunks     {one.chunk_size} tokens, {one.overlap} shared",
        f"  embedder   {one.embedder} ({one.embedder_identity}), {one.dimensions} numbers",
        f"  index      {one.index}, and BM25",
        f"  sources    {', '.join(one.sources[:5])}{more}",
        f"  identity   {one.identity}",
    ]


@kb.command("search", short_help="Search a knowledge base.")
@click.argument("name")
@click.argument("query")
@click.option("--search", type=click.Choice(SEARCHES), default="hybrid", show_default=True, help="The way to search.")
@click.option("--top-k", "-k", type=click.IntRange(1, 1000), default=5, show_default=True, help="Passages to find.")
@click.option("--reranker", metavar="MODEL", default="", help="Cross-encoder, by name or folder.")
@json_option
def search_base(name: str, query: str, search: str, top_k: int, reranker: str, as_json: bool) -> None:
    """Find the passages of base NAME that answer QUERY best."""
    from bakeoff.app.knowledge import Looking, open_finder

    finder = open_finder(name, Settings.load(), Looking(search, reranker=reranker))  # type: ignore[arg-type] # a choice
    began = time.perf_counter()
    found = finder.find(query, top_k)
    seconds = time.perf_counter() - began
    if as_json:
        click.echo(orjson.dumps([_row(passage) for passage in found]).decode())
        return
    for passage in found:
        click.echo(inert(_text(passage)) + "\n")
    screen.talk(f"{len(found)} passages in {seconds * 1000:.0f} ms ({search})")


def _row(passage: Passage) -> dict[str, Any]:
    told = {"id": passage.id, "score": passage.score, "title": passage.title, "section": passage.section}
    return {**told, "url": passage.url, "text": passage.text, "meta": dict(passage.meta)}


def _text(passage: Passage) -> str:
    where = " › ".join(part for part in (passage.title, passage.section, passage.url) if part)
    score = f"{passage.score:.3f}  " if passage.score else ""
    return f"{passage.id}  {score}{where}\n  " + "\n  ".join(passage.text.splitlines())


@kb.command("evaluate", short_help="Measure retrieval on questions with known documents.")
@click.argument("name")
@click.argument("questions", type=click.Path(path_type=Path), metavar="QUESTIONS.jsonl")
@click.option("--search", default="dense,bm25,hybrid", show_default=True, help="Ways; the last is compared with each.")
@click.option("--top-k", "-k", type=click.IntRange(1, 100), default=5, show_default=True, help="k of recall@k.")
@click.option("--reranker", metavar="MODEL", default="", help="Rerank the last way, too: cross-encoder.")
@json_option
def evaluate_base(name: str, questions: Path, search: str, top_k: int, reranker: str, as_json: bool) -> None:
    """Measure recall@k, MRR and nDCG@10 of base NAME on QUESTIONS: lines of {"query": …, "documents": [id, …]}.

    \b
      bakeoff kb evaluate wiki questions.jsonl
      bakeoff kb evaluate wiki questions.jsonl --search bm25,hybrid --json
    """
    from bakeoff.app.knowledge import Looking
    from bakeoff.app.knowledge_evaluation import evaluate, read_questions
    from bakeoff.core.errors import UnknownName

    wanted = [way.strip() for way in search.split(",")]
    for way in wanted:
        if way not in SEARCHES:
            raise UnknownName("way of searching", way, SEARCHES, see="bakeoff kb evaluate --help")
    lookings = [Looking(way) for way in wanted]  # type: ignore[arg-type] # checked above
    if reranker:
        lookings.append(Looking(lookings[-1].way, reranker=reranker))
    found = evaluate(name, read_questions(questions), lookings, Settings.load(), top_k)
    if as_json:
        told = asdict(found)
        for way in told["ways"]:
            del way["values"]
        click.echo(orjson.dumps(told).decode())
        return
    for line in _evaluation_lines(found):
        click.echo(inert(line))


def _evaluation_lines(found: Evaluation) -> list[str]:
    names = list(found.ways[0].measures)
    lines = [f"{found.base}: {found.questions:,} questions" + _unknown(found.unknown), ""]
    lines.append(f"{'search':<16}" + "".join(f"{name:<24}" for name in names) + "p50")
    for way in found.ways:
        told = [f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]" for one in way.measures.values()]
        lines.append(f"{way.label:<16}" + "".join(f"{text:<24}" for text in told) + f"{way.p50_ms:.1f} ms")
    for one in found.contrasts:
        moved = one.found.difference
        p = "is not defined" if one.p is None else f"= {one.p:.4f}" if one.p >= 0.0001 else "< 0.0001"
        difference = f"{moved.value:+.3f} [{moved.low:+.3f}, {moved.high:+.3f}]"
        lines.append(f"{one.label} – {one.beside}: {one.measure} {difference}, paired t p {p} (Holm)")
    return lines


def _unknown(count: int) -> str:
    return f"; {count:,} documents that they name are not in the base" if count else ""


@kb.command("remove", short_help="Remove a knowledge base.")
@click.argument("name")
@json_option
def remove_base(name: str, as_json: bool) -> None:
    """Remove base NAME. What was embedded is kept: adding the same files again costs little."""
    from bakeoff.app.knowledge import remove

    gone = remove(name, Settings.load())
    chunks = gone.chunks if gone is not None else None
    if as_json:
        click.echo(orjson.dumps({"removed": name, "chunks": chunks}).decode())
        return
    click.echo(f"removed '{name}'" + (f" with its {chunks:,} chunks" if chunks is not None else ", which was broken"))
