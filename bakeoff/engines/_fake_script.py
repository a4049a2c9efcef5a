"""What the fake engine says where it is given a script: a file of JSON lines, for agents and other conversations.

A row is `{"asked": "taller", "say": ["Thought: …", "Answer: {answer}"]}`: to a first message in which `asked` occurs
(in every one where it is left out) the n-th reply is the n-th of `say`, the last one for good. The first row that
fits counts. `{answer}` is what the engine would have said without a script. Example:

    bakeoff run --models fake/a --model-args script=agent.jsonl --methods react --benchmarks question_answering
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import text_digest
from bakeoff.core.types import Request


@dataclass(frozen=True, slots=True)
class Scene:
    """What is said to whom."""

    asked: str
    say: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """All scenes of a file, and its digest, which is part of the model's identity."""

    scenes: Sequence[Scene]
    digest: str

    def reply(self, request: Request, answer: str) -> str | None:
        """The next reply of a conversation; None where no scene fits."""
        first = request.messages[0].content if request.messages else ""
        scene = next((scene for scene in self.scenes if scene.asked in first), None)
        if scene is None:
            return None
        said = sum(message.role == "assistant" for message in request.messages)
        return scene.say[min(said, len(scene.say) - 1)].replace("{answer}", answer)


def read_script(named: object) -> Script:
    """Raises ConfigInvalid."""
    path = Path(str(named)).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"the script '{named}' cannot be read ({error})", "check the path") from None
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise ConfigInvalid(f"the script '{named}' is empty", 'write a line like {"say": ["Answer: {answer}"]}')
    return Script([_scene(line, f"{named}:{number}") for number, line in lines], text_digest(text))


def _scene(line: str, where: str) -> Scene:
    try:
        row = orjson.loads(line)
    except ValueError:
        row = None
    say = row.get("say") if isinstance(row, dict) else None
    if not isinstance(say, list) or not say or not all(isinstance(text, str) for text in say):
        raise ConfigInvalid(f"{where} is no scene of a script", 'write it like {"asked": "…", "say": ["…", "…"]}')
    return Scene(str(row.get("asked", "")), tuple(say))
