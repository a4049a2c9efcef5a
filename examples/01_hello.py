"""Ask one model the same questions in two ways and print the scores.

python examples/01_hello.py                                     # the fake engine
python examples/01_hello.py openai_compatible/NAME http://127.0.0.1:8000/v1
"""

import sys

import bakeoff

model = dict(zip(("model", "base_url"), sys.argv[1:] or ["fake/a"], strict=False))
summary = bakeoff.run(models=[model], benchmarks="question_answering", methods=["naive", "cot"], limit=20)
for cell in summary.cells:
    print(cell.cell.label, cell.estimate)
