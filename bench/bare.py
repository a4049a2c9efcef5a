"""The least a program can do: the same calls by a bare aiohttp loop, nothing kept, nothing graded."""

from __future__ import annotations

import asyncio
import sys

import aiohttp
import orjson
import uvloop

_PADDING = "a baker fills trays with rolls and keeps one back for herself; how many does she sell? " * 3


async def run(url: str, count: int, in_flight: int) -> None:
    bodies = iter(range(count))
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def worker() -> None:
        for number in bodies:
            message = {"role": "user", "content": f"Question: case {number}, {_PADDING}\nAnswer:"}
            body = orjson.dumps({"model": "stub", "messages": [message], "max_tokens": 400})
            headers = {"content-type": "application/json"}
            async with session.post(f"{url}/v1/chat/completions", data=body, headers=headers) as reply:
                orjson.loads(await reply.read())

    async with session, asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(worker())


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
