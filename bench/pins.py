"""Measures simulated pins: how long a write takes to a line, and an edge to the bus.

Client and gateway share one process and one event loop here, as the line is looked at from inside:
the client's own share is part of every time.

    python -m bench.pins [--writes 2000] [--seconds 5]
"""

import argparse
import asyncio
import resource
import statistics
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from blynk_gateway.config.gpio.inputs import InputOptions
from blynk_gateway.config.gpio.options import Factory, GpioOptions
from blynk_gateway.config.gpio.outputs import OutputOptions
from blynk_gateway.config.options import (
    Address,
    DeviceOptions,
    GatewayOptions,
    Options,
    QuotaOptions,
    ServerOptions,
)
from blynk_gateway.config.secret import Secret
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.gateway import Gateway

PI = "0123456789abcdef0123456789abcdef"
BOARD = "fedcba9876543210fedcba9876543210"
PUMP_LINE = 17
DOOR_LINE = 27
EDGES_PER_SECOND = 5000
PACE_S = 0.005

OPTIONS = Options(
    gateway=GatewayOptions(token=Secret(PI)),
    server=ServerOptions(
        listen=(Address("127.0.0.1", 0),), listen_tls=(), quota=QuotaOptions(messages_per_second=0)
    ),
    devices={"board": DeviceOptions(slug="board", name="Board", token=Secret(BOARD))},
    gpio=GpioOptions(
        factory=Factory.MOCK,
        peripherals={
            "pump": OutputOptions(name="pump", type="relay", pin="V1", line=PUMP_LINE),
            "door": InputOptions(name="door", type="input", pin="V2", line=DOOR_LINE),
        },
    ),
)


class Lines:
    """The far side of the pins: when the pump's line changed, and a hand on the door."""

    def __init__(self, gateway: Gateway) -> None:
        self.changed = asyncio.Event()
        self.at_s = 0.0
        self._simulation: Any = gateway.gpio.simulation
        pin = gateway.gpio._board.pin_factory.pin(PUMP_LINE)  # type: ignore[union-attr]  # noqa: SLF001  the far side of the pins is no part of the daemon's interface
        original = pin._set_state  # noqa: SLF001  likewise

        def timed(state: float) -> None:
            original(state)
            self.at_s = time.perf_counter()
            self.changed.set()

        pin._set_state = timed  # noqa: SLF001  likewise

    def drive_door(self, level: int) -> None:
        """Put a level on the door's line, on any thread."""
        self._simulation.drive(DOOR_LINE, bool(level))


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.pins", description=__doc__)
    parser.add_argument("--writes", type=int, default=2000, help="how many are timed (2000)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of 5,000 edges a second (5)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        gateway = Gateway(OPTIONS, Path(directory))
        await gateway.start()
        try:
            lines = Lines(gateway)
            print("| measure | p50 | p99 | goal |\n| --- | ---: | ---: | ---: |")
            port = gateway.server.addresses[0].port
            times = await timed_writes(lines, await http_writer(port), arguments.writes)
            row("HTTP update to line", times, "p50 < 2 ms")
            times = await timed_writes(lines, await bridge_writer(port), arguments.writes)
            row("bridge write of a device to line", times, "p50 < 2 ms")
            row("edge to bus", await timed_edges(gateway, lines, arguments.writes), "p50 < 1 ms")
            print()
            await flood(gateway, lines, arguments.seconds)
        finally:
            await gateway.stop()


def row(name: str, times_ms: list[float], goal: str) -> None:
    """Print one row."""
    p99 = statistics.quantiles(times_ms, n=100)[98]
    print(f"| {name} | {statistics.median(times_ms):.3f} ms | {p99:.3f} ms | {goal} |", flush=True)


async def timed_writes(
    lines: Lines, write: Callable[[int], Awaitable[None]], count: int
) -> list[float]:
    """Milliseconds from the first byte of each write to its level on the line."""
    times = []
    for number in range(count):
        lines.changed.clear()
        started = time.perf_counter()
        await write((number + 1) % 2)
        async with asyncio.timeout(5):
            await lines.changed.wait()
        times.append((lines.at_s - started) * 1e3)
    return times


async def http_writer(port: int) -> Callable[[int], Awaitable[None]]:
    """Writes `pi/V1` by the legacy HTTP API, one request after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def write(level: int) -> None:
        path = f"/{PI}/update/V1?value={level}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: gateway\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")

    return write


async def bridge_writer(port: int) -> Callable[[int], Awaitable[None]]:
    """Writes `pi/V1` as a device's bridge does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for command, number, body in ((29, 1, BOARD), (15, 2, f"64\0i\0{PI}")):
        writer.write(struct.pack(">BHH", command, number, len(body)) + body.encode())
        answer = await reader.readexactly(5)
        if answer[3:] != b"\0\xc8":
            sys.exit(f"bench: answered {answer.hex()}, expected status 200")

    async def write(level: int) -> None:
        body = f"64\0vw\x001\0{level}".encode()
        writer.write(struct.pack(">BHH", 15, 3, len(body)) + body)

    return write


async def timed_edges(gateway: Gateway, lines: Lines, count: int) -> list[float]:
    """Milliseconds from the level on the line, put there by a thread, to the mailbox of a sink."""
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    at_s = 0.0

    def wake() -> None:
        nonlocal at_s
        at_s = time.perf_counter()
        arrived.set()

    mailbox = Mailbox(1000, Overflow.CONFLATE, wake=wake)
    gateway.bus.subscribe(mailbox, origin=None, echo=True)
    times = []

    def drive(level: int) -> float:
        started = time.perf_counter()
        lines.drive_door(level)
        return started

    for number in range(count):
        arrived.clear()
        started = await loop.run_in_executor(None, drive, (number + 1) % 2)
        async with asyncio.timeout(5):
            await arrived.wait()
        mailbox.drain()
        times.append((at_s - started) * 1e3)
    gateway.bus.unsubscribe(mailbox)
    return times


async def flood(gateway: Gateway, lines: Lines, seconds: float) -> None:
    """5,000 edges a second from a thread: the last level, and what it costs."""
    mailbox = Mailbox(100_000, Overflow.CONFLATE)
    gateway.bus.subscribe(mailbox, origin=None, echo=True)
    edges = int(seconds * EDGES_PER_SECOND) | 1

    def bounce() -> None:
        started = time.perf_counter()
        for number in range(edges):
            lines.drive_door((number + 1) % 2)
            ahead_s = started + (number + 1) / EDGES_PER_SECOND - time.perf_counter()
            # A sleep takes longer than it is told to: few ones, of which none is for one edge.
            if ahead_s > PACE_S:
                time.sleep(ahead_s)

    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu_s, started = time.process_time(), time.perf_counter()
    thread = threading.Thread(target=bounce)
    thread.start()
    seen = 0
    while thread.is_alive():
        seen += sum(isinstance(one, PinChange) for one in await mailbox.take(within_s=0.2))
    thread.join()
    took_s = time.perf_counter() - started
    seen += sum(isinstance(one, PinChange) for one in await mailbox.take(within_s=0.5))
    cpu_s = time.process_time() - cpu_s
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    last = gateway.store.get("pi", "V2").value
    print(f"{edges} edges at {edges / took_s:.0f}/s: {seen} reported, the last one {last[0]} of 1;")
    print(
        f"{cpu_s / took_s:.0%} of a core with the thread that drives, {grown_kib} KiB more memory"
    )


if __name__ == "__main__":
    asyncio.run(main())
