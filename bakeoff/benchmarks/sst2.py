"""SST-2: is a sentence of a film review positive or negative? (Socher et al. 2013, as in GLUE).

Paper https://aclanthology.org/D13-1170 · data https://gluebenchmark.com · licence: none stated.

    it 's a charming and often affecting journey .                            Target: positive
"""

from __future__ import annotations

from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._files import DataFile, Row
from bakeoff.core.hashing import text_digest
from bakeoff.core.protocols import Find, Profile, Prompt, Source
from bakeoff.core.types import Sample

_REVISION = "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c"
_HUB = {"hub_repo": "nyu-mll/glue", "hub_revision": _REVISION}
_LABELS = ("negative", "positive")
# lm-evaluation-harness 0.4.13, tasks/glue/sst2/default.yaml (MIT).
_LM_EVAL = Prompt(
    "{sentence}\nQuestion: Is this sentence positive or negative?\nAnswer:", answer=" {choice}", draw="sequence"
)


class Sst2(FileBenchmark):
    name = "sst2"
    source = Source("https://gluebenchmark.com", "none stated", _REVISION)
    files = {
        "validation": DataFile(
            ("hf_arrow/glue/sst2/validation/data-00000-of-00001.arrow", "glue/sst2/validation.parquet"),
            hub_path="sst2/validation-00000-of-00001.parquet",
            **_HUB,
        ),
        "train": DataFile(("glue/sst2/train.parquet",), hub_path="sst2/train-00000-of-00001.parquet", **_HUB),
    }
    default_split = "validation"
    shots_split = "train"
    drawn_more = 1
    profiles = {
        "bakeoff": Profile("bakeoff", "label", "label"),
        "official": Profile(
            "official",
            "label",
            "exact",
            find=(Find(strip=True),),
            options={"ignore_case": True, "ignore_punctuation": True},
            note="GLUE's accuracy: a reply that is not the label alone is wrong.",
        ),
        "lm-eval": Profile("lm-eval", "label", "likelihood", ask="likelihood", prompt=_LM_EVAL, note="acc"),
    }
    max_tokens = 16
    form = "positive or negative"
    asks = "Is the sentiment of this sentence positive or negative? Answer with one word."

    def sample(self, row: Row) -> Sample:
        sentence = row.text("sentence")
        place = row.get("label")
        if not isinstance(place, int) or place not in (0, 1):
            raise row.wrong("label", f"0 or 1 is expected, not {place!r:.40}")
        label = _LABELS[place]
        return Sample(
            text_digest(sentence),
            sentence.strip(),
            label,
            label,
            labels=_LABELS,
            choices=_LABELS,
            fields={"sentence": sentence},
        )
