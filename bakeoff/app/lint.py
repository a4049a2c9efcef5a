"""What is wrong with questions before they are paid for: twins, unclear choices, stops that fire too early.

Warnings, never errors: many published sets have such items, and somebody may want them as they are. Each
names at most three samples and says what to do. Example:

    watch = Lint("gsm8k", benchmark, profile)
    for sample in samples: watch.see(sample)
    watch.cautions()
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bakeoff.core.errors import BakeoffError
from bakeoff.core.prompts import fields_of, fill, named_in, template_name
from bakeoff.core.protocols import Benchmark, Method, Profile, Task
from bakeoff.core.types import Sample

CHARS_PER_TOKEN = 4
MOST_BEFORE_A_RUN = 1000
MOST_SEARCHED = 16  # samples whose passages are searched for, only to look at the prompt
MOST_RENDERED = 20_000_000  # characters of prompts that are built only to be looked at
_NAMED = 3
_MARK = re.compile(
    r"<\|(?:im_start|im_end|begin_of_text|end_of_text|endoftext|start_header_id|end_header_id|eot_id|eom_id"
    r"|user|assistant|system|end)\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<bos>|<eos>"
)
_BEGINNINGS = {"<|start_header_id|>": "<|begin_of_text|>", "[INST]": "<s>", "<start_of_turn>": "<bos>"}
_ODD = re.compile("[\x00\ufffd\ufeff]")
_CHAT_MODEL = re.compile(r"(?i)(?:^|[-_/.])(?:instruct|chat|it)(?:$|[-_.:])")
_ENOUGH_OF_AN_EXAMPLE = 20
_BRACED = re.compile(r"\{([^{}\n]{1,60})\}")


@dataclass(frozen=True, slots=True)
class Caution:
    """One kind of thing that is wrong: how often, in which samples, what to do."""

    code: str
    benchmark: str
    said: str
    hint: str
    count: int = 1
    ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        named = f" (ids {', '.join(id_[:60] for id_ in self.ids)}{', …' if self.count > len(self.ids) else ''})"
        return f"{self.benchmark}: {self.said}{named if self.ids else ''}: {self.hint}"


@dataclass(slots=True)
class _Seen:
    """How often something was seen, and the first samples."""

    said: str
    hint: str
    count: int = 0
    ids: list[str] = field(default_factory=list)


class Lint:
    """Looks at the samples of one benchmark, one at a time."""

    def __init__(
        self,
        name: str,
        benchmark: Benchmark,
        profile: Profile,
        stops: Sequence[str] = (),
        contexts: Mapping[str, int] | None = None,
        pooled: bool = True,
        drawn: bool = False,
    ) -> None:
        """`contexts`: model → tokens its context holds; `pooled`: whether examples may come from the pool;
        `drawn`: whether the samples are a draw's, which has numbered repeated ids.
        """
        self._name, self._benchmark, self._profile = name, benchmark, profile
        self._stops = tuple(stops) or (profile.prompt.stop if profile.prompt is not None else ())
        self._contexts = dict(contexts or {})
        self._found: dict[tuple[str, str], _Seen] = {}
        self._questions: set[str] = set()
        self._question = ""
        self._drawn = drawn
        self._ids: dict[str, str] = {}  # with the question
        columns = getattr(getattr(benchmark, "declaration", None), "columns", None)
        self._named_ids = getattr(columns, "id", None) is not None
        self._templates: list[Caution] = []
        self._pool = self._pooled() if pooled else frozenset()
        self._rendered = 0
        self._seen = 0
        self._longest: dict[str, tuple[int, int, list[str]]] = {}

    def _pooled(self) -> frozenset[str]:
        try:
            return frozenset(plain(shot.question) for shot in self._benchmark.shot_pool())
        except BakeoffError:  # the examples are elsewhere; whoever needs them says so
            return frozenset()

    def see(self, sample: Sample, methods: Sequence[Method] = (), task: Task | None = None) -> None:
        if not self._ids:
            self._templates = list(self._template(sample))
        self._twin(sample)
        self._same_id(sample)
        self._shots(sample)
        self._choices(sample)
        self._stopped(sample)
        if _ODD.search(sample.question):
            self._note("odd-characters", sample.id, "NUL, U+FFFD or U+FEFF in the text", "look: it was decoded wrongly")
        prompts = [sample.question]
        if task is not None and self._rendered < MOST_RENDERED:
            prompts = [self._prompt(method, sample, task) for method in self._quick(methods)] or prompts
        self._seen += 1
        self._marks(sample.id, prompts)

    def cautions(self) -> list[Caution]:
        found = self._templates + [
            Caution(code, self._name, f"{seen.said}: {_items(seen.count)}", seen.hint, seen.count, tuple(seen.ids))
            for (code, _), seen in self._found.items()
        ]
        for model, (count, longest, ids) in self._longest.items():
            said = (
                f"longer than the {self._contexts[model]:,} tokens that '{model}' takes"
                f" (about {longest:,} with the reply): {_items(count)}"
            )
            hint = "take fewer examples, a smaller --max-tokens, or another model"
            found.append(Caution("too-long", self._name, said, hint, count, tuple(ids)))
        return found

    def _note(self, code: str, sample_id: str, said: str, hint: str) -> None:
        seen = self._found.setdefault((code, said), _Seen(said, hint))
        seen.count += 1
        if len(seen.ids) < _NAMED:
            seen.ids.append(sample_id)

    def _twin(self, sample: Sample) -> None:
        question = plain(sample.question)
        self._question = question
        if question not in self._questions:
            self._questions.add(question)
        else:
            hint = "remove them: twins make intervals too narrow"
            self._note("duplicate-question", sample.id, "the same question as an earlier one", hint)

    def _same_id(self, sample: Sample) -> None:
        """An id that stands there twice. Where ids are hashes of the question that is a twin, and told as one."""
        base, _, number = sample.id.rpartition("#")
        id_ = base if self._drawn and number.isdecimal() and base in self._ids else sample.id
        if id_ not in self._ids:
            self._ids[id_] = self._question
        elif self._named_ids or self._ids[id_] != self._question:
            said = "an id that an earlier sample has; they are asked as ID, ID#2, ID#3, in the order of the file"
            self._note("duplicate-id", id_, said, "give each an id of its own")

    def _template(self, sample: Sample) -> Iterator[Caution]:
        """What a prescribed prompt does not take from a row, though it should."""
        prompt = self._profile.prompt
        if prompt is None:
            return
        known = set(fields_of(sample))
        who = f"the template of profile '{self._profile.name}'"
        asked = prompt.head + prompt.question
        if not named_in(asked) & known:
            hint = "name one like {question}, in lower case with _ for all else: every sample is asked the same"
            yield Caution("template-fields", self._name, f"{who} names no field of a row", hint)
        for word in sorted({word for word in _BRACED.findall(asked) if template_name(word) in known} - known):
            hint = f"write {{{template_name(word)}}}: as it stands the model is shown the braces"
            yield Caution("template-fields", self._name, f"{who} has {{{word}}}, which is no field", hint)

    def _shots(self, sample: Sample) -> None:
        hint = "take such examples out: the answer would be shown"
        if self._question in self._pool:
            self._note("shot-equals-item", sample.id, "among the examples, too", hint)
        prompt = self._profile.prompt
        if prompt is None:
            return
        stem = sample.fields.get("question", sample.question)
        if prompt.given and len(stem) >= _ENOUGH_OF_AN_EXAMPLE and stem in prompt.given:
            self._note("shot-equals-item", sample.id, "among the examples that the prompt holds", hint)
        try:
            shots = self._benchmark.examples(prompt, sample, prompt.shots) if prompt.shots else ()
        except BakeoffError:
            shots = ()
        if any(shot.id == sample.id or plain(shot.question) == self._question for shot in shots):
            self._note("shot-equals-item", sample.id, "shown as an example before being asked", hint)

    def _choices(self, sample: Sample) -> None:
        choices = [choice.strip() for choice in sample.choices]
        hint = "correct or leave out: nobody can answer them"
        if len(set(choices)) < len(choices):
            self._note("ambiguous-choices", sample.id, "two equal choices", hint)
        if any(not choice for choice in choices):
            self._note("ambiguous-choices", sample.id, "an empty choice", hint)
        if choices and len(sample.labels) != len(choices):
            self._note("ambiguous-choices", sample.id, "not one label for each choice", hint)
        named = self._profile.answer in ("letter", "label") or self._profile.ask == "likelihood"
        if named and sample.labels and isinstance(sample.target, str) and sample.target not in sample.labels:
            self._note("ambiguous-choices", sample.id, "a target that is none of the labels", hint)

    def _stopped(self, sample: Sample) -> None:
        for stop in self._stops if self._profile.ask == "generate" else ():
            if stop and any(stop in text for text in self._replies(sample)):
                self._note(
                    "stop-fires",
                    sample.id,
                    f"the stop {stop!r:.20} inside of a right reply",
                    "leave that stop out (--stop), or it ends the reasoning",
                )

    def _replies(self, sample: Sample) -> Iterator[str]:
        if sample.worked is not None:
            yield sample.worked
        if self._profile.prompt is None:
            yield sample.reference
            return
        try:  # what a prescribed prompt shows as the answer, which need not be how others would put it
            yield fill(self._profile.prompt.answer, {"choice": "", "label": ""} | fields_of(sample))
        except BakeoffError:  # a template that fills in nothing here says so when it is asked
            return

    def _quick(self, methods: Sequence[Method]) -> Sequence[Method]:
        """Those whose prompt is worth making only to look at it; a prompt with passages takes a search."""
        if self._seen < MOST_SEARCHED:
            return methods
        return [method for method in methods if "retriever" not in getattr(method, "needs", ())]

    def _prompt(self, method: Method, sample: Sample, task: Task) -> str:
        try:
            messages = method.prompt(sample, task)
            tokens = method.limit(sample, task)
        except BakeoffError:  # planning says so, with what to do
            return ""
        text = "\n".join(message.content for message in messages)
        longest = max((len(message.content) for message in messages), default=0)
        if self._profile.ask != "likelihood":
            longest = len(text)
        self._rendered += len(text)
        needed = longest // CHARS_PER_TOKEN + tokens
        for model, room in self._contexts.items():
            if needed > room:
                count, most, ids = self._longest.get(model, (0, 0, []))
                named = ids if len(ids) >= _NAMED or sample.id in ids else [*ids, sample.id]
                self._longest[model] = (count + 1, max(most, needed), named)
        return text

    def _marks(self, sample_id: str, prompts: Sequence[str]) -> None:
        for text in prompts:
            found = sorted(set(_MARK.findall(text))) if "<" in text or "[" in text else []
            if not found:
                continue
            shown = ", ".join(found[:_NAMED])
            hint = "take them out: the endpoint adds its own, and they would stand there twice"
            self._note("template-marks", sample_id, f"marks of a chat template ({shown})", hint)
            for mark, beginning in _BEGINNINGS.items():
                if mark in found and beginning not in found:
                    hint = f"begin with {beginning}, or leave the template to a chat endpoint"
                    self._note("template-missing", sample_id, f"{mark} without {beginning}", hint)
            return


def untemplated(name: str, model: str, api: str, profile: Profile) -> Caution | None:
    """A model tuned for chat that is sent bare text."""
    if api != "completions" or profile.prompt is not None or not _CHAT_MODEL.search(model):
        return None
    said = f"'{model}' is tuned for chat, and --api completions sends it text without its template"
    return Caution("template-missing", name, said, "use --api chat, or a profile that prescribes its prompt")


def plain(text: str) -> str:
    """The text as twins are told by: case and spaces do not count."""
    return " ".join(text.casefold().split())


def _items(count: int) -> str:
    return f"{count:,} sample{'s' if count > 1 else ''}"
