"""Prompts that a profile prescribes: templates filled in, examples put before them. Pure.

A template names fields as `{name}`; any other brace stands for itself, so code may be shown. Example:

    fill("Question: {question}\\nAnswer:", {"question": "2 + 2?"})    # "Question: 2 + 2?\\nAnswer:"
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.protocols import Prompt
from bakeoff.core.types import Sample

_FIELD = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_NO_NAME = re.compile(r"[^a-z0-9_]+")


def fill(template: str, fields: Mapping[str, str]) -> str:
    """The template with its fields filled in, once: what a field holds is not a template. Raises ConfigInvalid."""

    def value(hit: re.Match[str]) -> str:
        found = fields.get(hit[1])
        if found is None:
            raise ConfigInvalid(
                f"a template names '{{{hit[1]}}}', which the sample does not have",
                f"known: {', '.join(sorted(fields))}",
            )
        return found

    return _FIELD.sub(value, template)


def named_in(template: str) -> set[str]:
    """The fields that a template names."""
    return set(_FIELD.findall(template))


def template_name(column: str) -> str:
    """A column's name as templates write it: "Best Answer" is {best_answer}."""
    return _NO_NAME.sub("_", column.lower()).strip("_")


def fields_of(sample: Sample) -> dict[str, str]:
    """What templates may name: the sample's own fields, and `question` and `answer` in any case."""
    return {"question": sample.question, "answer": sample.reference, **sample.fields}


def context(prompt: Prompt, sample: Sample, examples: Sequence[Sample]) -> str:
    """Everything before a reply."""
    fields = fields_of(sample)
    return _before(prompt, fields, examples) + fill(prompt.question, fields)


def among(sample: Sample, name: str) -> Sample:
    """The sample with another list of choices: `meta[name]` has "choices", places that are "right", its "labels"."""
    other = sample.meta.get(name) if name else None
    if not isinstance(other, dict):
        return sample
    texts, right = other.get("choices"), other.get("right")
    if not isinstance(texts, list) or not isinstance(right, list):
        raise ConfigInvalid(f"'{name}' of sample '{sample.id}' is no list of choices", "correct the benchmark")
    named = other.get("labels")
    labels = tuple(str(label) for label in named) if isinstance(named, list) else sample.labels
    first = next((labels[place] for place in right if isinstance(place, int)), sample.target)
    choices = tuple(str(text) for text in texts)
    return replace(sample, choices=choices, labels=labels, target=first, meta={**sample.meta, "right": right})


def continuations(prompt: Prompt, sample: Sample, examples: Sequence[Sample]) -> tuple[tuple[str, str], ...]:
    """(context, continuation) for each choice of the sample."""
    sample = among(sample, prompt.among)
    own = fields_of(sample)
    before = _before(prompt, own, examples)
    pairs = []
    for choice, label in zip(sample.choices, sample.labels, strict=True):
        fields = {**own, "choice": choice, "label": label}
        pairs.append((before + fill(prompt.question, fields), fill(prompt.choice, fields)))
    return tuple(pairs)


def _before(prompt: Prompt, fields: Mapping[str, str], examples: Sequence[Sample]) -> str:
    shots = [example(prompt, shot) + prompt.between for shot in examples]
    return fill(prompt.head, fields) + prompt.given + "".join(shots)


def example(prompt: Prompt, shot: Sample) -> str:
    """One example: its question and its answer."""
    fields = fields_of(shot)
    if shot.choices and isinstance(shot.target, str) and shot.target in shot.labels:
        right = shot.labels.index(shot.target)
        fields |= {"choice": shot.choices[right], "label": shot.labels[right]}
    return fill(prompt.example or prompt.question, fields) + fill(prompt.answer, fields)


def shared_beginning(a: str, b: str) -> int:
    """How many characters two texts have in common from their beginning."""
    low, high = 0, min(len(a), len(b))
    if a[:high] == b[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low
