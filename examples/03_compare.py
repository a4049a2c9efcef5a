"""Compare two models on the same samples, and list where they differ.

python examples/03_compare.py
"""

from bakeoff.app.experiments import Laboratory
from bakeoff.app.results import Results
from bakeoff.app.settings import Settings
from bakeoff.core.specs import parse_spec

spec = parse_spec({"name": "two-models", "models": ["fake/a", "fake/b"], "benchmarks": "classification"})

laboratory = Laboratory(Settings.load())
prepared = laboratory.prepare(spec)
laboratory.execute(prepared, lambda progress, schedule: None)
comparison = Results(laboratory.runs, laboratory.trials).compare("two-models:fake/a", "two-models:fake/b")

print(comparison.verdict)
print(f"difference {comparison.difference}, {comparison.test} p = {comparison.p}")
for pair in comparison.pairs[:5]:
    print(f"  {pair.sample_id}: {pair.target!r}, {pair.extracted_a!r} against {pair.extracted_b!r}")
prepared.close()
laboratory.close()
