"""Embeddings of an endpoint, played by a server of the test's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest

from bakeoff.core.errors import AuthFailed, BadResponse, ConfigInvalid, EndpointWrong, Unavailable
from bakeoff.retrieval.endpoint import Endpoint

KEY = "secret-of-the-test-0123456789"


class Embeddings(BaseHTTPRequestHandler):
    """Says a vector of a text's length, in the wrong order; fails as its `faults` say first."""

    faults: list[tuple[int, bytes]] = []
    asked: list[dict[str, object]] = []

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append({**told, "key": self.headers.get("authorization"), "path": self.path})
        rows = [{"index": i, "embedding": [float(len(text)), 3.0]} for i, text in enumerate(told["input"])]
        status, body = self.faults.pop(0) if self.faults else (200, json.dumps({"data": rows[::-1]}).encode())
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Embeddings.faults, Embeddings.asked = [], []
    with ThreadingHTTPServer(("127.0.0.1", 0), Embeddings) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join()


def endpoint(address: str) -> Endpoint:
    return Endpoint("tiny", address, KEY, pause=0.0)


def test_vectors_come_in_order_with_length_one_and_in_groups(address: str) -> None:
    embedder = endpoint(address)
    found = embedder.embed(["x" * 4] * 39 + [""])
    assert found.shape == (40, 2)
    assert np.allclose(found[0], [0.8, 0.6]) and np.allclose(np.linalg.norm(found, axis=1), 1)
    assert [len(row["input"]) for row in Embeddings.asked] == [32, 8]  # type: ignore[arg-type] # a list
    assert Embeddings.asked[0]["path"] == "/v1/embeddings" and Embeddings.asked[0]["key"] == f"Bearer {KEY}"
    assert embedder.dimensions == 2 and embedder.embed([]).shape == (0, 2)
    assert embedder.tokens("A cat, sat.") == [(0, 1), (2, 5), (5, 6), (7, 10), (10, 11)]


def test_a_fault_that_may_pass_is_tried_again(address: str) -> None:
    Embeddings.faults = [(503, b"busy"), (429, b"slow")]
    assert endpoint(address).embed(["x"]).shape == (1, 2)


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        ([(401, f"key {KEY} refused".encode())], AuthFailed),
        ([(404, b"no model")], EndpointWrong),
        ([(500, b"broken")] * 5, Unavailable),
        ([(200, b"<html>")], BadResponse),
        ([(200, b'{"data": []}')], BadResponse),
    ],
)
def test_what_does_not_pass_is_told_without_the_key(
    address: str, faults: list[tuple[int, bytes]], kind: type[Exception]
) -> None:
    Embeddings.faults = list(faults)
    with pytest.raises(kind) as caught:
        endpoint(address).embed(["x"])
    assert KEY not in str(caught.value)


def test_an_address_without_a_server_is_told() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        Endpoint("tiny", "http://127.0.0.1:9/v1", pause=0.0).embed(["x"])
    with pytest.raises(ConfigInvalid, match="is no URL"):
        Endpoint("tiny", "127.0.0.1:9")
