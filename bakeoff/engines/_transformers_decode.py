"""Replies and scores of a batch, token by token, for engine 'transformers'.

Each row has its own sampling, its own end and its own seed; rows that are done leave the batch, and
the others go on without them. A draw is one number from a generator of the row's own, so it does not
depend on what else is in the batch. Example:

    generate(network, text, rows, owed=lambda: True)
    rows[0].reply.result().text

Sources: nucleus sampling, Holtzman et al., https://arxiv.org/abs/1904.09751; log-probabilities of
continuations as in lm-evaluation-harness (`_loglikelihood_tokens`, MIT).
"""

from __future__ import annotations

import importlib
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bakeoff.core.timing import Gaps
from bakeoff.core.types import FinishReason, Sampling, TokenLogProb
from bakeoff.engines._prompts import Scored
from bakeoff.engines._transformers_model import Network
from bakeoff.engines._transformers_text import Text

_SLACK = 4  # tokens that one character may take


@dataclass(slots=True)
class Reply:
    """What came of one request; `batch` is the number of sequences it began with."""

    text: str
    finish: FinishReason
    prompt_tokens: int
    output_tokens: int
    first_token_s: float
    batch: int
    logprobs: tuple[TokenLogProb, ...] = ()
    queue_s: float = 0.0  # until its batch began
    gaps: tuple[float, ...] = ()  # seconds between its tokens


class Row:
    """One prompt on its way to a reply. Cancelling `reply` takes it out of the batch at the next token."""

    def __init__(self, prompt: list[int], sampling: Sampling, most: int) -> None:
        self.prompt = prompt
        self.sampling = sampling
        self.most = most  # tokens that the reply may have
        self.reply: Future[Reply] = Future()
        self.asked = time.perf_counter()
        self.begin()

    def begin(self) -> None:
        """From the start, as if nothing had been made yet."""
        self.began = time.perf_counter()
        self.pieces = Gaps(self.began)
        self.made: list[int] = []
        self.told: list[TokenLogProb] = []
        self.dice = random.Random(self.sampling.seed)

    def settle(self, reply: Reply) -> None:
        with suppress(InvalidStateError):  # cancelled meanwhile
            self.reply.set_result(reply)


def generate(
    network: Network, text: Text, ends: frozenset[int], rows: Sequence[Row], going: Callable[[], bool]
) -> None:
    """Answer the rows; each is settled as soon as it ends. Returns early when `going` turns false."""
    batch = len(rows)
    for row in rows:
        row.begin()
    step = network.forward([row.prompt for row in rows], 1, cached=True)
    left = list(rows)
    while going():
        _take(step.logits[:, -1].float(), left, text)
        alive, now = [], time.perf_counter()
        for place, row in enumerate(left):
            if row.made[-1] not in ends or row.pieces.first is None:  # the token that only ends is no piece of text
                row.pieces.note(now)
            reply = _ended(row, text, ends, batch)
            if reply is not None:
                row.settle(reply)
            elif not row.reply.cancelled():
                alive.append(place)
        left = [left[place] for place in alive]
        if not left:
            return
        step = network.follow(step, [row.made[-1] for row in left], alive)


def _take(logits: Any, rows: Sequence[Row], text: Text) -> None:
    """The next token of each row, out of logits (rows × vocabulary)."""
    chosen = logits.argmax(-1).tolist()
    drawn = [place for place, row in enumerate(rows) if row.sampling.temperature > 0]
    if drawn:
        for place, token in zip(drawn, _draw(logits[drawn], [rows[place] for place in drawn]), strict=True):
            chosen[place] = token
    for place, row in enumerate(rows):
        row.made.append(chosen[place])
        if row.sampling.logprobs is not None:
            row.told.append(_told(logits[place], chosen[place], row.sampling.logprobs, text))


def _draw(logits: Any, rows: Sequence[Row]) -> list[int]:
    """A token of each row by its temperature and top-p: where its number falls in the sum of the likeliest."""
    torch = importlib.import_module("torch")
    heat = torch.tensor([[row.sampling.temperature] for row in rows], device=logits.device)
    nucleus = torch.tensor([[row.sampling.top_p or 1.0] for row in rows], device=logits.device)
    number = torch.tensor([[row.dice.random()] for row in rows], device=logits.device)
    shares, order = torch.softmax(logits / heat, -1).sort(dim=-1, descending=True, stable=True)
    reached = shares.cumsum(-1)
    shares = shares.masked_fill(reached - shares >= nucleus, 0.0)  # the token that crosses the line belongs to it
    reached = shares.cumsum(-1)
    place = torch.searchsorted(reached, number * reached[:, -1:], right=True).clamp(max=order.shape[-1] - 1)
    return [int(token) for token in order.gather(-1, place)[:, 0].tolist()]


def _told(logits: Any, token: int, most: int, text: Text) -> TokenLogProb:
    logprobs = logits.log_softmax(-1)
    top = logprobs.topk(min(most, logprobs.shape[-1]))
    pairs = zip(top.indices.tolist(), top.values.tolist(), strict=True)
    return TokenLogProb(
        text.piece(token), float(logprobs[token]), tuple((text.piece(one), value) for one, value in pairs)
    )


def _ended(row: Row, text: Text, ends: frozenset[int], batch: int) -> Reply | None:
    """The reply, where the last token ended it: by itself, by a text that was to stop it, by its number."""
    finish: FinishReason | None = None
    made = row.made
    if made[-1] in ends:
        finish, made = "stop", made[:-1]
    elif _stopped(row, text):
        finish = "stop"
    elif len(made) >= row.most:
        finish = "length"
    if finish is None:
        return None
    said = text.decode(row.prompt, made)
    cuts = [place for stop in row.sampling.stop if stop and (place := said.find(stop)) >= 0]
    said = said[: min(cuts)] if cuts else said
    return Reply(
        said,
        finish,
        len(row.prompt),
        len(row.made),
        row.pieces.first or 0.0,
        batch,
        tuple(row.told),
        row.began - row.asked,
        tuple(row.pieces.between),
    )


def _stopped(row: Row, text: Text) -> bool:
    stops = [stop for stop in row.sampling.stop if stop]
    if not stops:
        return False
    tail = max(map(len, stops)) * _SLACK  # a character is of up to four tokens
    return any(stop in text.decode(row.prompt, row.made[-tail:]) for stop in stops)


def score(network: Network, rows: Sequence[Scored]) -> None:
    """Fill in `values` of each row: natural-log probabilities, one for each token of the continuation.

    Rows that are shown the same, as contexts whose choices are one token are, take one forward pass.
    """
    torch = importlib.import_module("torch")
    shown = list(dict.fromkeys(row.read for row in rows))
    keep = max(row.count for row in rows)
    logits = network.forward(shown, keep).logits
    place = {sequence: number for number, sequence in enumerate(shown)}
    for row in rows:
        own = logits[place[row.read], keep - row.count :].float().log_softmax(-1)
        looked = torch.tensor(row.tokens[row.known :], device=own.device)[:, None]
        row.values = [float(value) for value in own.gather(-1, looked)[:, 0].tolist()]
        row.batch = len(shown)
