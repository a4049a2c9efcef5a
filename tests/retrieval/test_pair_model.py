"""Cross-encoder and entailment on a tiny model made here: the loading is real, the weights are random."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bakeoff.core.errors import ConfigInvalid, DataMissing
from bakeoff.retrieval.cross_encoder import CrossEncoder
from bakeoff.retrieval.nli import Nli
from tests.conftest import require

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"paris lies on the seine rome a b c d e f g . ?".split()]  # noqa: SIM905


def make_pair_model(folder: Path, labels: tuple[str, ...]) -> Path:
    """A BERT of a few thousand weights that tells so many classes apart, saved as such models are."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: place for place, label in enumerate(labels)},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=32).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Nli:
    for part in ("torch", "transformers"):
        require(part)
    place = tmp_path_factory.mktemp("models") / "nli"
    return Nli(str(make_pair_model(place, ("contradiction", "neutral", "entailment"))))


@pytest.mark.filterwarnings("ignore")
def test_entailment_is_a_probability_and_the_best_part_of_a_long_premise_counts(nli: Nli) -> None:
    long = " ".join(["a b c d e f g ."] * 12)
    pairs = [("paris lies on the seine .", "paris ?"), (f"{long} paris lies on the seine .", "paris ?"), ("", "rome")]
    said = asyncio.run(nli.support(pairs))
    assert all(value is not None and 0 <= value <= 1 for value in said.values)
    parts = nli._model.windows(pairs[1][0], "paris ?")
    assert len(parts) > 3 and parts[-1].endswith("the seine .")
    alone = asyncio.run(nli.support([(part, "paris ?") for part in parts]))
    assert said.values[1] == pytest.approx(max(value or 0.0 for value in alone.values), abs=1e-6)
    assert asyncio.run(nli.support(pairs)) == said
    assert nli.identity.startswith("nli:nli@")


@pytest.mark.filterwarnings("ignore")
def test_a_cross_encoder_scores_each_text(nli: Nli, tmp_path: Path) -> None:
    encoder = CrossEncoder(str(make_pair_model(tmp_path / "cross", ("relevant",))))
    scores = encoder.scores("paris ?", ["the seine .", "rome", " ".join(["rome"] * 90)])
    assert len(scores) == 3 and len(set(scores)) == 3
    assert encoder.scores("paris ?", []) == []
    with pytest.raises(ConfigInvalid, match=r"has no class 'entailment' \(it has relevant\)"):
        asyncio.run(Nli(str(tmp_path / "cross")).support([("paris", "rome")]))


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_is_not_to_be_had_is_told(nli: Nli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("nobody/nothing", str(tmp_path / "empty")):
        with pytest.raises(DataMissing, match="cannot be loaded") as caught:
            CrossEncoder(name, offline=True).scores("q", ["t"])
        assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_is_not_to_be_had_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each trial asks the same model, and a hub out of reach takes half a minute."""
    for part in ("torch", "transformers"):
        require(part)
    tries = []

    def refused(name: str, **options: object) -> None:
        tries.append(name)
        raise OSError("no such model")

    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", refused)
    model = Nli("nobody/nothing")
    for _ in range(3):
        with pytest.raises(DataMissing, match="model 'nobody/nothing' cannot be loaded"):
            asyncio.run(model.support([("paris", "rome")]))
    assert tries == ["nobody/nothing"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("empty", "it holds no model (no 'config.json')"),
        ("note.txt", "it is a file, and no folder of a model"),
        ("nowhere", "there is no such folder"),
    ],
)
def test_a_path_that_is_no_folder_of_a_model_is_told(tmp_path: Path, given: str, said: str) -> None:
    for part in ("torch", "transformers"):
        require(part)
    (tmp_path / "empty").mkdir()
    (tmp_path / "note.txt").write_text("a note")
    with pytest.raises(DataMissing) as caught:
        Nli(str(tmp_path / given)).load()
    assert said in str(caught.value) and "safetensors" in str(caught.value)
