"""Ask one model the same questions in two ways and print the scores.

python examples/01_hello.py                                     # the fake engine
python examples/01_hello.py openai_compatible/NAME http://127.0.0.1:8000/v1
"""

import sys

from bakeoff.app.experiments import Laboratory
from bakeoff.app.results import Results
from bakeoff.app.settings import Settings
from bakeoff.core.specs import parse_spec

model = dict(zip(("model", "base_url"), sys.argv[1:] or ["fake/a"], strict=False))
spec = parse_spec({"models": [model], "benchmarks": "question_answering", "methods": ["naive", "cot"], "limit": 20})

laboratory = Laboratory(Settings.load())
prepared = laboratory.prepare(spec)
execution = laboratory.execute(prepared, lambda progress, schedule: None)
for cell in Results(laboratory.runs, laboratory.trials).summary(execution.run.name).cells:
    print(cell.cell.label, cell.estimate)
prepared.close()
laboratory.close()
