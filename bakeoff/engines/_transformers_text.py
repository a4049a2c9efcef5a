"""Messages to tokens and tokens to text, for engine 'transformers'.

Contexts with continuations are split as lm-evaluation-harness does (`_encode_pair`, MIT): spaces at
the end of a context belong to the continuation, both are encoded together, and what the context
alone would take is cut off in front. Example:

    text = open_text(place, dummy=False)
    text.pair("2 + 2 =", " 4")      # ([…], […])
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Protocol

from bakeoff.core.errors import BadRequest, EndpointWrong
from bakeoff.core.types import Message
from bakeoff.engines._transformers_files import Place

# Marks that are one token wherever they are used. Others, as <|user|>, some models write as plain text.
_MARKS = ("<|im_start|>", "<|start_header_id|>", "<start_of_turn>")


class Text(Protocol):
    """What the engine needs of a tokenizer."""

    def chat(self, messages: Sequence[Message]) -> list[int]: ...

    def plain(self, text: str) -> list[int]: ...

    def pair(self, before: str, after: str) -> tuple[list[int], list[int]]: ...

    def decode(self, prompt: Sequence[int], made: Sequence[int]) -> str: ...

    def piece(self, token: int) -> str: ...

    @property
    def ends(self) -> frozenset[int]:
        """Tokens that end a reply, as the tokenizer says."""
        ...


class Tokenizer:
    """A tokenizer of the library. Not for two threads at once."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.ends = frozenset(token for token in (inner.eos_token_id,) if token is not None)

    def chat(self, messages: Sequence[Message]) -> list[int]:
        """Raises BadRequest where the template refuses the messages."""
        turns = [{"role": message.role, "content": message.content} for message in messages]
        try:
            prompt = self._inner.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        except Exception as error:  # of jinja, of the library
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise BadRequest(f"the model's chat template refuses the messages ({said:.120})") from None
        return self._encode(prompt, special=False)  # the template wrote them

    def plain(self, text: str) -> list[int]:
        return self._encode(text) or self._prefix()

    def pair(self, before: str, after: str) -> tuple[list[int], list[int]]:
        if not before:
            return self._prefix(), self._encode(after, special=False)
        spaces = len(before) - len(before.rstrip())
        if spaces:
            before, after = before[:-spaces], before[-spaces:] + after
        whole, context = self._encode(before + after), self._encode(before)
        if not context:  # nothing but spaces
            return self._prefix(), whole
        return whole[: len(context)], whole[len(context) :]

    def _encode(self, text: str, special: bool = True) -> list[int]:
        begin = self._inner.bos_token
        if begin and text.startswith(begin):
            special = False  # it is there already
        return list(self._inner.encode(text, add_special_tokens=special))

    def _prefix(self) -> list[int]:
        begin = self._inner.bos_token_id
        found = self._inner.eos_token_id if begin is None else begin
        return [] if found is None else [found]

    def decode(self, prompt: Sequence[int], made: Sequence[int]) -> str:
        """The text of the tokens made. The last of the prompt goes along: some drop a space at the beginning."""
        before, whole = self._decode(prompt[-1:]), self._decode([*prompt[-1:], *made])
        return whole[len(before) :] if whole.startswith(before) else self._decode(made)

    def _decode(self, tokens: Sequence[int]) -> str:
        options = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
        return str(self._inner.decode(list(tokens), **options))

    def piece(self, token: int) -> str:
        return str(self._inner.decode([token], clean_up_tokenization_spaces=False))


class StandIn:
    """For random weights without a tokenizer: four bytes are a token, and a token is a word without sense."""

    ends: frozenset[int] = frozenset()

    def __init__(self, vocabulary: int) -> None:
        self._vocabulary = vocabulary

    def chat(self, messages: Sequence[Message]) -> list[int]:
        return self.plain("\n".join(message.content for message in messages))

    def plain(self, text: str) -> list[int]:
        told = text.encode() or b" "
        return [int.from_bytes(told[i : i + 4], "big") % self._vocabulary for i in range(0, len(told), 4)]

    def pair(self, before: str, after: str) -> tuple[list[int], list[int]]:
        return self.plain(before), self.plain(after)

    def decode(self, prompt: Sequence[int], made: Sequence[int]) -> str:
        return "".join(map(self.piece, made))

    def piece(self, token: int) -> str:
        return f" {token:x}"


def open_text(place: Place, dummy: bool) -> Text:
    """The tokenizer of a model. Raises EndpointWrong where it cannot be read, or is another model's."""
    vocabulary = _vocabulary(place)
    if dummy and not any(place.folder.glob("tokenizer*")):
        return StandIn(vocabulary or 32000)
    library = importlib.import_module("transformers")
    library.logging.set_verbosity_error()
    try:
        inner = library.AutoTokenizer.from_pretrained(str(place.folder), trust_remote_code=False)
    except Exception as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EndpointWrong(
            f"the tokenizer of '{place.name}' cannot be read ({said:.160})", "fetch its files again"
        ) from None
    if vocabulary and len(inner) > vocabulary:
        raise EndpointWrong(
            f"the tokenizer of '{place.name}' has {len(inner):,} tokens and the model knows {vocabulary:,}",
            "it belongs to another model: fetch the files of both again",
        )
    known = inner.get_vocab()
    strange = next((mark for mark in _MARKS if mark in place.template and mark not in known), None)
    if strange is not None:
        raise EndpointWrong(
            f"the chat template of '{place.name}' writes '{strange}', which its tokenizer does not know",
            "they belong to two models: fetch both again, or ask without the template: --api completions",
        )
    return Tokenizer(inner)


def _vocabulary(place: Place) -> int | None:
    inner = place.config.get("text_config")
    found = (inner if isinstance(inner, dict) else place.config).get("vocab_size")
    return found if isinstance(found, int) and found > 0 else None
