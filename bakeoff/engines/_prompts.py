"""Requests as tokens, for engines that hold the model's tokenizer themselves.

What is asked is the same whatever runs the model: the chat template, the split of contexts with their
continuations, what is too long. So the engines differ in their arithmetic alone. Example:

    prompter = Prompter(config, place, context=4096, dummy=False)
    prompter.prompt(request)        # [1, 4093, 198, …]
    prompter.rows(request)          # of a `scored` request: a Scored for each continuation
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from bakeoff.core.errors import BadRequest, ConfigInvalid, ContextOverflow
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Completion, Request, TokenLogProb
from bakeoff.engines._likelihood import shown
from bakeoff.engines._transformers_files import Place
from bakeoff.engines._transformers_text import Text, open_text
from bakeoff.engines.openai_compatible import render_plain


@dataclass(slots=True)
class Scored:
    """One sequence to be scored: the log-probabilities of what follows its first `known` tokens.

    `pieces` are the texts of the tokens that follow; `batch` is 0 until it was scored.
    """

    tokens: tuple[int, ...]
    known: int
    pieces: tuple[str, ...] = ()
    values: list[float] = field(default_factory=list)
    batch: int = 0

    @property
    def read(self) -> tuple[int, ...]:
        """What the model is shown: the last token is only looked for."""
        return self.tokens[:-1]

    @property
    def count(self) -> int:
        return len(self.tokens) - self.known


class Prompter:
    """Tokenises requests, from any thread. The tokenizer is opened by the first of them."""

    def __init__(self, config: EngineConfig, place: Place, context: int, dummy: bool) -> None:
        if config.api == "chat" and not place.template and not dummy:
            raise ConfigInvalid(f"model '{config.name}' has no chat template", "ask it as text: --api completions")
        self._chat = config.api == "chat"
        self._place = place
        self._context = context
        self._dummy = dummy
        self._text: Text | None = None
        self._reading = threading.Lock()

    def prompt(self, request: Request) -> list[int]:
        """Raises ContextOverflow, BadRequest, EndpointWrong."""
        with self._reading:
            text = self._reader()
            found = text.chat(request.messages) if self._chat else text.plain(render_plain(request.messages))
        self._check(len(found) + 1)
        return found

    def rows(self, request: Request) -> list[Scored]:
        """Raises ContextOverflow, BadRequest, EndpointWrong."""
        with self._reading:
            text = self._reader()
            return [self._row(*text.pair(before, after), text) for before, after in request.scored]

    def _row(self, before: list[int], after: list[int], text: Text) -> Scored:
        self._check(len(before) + len(after) - 1)
        if not before or not after:
            raise BadRequest("a continuation of no tokens has no log-probability", "look at the benchmark's choices")
        return Scored((*before, *after), len(before), tuple(map(text.piece, after)))

    def decode(self, prompt: Sequence[int], made: Sequence[int]) -> str:
        with self._reading:
            return self._reader().decode(prompt, made)

    def piece(self, token: int) -> str:
        with self._reading:
            return self._reader().piece(token)

    def _reader(self) -> Text:
        if self._text is None:
            self._text = open_text(self._place, self._dummy)
        return self._text

    def _check(self, tokens: int) -> None:
        if tokens > self._context:
            raise ContextOverflow(
                f"the prompt has {tokens:,} tokens, '{self._place.name}' holds {self._context:,}",
                "ask with fewer examples, or give it more with the setting 'context' if the model can",
            )

    def forget(self) -> None:
        """Let the tokenizer go; the next request opens it again."""
        with self._reading:
            self._text = None


def from_scored(rows: list[Scored], request: Request) -> Completion:
    """The log-probabilities of the continuations (pure)."""
    found = tuple(
        TokenLogProb(after, sum(row.values), tuple(zip(row.pieces, row.values, strict=True)))
        for row, (_, after) in zip(rows, request.scored, strict=True)
    )
    return Completion(b"", shown(found), "stop", sum(len(row.tokens) for row in rows), 0, logprobs=found)
