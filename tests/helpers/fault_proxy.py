"""A TCP proxy between a client and its server that breaks when it is told to, and how."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeAlias

from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import HEADER, HEADER_BYTES
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.helpers.processes import free_port

CHUNK_BYTES = 1 << 16
TRICKLE_BYTES = 7
"""Neither headers nor bodies begin at a multiple of it for long."""

_AT_ONCE = struct.pack("ii", 1, 0)

Act: TypeAlias = Callable[[], Awaitable[None] | None]
Edit: TypeAlias = Callable[[bytes], bytes]
_Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Way(StrEnum):
    """Where bytes go to."""

    UP = "up"
    """To the server."""

    DOWN = "down"
    """To the client."""


BOTH = (Way.UP, Way.DOWN)


class _Hook(NamedTuple):
    position: int
    act: Act


class _Edited(NamedTuple):
    beyond: int
    change: Edit


class _Lane:
    """What is wrong with one way, of all connections together."""

    def __init__(self) -> None:
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.is_lost = False
        self.delay_s = 0.0
        self.bytes_per_s = 0.0
        self.edits: list[_Edited] = []
        self.hooks: list[_Hook] = []


class Link:
    """One connection through the proxy.

    Attributes:
        passed: bytes that came in and were let go on, by way.
        is_holed: whether some of them were thrown away.
    """

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.is_holed = False
        self.passed = dict.fromkeys(BOTH, 0)
        self.writers = [client]
        self.over = asyncio.Event()

    def reset(self) -> None:
        """End it as a machine that knows nothing of it (RST)."""
        for writer in self.writers:
            found = writer.get_extra_info("socket")
            with suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            writer.transport.abort()
        self.over.set()

    def finish(self) -> None:
        """End it politely, to both sides (FIN)."""
        for writer in self.writers:
            writer.close()
        self.over.set()


class FaultProxy:
    """Listens on loopback and carries every connection to a server.

    `async with` starts and ends it. Faults hold for present and later connections until they are
    taken back by `heal`, or are over with the first bytes that they hit.

    Args:
        host: address of this machine to listen on.
        port: 0 for one that is free.

    Attributes:
        port: where it listens; stays the same.
        accepted: connections so far.
        links: those that are there, the latest last.
        total: bytes that came in and were let go on, of all connections, by way.
        record: if a list, every chunk is put there before anything is done to it.
    """

    def __init__(
        self, target_host: str, target_port: int, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._host = host
        self.port = port or free_port()
        self.accepted = 0
        self.links: list[Link] = []
        self.total = dict.fromkeys(BOTH, 0)
        self.record: list[tuple[Way, bytes]] | None = None
        self._target = (target_host, target_port)
        self._server: asyncio.Server | None = None
        self._is_silent = False
        self._lanes: dict[Way, _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._lanes = {way: _Lane() for way in BOTH}
        await self.accept()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.refuse()
        for task in list(self._tasks):
            await cancel(task)
        self.cut()

    def refuse(self) -> None:
        """Listen no longer; what is connected stays."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def accept(self) -> None:
        """Listen, and carry what comes."""
        self._is_silent = False
        if self._server is None:
            self._server = await asyncio.start_server(self._connected, self._host, self.port)

    def be_silent(self) -> None:
        """Accept connections from now on, but say nothing there and read nothing."""
        self._is_silent = True

    async def heal(self) -> None:
        """Carry everything as it comes again; hooks stay."""
        for lane in self._lanes.values():
            lane.is_lost = False
            lane.delay_s = lane.bytes_per_s = 0.0
            lane.edits.clear()
            lane.is_open.set()
        for link in list(self.links):
            if link.is_holed:
                link.reset()
        await self.accept()

    def cut(self, *, is_polite: bool = False) -> None:
        """End every connection."""
        for link in list(self.links):
            if is_polite:
                link.finish()
            else:
                link.reset()

    def stall(self, *ways: Way) -> None:
        """Read nothing more: the sender's buffers fill."""
        for way in ways or BOTH:
            self._lanes[way].is_open.clear()

    def lose(self, *ways: Way) -> None:
        """Read everything and throw it away, as a connection that died on one side.

        One that bytes were lost of is ended by `heal`: TCP has no gaps.
        """
        for way in ways or BOTH:
            self._lanes[way].is_lost = True

    def delay(self, seconds: float, *ways: Way) -> None:
        """Keep each chunk for a while."""
        for way in ways or BOTH:
            self._lanes[way].delay_s = seconds

    def trickle(self, bytes_per_s: float, *ways: Way) -> None:
        """Carry a few bytes at a time."""
        for way in ways or BOTH:
            self._lanes[way].bytes_per_s = bytes_per_s

    def edit(self, way: Way, change: Edit, *, beyond: int = 0) -> None:
        """Carry something else for the next chunk, however often the same is asked before that.

        Args:
            beyond: the first bytes of each connection that are let be.
        """
        if (edited := _Edited(beyond, change)) not in self._lanes[way].edits:
            self._lanes[way].edits.append(edited)

    def insert(self, way: Way, data: bytes) -> None:
        """Put bytes before the next chunk."""
        self.edit(way, lambda chunk: data + chunk)

    def duplicate(self, way: Way, *, beyond: int = 0) -> None:
        """Carry the next chunk but for its last byte, and then all of it: frames get lost."""
        self.edit(way, _almost_twice, beyond=beyond)

    def duplicate_frames(self, way: Way) -> None:
        """Carry each whole frame of the next chunk twice."""
        self.edit(way, _each_frame_twice)

    def truncate(self, way: Way) -> None:
        """Carry half of the next chunk, then end every connection."""

        def halve(chunk: bytes) -> bytes:
            asyncio.get_running_loop().call_soon(self.cut)
            return chunk[: len(chunk) // 2]

        self.edit(way, halve)

    def after_bytes(self, position: int, way: Way, act: Act) -> None:
        """Do something once, when a connection has carried so many bytes since its beginning.

        Nothing more is carried that way before it is done. A connection that is there already and
        has carried more does not count.
        """
        hooks = self._lanes[way].hooks
        hooks.append(_Hook(position, act))
        hooks.sort(key=lambda hook: hook.position)

    @property
    def waiting_hooks(self) -> int:
        """How many `after_bytes` did not happen yet."""
        return sum(len(lane.hooks) for lane in self._lanes.values())

    def forget_hooks(self) -> None:
        """Drop what did not happen yet."""
        for lane in self._lanes.values():
            lane.hooks.clear()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = spawn(self._carry(reader, writer), name=f"proxy {self.accepted}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(writer)
        self.links.append(link)
        works: list[asyncio.Task[Any]] = [spawn(link.over.wait(), name="proxy link's end")]
        try:
            if not self._is_silent:
                target_reader, target = await asyncio.open_connection(*self._target)
                link.writers.append(target)
                both = self._pump_both(link, (reader, writer), (target_reader, target))
                works.append(spawn(both, name="proxy pumps"))
            await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            link.reset()
        finally:
            for work in works:
                await cancel(work)
            self.links.remove(link)
            if not link.over.is_set():
                link.finish()

    async def _pump_both(self, link: Link, client: _Streams, target: _Streams) -> None:
        """Carry until both sides have nothing more to say, or one is gone."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(link, Way.UP, client[0], target[1]), name="up")
                group.create_task(self._pump(link, Way.DOWN, target[0], client[1]), name="down")
        except* OSError:
            link.reset()

    async def _pump(
        self,
        link: Link,
        way: Way,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        lane = self._lanes[way]
        await self._act(link, way)
        while not link.over.is_set():
            await lane.is_open.wait()
            data = await reader.read(CHUNK_BYTES)
            # What was read before a stall is kept for its end.
            await lane.is_open.wait()
            if not data:
                break
            if self.record is not None:
                self.record.append((way, data))
            await self._pass(link, way, data, writer)
        if writer.can_write_eof() and not writer.transport.is_closing():
            writer.write_eof()

    async def _pass(self, link: Link, way: Way, data: bytes, writer: asyncio.StreamWriter) -> None:
        lane = self._lanes[way]
        while data and not link.over.is_set():
            position = link.passed[way]
            stop = next((one.position for one in lane.hooks if one.position > position), None)
            size = len(data) if stop is None else min(stop - position, len(data))
            piece, data = data[:size], data[size:]
            due = [one for one in lane.edits if position >= one.beyond]
            for edited in due:
                lane.edits.remove(edited)
                piece = edited.change(piece)
            await self._forward(link, lane, piece, writer)
            link.passed[way] += size
            self.total[way] += size
            await self._act(link, way)

    async def _act(self, link: Link, way: Way) -> None:
        lane = self._lanes[way]
        for hook in [one for one in lane.hooks if one.position == link.passed[way]]:
            # Another connection may have come to it meanwhile.
            if hook in lane.hooks:
                lane.hooks.remove(hook)
                if (work := hook.act()) is not None:
                    await work

    async def _forward(
        self, link: Link, lane: _Lane, piece: bytes, writer: asyncio.StreamWriter
    ) -> None:
        if lane.delay_s:
            await asyncio.sleep(lane.delay_s)
        step = TRICKLE_BYTES if lane.bytes_per_s else len(piece)
        for begin in range(0, len(piece), step or 1):
            if lane.bytes_per_s:
                await asyncio.sleep(step / lane.bytes_per_s)
            if lane.is_lost:
                link.is_holed = True
            else:
                writer.write(piece[begin : begin + step])
                await writer.drain()


def frames_of(data: bytes) -> list[bytes]:
    """Cut a chunk into whole frames of the device protocol; what is left over comes last."""
    frames = []
    while len(data) >= HEADER_BYTES:
        command, _, length = HEADER.unpack_from(data)
        stop = HEADER_BYTES + (0 if command == Command.RESPONSE else length)
        if stop > len(data):
            break
        frames.append(data[:stop])
        data = data[stop:]
    return [*frames, data] if data else frames


def _almost_twice(chunk: bytes) -> bytes:
    return chunk[:-1] + chunk


def _each_frame_twice(chunk: bytes) -> bytes:
    return b"".join(frame * 2 for frame in frames_of(chunk))
