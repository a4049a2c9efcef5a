"""gsm8k beside inspect_evals 0.26.0: its own task, run by inspect_ai 0.3.285 from the prompt to the score.

The task is the one without examples, on our rows in place of its download. A stand-in for a model notes each prompt
and gives the reply that is due. inspect_ai writes logs: they go to a folder that is thrown away. Example:

    BAKEOFF_DATA=… python -m parity inspect_tasks
"""

from __future__ import annotations

import asyncio
import importlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from parity._beside import Row, Side, Theirs, compared, keep
from parity.agreement import Agreement
from parity.simple_evals import SUMS

REFERENCE = "inspect_evals 0.26.0"
_WHOLE_RUN = 25  # items that go through inspect_ai's own loop; for all others its parts are called


def compare(data: Path) -> list[Agreement]:
    lines = (data / "gsm8k/test.jsonl").read_bytes().split(b"\n")
    rows = [orjson.loads(line) for line in lines if line]
    found = []
    side = Side("gsm8k", data=data)
    found += compared(side, REFERENCE, asyncio.run(_by_parts(rows)), "fewshot=false")
    found += compared(side, REFERENCE, _whole(rows[:_WHOLE_RUN]), f"fewshot=false, `eval()` on {_WHOLE_RUN} items")
    return [tally.agreement() for tally in found]


def write(data: Path) -> None:
    del data
    keep("inspect_evals_gsm8k", Side("gsm8k", {"gsm8k/test.jsonl": SUMS}), REFERENCE, asyncio.run(_by_parts(SUMS)))


def replies(target: str) -> list[str]:
    """Right, near, wrong and broken replies, in the form that is asked for and beside it."""
    number = target.replace(",", "")
    near = str(int(number) + 1)
    return [
        f"So.\nANSWER: {target}",
        f"ANSWER: {int(number):,}.",
        f"ANSWER: {number}.00",
        f"ANSWER: ${number}",
        f"ANSWER: {number} eggs",
        f"ANSWER: {number}kg",
        f"ANSWER: {number}%",
        f"ANSWER: **{number}**",
        f"ANSWER: ({number})!",
        rf"ANSWER: \boxed{{{number}}}",
        rf"ANSWER: \${number}",
        f"ANSWER: {number}e0",
        f"ANSWER: -{number}",
        f"ANSWER: +{number}",
        f"ANSWER: {near}\nANSWER: {number}",
        f"ANSWER: {number} or {near}",
        f"ANSWER: {number}0001",
        f"ANSWER: {number}.000004",
        f"ANSWER: 100000{number[-1]}",
        f"ANSWER: {number[0]} {number[1:]}",
        f"ANSWER: ~{number}",
        f"ANSWER: {number}/1",
        f"ANSWER: 0x{number}",
        f"ANSWER: {number}_{number}",
        "ANSWER: nan",
        "ANSWER:",
        "",
    ]


def _task(rows: Sequence[Row]) -> Any:
    """inspect_evals' task on these rows: what it would have downloaded is put in its place."""
    from inspect_ai.dataset import MemoryDataset

    module: Any = importlib.import_module("inspect_evals.gsm8k.gsm8k")  # its package shows the task by that name
    module.hf_dataset = lambda *_, sample_fields, **__: MemoryDataset([sample_fields(row) for row in rows])
    return module.gsm8k(fewshot=0)


async def _by_parts(rows: Sequence[Row]) -> list[Theirs]:
    """Its prompt template and its scorer, called for each reply to each item."""
    from inspect_ai.model import ChatMessageUser, ModelName, ModelOutput
    from inspect_ai.scorer import Target
    from inspect_ai.solver import TaskState

    task = _task(rows)
    (score,) = task.scorer if isinstance(task.scorer, list) else [task.scorer]
    template = task.solver[0]
    found = []
    for place, sample in enumerate(task.dataset):
        name = ModelName("mockllm/model")
        state = TaskState(name, sample.id, 1, sample.input, [ChatMessageUser(content=sample.input)])
        state = await template(state, None)
        prompt = state.user_prompt.text
        for reply in replies(sample.target):
            state.output = ModelOutput.from_content("mockllm", reply)
            verdict = await score(state, Target(sample.target))
            found.append(Theirs("inspect-evals", place, prompt, reply, float(verdict.value == "C")))
    return found


def _whole(rows: Sequence[Row]) -> Iterator[Theirs]:
    """inspect_ai's `eval`, once for each reply of an item."""
    from inspect_ai import eval as run
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    listed = [replies(row["answer"].rpartition("####")[2].strip()) for row in rows]
    places = {row["question"]: place for place, row in enumerate(rows)}
    for number in range(len(listed[0])):

        def reply(messages: Any, *_: object, due: int = number) -> Any:
            place = next(place for question, place in places.items() if question in messages[-1].text)
            output = ModelOutput.from_content("mockllm", listed[place][due])
            output.usage = ModelUsage()  # else it counts tokens, with a table that it would download
            return output

        with tempfile.TemporaryDirectory() as folder:
            model = get_model("mockllm/model", custom_outputs=reply, memoize=False)
            (log,) = run(_task(rows), model=model, log_dir=folder, display="none", log_realtime=False)
            samples = list(log.samples)  # they are read when they are looked at
        for sample in samples:
            place = places[sample.input]
            value = float(next(iter(sample.scores.values())).value == "C")
            prompt = next(one.text for one in sample.messages if one.role == "user")
            yield Theirs("inspect-evals", place, prompt, listed[place][number], value)
