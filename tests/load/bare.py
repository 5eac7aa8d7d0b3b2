"""The limit of the stack: a bare ASGI application under the same uvicorn that sends ready-made messages and does nothing else."""

from __future__ import annotations

import asyncio
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

import uvicorn

from tests.load.parts import told


class Fan:
    """Accepts sockets, and sends the bytes it was given to them, one after the other."""

    def __init__(self, messages: list[str]) -> None:
        self.messages, self.sends = messages, list[Any]()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            return
        self.loop = asyncio.get_running_loop()
        await receive()
        await send({"type": "websocket.accept"})
        self.sends.append(send)
        while (await receive())["type"] != "websocket.disconnect":
            pass
        self.sends.remove(send)

    async def fan(self, pause: float, seconds: float) -> dict[str, Any]:
        """Send everybody a message again and again, so many seconds apart."""
        began, cpu, starts, took, sent = time.monotonic(), time.process_time(), list[float](), list[float](), 0
        while time.monotonic() < began + seconds:
            await asyncio.sleep(max(0.0, began + len(starts) * pause - time.monotonic()))
            starts.append(time.time())
            for place, send in enumerate(tuple(self.sends)):
                await send({"type": "websocket.send", "text": self.messages[place % len(self.messages)]})
            sent += len(self.sends)
            took.append(time.time() - starts[-1])
            await asyncio.sleep(0)
        passed = time.monotonic() - began
        spent = time.process_time() - cpu
        return {"rounds": len(starts), "sent": sent, "per_second": sent / passed, "cpu_us_a_message": 1e6 * spent / max(sent, 1), "starts": starts}


def serve(line: Connection, port: int, messages: list[bytes], options: dict[str, Any]) -> None:
    """Run as a process: `fan pause seconds`."""
    fan = Fan([message.decode() for message in messages])
    server = uvicorn.Server(uvicorn.Config(fan, port=port, lifespan="off", **options))  # type: ignore[arg-type]
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.02)
    line.send("ready")
    while True:
        word, given = told(line)
        if word == "stop":
            server.should_exit = True
            return
        assert fan.loop is not None
        line.send(asyncio.run_coroutine_threadsafe(fan.fan(*given), fan.loop).result(60))
