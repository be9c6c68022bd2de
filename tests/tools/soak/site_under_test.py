"""Servers that fail when they are told to, and receivers of alerts that do the same.

All of them answer from one thread (asyncio) on ports of 127.0.0.1; every other member may be called from any thread.
"""

import asyncio
import json
import socket
import struct
import threading
import time

#: How a server can be, and what a check of it finds then. `good` and `slow` answer; the others are failures.
FAILURES = ("error", "wrong", "refuse", "silent", "reset", "garbage", "cut")
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nall ok\n"
ANSWERS = {
    "good": GOOD,
    "error": b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "wrong": GOOD.replace(b"all ok", b"broken"),
    "garbage": b"\x00\x01 this is not HTTP\r\n\r\n",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\nall ok",
}


def _reset(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Target:
    """A server with a port of its own. `history` has (time, behaviour) from the beginning on."""

    def __init__(self, site, name, slow_s):
        self.site, self.name, self.slow_s = site, name, slow_s
        self.behaviour = "good"
        self.history = [(time.time(), "good")]
        self.server = None
        self.port = site.call(self._listen(0))

    async def _listen(self, port):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=500)
        return self.server.sockets[0].getsockname()[1]

    async def _change(self, behaviour):
        if behaviour == "refuse":
            self.server.close()
        elif self.behaviour == "refuse":
            await self._listen(self.port)
        self.behaviour = behaviour

    def become(self, behaviour):
        # Both moments count: what is answered in between may be of either kind.
        self.history.append((time.time(), behaviour))
        self.site.call(self._change(behaviour))
        self.history.append((time.time(), behaviour))

    async def _serve(self, reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            behaviour = self.behaviour
            if behaviour == "slow":
                await asyncio.sleep(self.slow_s)
                behaviour = "good"
            if behaviour == "silent":
                await reader.read()
            elif behaviour in ("reset", "refuse"):
                _reset(writer)
            else:
                writer.write(ANSWERS[behaviour])
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


class Receiver:
    """Takes alerts as JSON: `messages` has (time, message), each delivery that it has acknowledged."""

    def __init__(self, site, pause_s=0.0):
        self.pause_s = pause_s
        self.trouble = None  # a status to answer instead of 200, or "silent"
        self.messages = []
        self.port = site.call(self._listen())

    async def _listen(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=500)
        return server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            await asyncio.sleep(self.pause_s)
            trouble = self.trouble
            if trouble == "silent":
                await reader.read()
                return
            if trouble is None:
                self.messages.append((time.time(), body))
            writer.write(f"HTTP/1.1 {trouble or 200} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


class Site:
    """The loop of all servers, and how far it lagged behind: `lags` has (time, seconds) of each noticeable lag."""

    PACE_S = 0.05

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda *_: None)  # connections that are cut are what is wanted
        self.lags = []
        threading.Thread(target=self._run, daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._watch(), self.loop)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    async def _watch(self):
        while True:
            begin = time.monotonic()
            await asyncio.sleep(self.PACE_S)
            lag = time.monotonic() - begin - self.PACE_S
            if lag > self.PACE_S:
                self.lags.append((time.time(), lag))
