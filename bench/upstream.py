"""Measures the way to a server above: two daemons as a user has them, one above the other.

    python -m bench.upstream [--points 1000000] [--writes 200] [--seconds 30]

Both share the machine with all who write and listen. CPU and memory are those of the gateway below.
"""

import argparse
import json
import os
import platform
import random
import shutil
import signal
import socket
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import servers
from bench.mqtt import wait_until
from bench.servers import Server
from blynk_gateway import __version__

DEVICES = 2
"""One is mapped, the other is a device of the house and nothing else."""

PINS = 10
STEP_MS = 10_000
"""Between two times of the backlog: a million points of ten pins are eleven days."""

BATCH = 2_000
READING_GOAL = 5
LIVE_GOAL_MS = 20
GAPS_S = (0.05, 0.5)
STORM_BATCHES = 100
PINGS = 1_000
PING_EVERY_S = 0.003
DRAINED_S = 1_800.0
ANSWER_S = 10.0
SETTLE_S = 3.0
"""Until the last commit is paid for, too."""

_LOGIN, _PING, _INTERNAL, _HARDWARE, _GROUP = 29, 6, 17, 20, 21
_ANSWER_BYTES = 5
_OK = (0, 1, 200)


class Device:
    """A device, as quick as a program in C would be where it matters."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(_frame(_LOGIN, token.encode()))
        answer = self._socket.recv(_ANSWER_BYTES, socket.MSG_WAITALL)
        if struct.unpack(">BHH", answer) != _OK:
            sys.exit(f"bench: login answered {answer.hex()}, expected status 200")
        self.send(_frame(_INTERNAL, b"ver\x001.4.0\0h-beat\x00600\0buff-in\x004096", 2))
        self.ping()

    def send(self, data: bytes) -> None:
        """Send frames."""
        self._socket.sendall(data)

    def ping(self) -> float:
        """Ping, and return how many seconds later the answer came."""
        began_s = time.perf_counter()
        self._socket.sendall(_frame(_PING, b""))
        while True:
            head = self._socket.recv(_ANSWER_BYTES, socket.MSG_WAITALL)
            if not head:
                sys.exit("bench: the gateway closed a connection")
            if struct.unpack(">BHH", head) == _OK:
                return time.perf_counter() - began_s

    def close(self) -> None:
        """Go."""
        self._socket.close()


class Changes:
    """Listens to changes of a gateway, as its command line does."""

    def __init__(self, directory: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(directory / "data" / "control.sock"))
        self._socket.settimeout(ANSWER_S)
        self._socket.sendall(b"GET /api/v1/changes HTTP/1.0\r\n\r\n")
        self._lines = self._socket.makefile("rb")

    def wait_for(self, value: str) -> float:
        """Return when a pin gets a value, by `time.perf_counter`."""
        wanted = f'"{value}"'.encode()
        while wanted not in self._lines.readline():
            pass
        return time.perf_counter()

    def close(self) -> None:
        """Go."""
        self._lines.close()
        self._socket.close()


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.upstream", description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000, help="of the backlog (1000000)")
    parser.add_argument("--writes", type=int, default=200, help="one after the other (200)")
    parser.add_argument("--seconds", type=float, default=30, help="of reading and of rest (30)")
    options = parser.parse_args()
    print(
        f"Blynk Gateway {__version__}, Python {platform.python_version()}, {platform.machine()},"
        f" {os.cpu_count()} CPUs; one device with {PINS} pins goes up by `tcp` without TLS.\n",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="bench-upstream-") as name:
        directory = Path(name)
        fill(directory / "below", options.points)
        with servers.gateway(directory / "above", 1) as above:
            measure_reading(directory, above, options.seconds)
            measure_draining(directory, above)
            measure_live(directory, above, options.writes)
            measure_stall(directory, above)


def upstream(port: int, *, rate: int = 0) -> dict[str, Any]:
    """The section for a server above on a port of this machine."""
    mapping = {"token": servers.tokens(1)[0], "pins": [f"V{number}" for number in range(PINS)]}
    return {
        "above": {
            "server": f"127.0.0.1:{port}",
            "tls": False,
            "rate": rate,
            "backlog": {"points_per_day": 0},
            "devices": {"bench-0": mapping},
        }
    }


@contextmanager
def below(directory: Path, port: int | None, *, rate: int = 0) -> Iterator[Server]:
    """The gateway below; `port` is that of the server above, None for no such server."""
    sections = {} if port is None else {"upstream": upstream(port, rate=rate)}
    with servers.gateway(directory, DEVICES, **sections) as server:
        yield server


def fill(directory: Path, count: int) -> None:
    """Have a gateway take so many points of the past days, while nothing is above it."""
    times = count // PINS
    with below(directory, servers.free_port()) as server:
        device = Device(server.port, servers.tokens(1)[0])
        first_ms = int(time.time() * 1000) - times * STEP_MS
        for begin in range(0, times, BATCH // PINS):
            frames = []
            for number in range(begin, min(times, begin + BATCH // PINS)):
                frames.append(_frame(_GROUP, b"t\0%d" % (first_ms + number * STEP_MS)))
                frames += (_frame(_HARDWARE, b"vw\0%d\0%d" % (pin, number)) for pin in range(PINS))
                frames.append(_frame(_GROUP, b"e"))
            device.send(b"".join(frames))
        device.ping()
        device.close()


def measure_reading(directory: Path, above: Server, seconds: float) -> None:
    """What it costs to send the backlog at the pace that is usual."""
    # A gateway that is run without a server above forgets what is owed to that.
    shutil.copytree(directory / "below", directory / "alone", ignore=_no_sockets)
    with below(directory / "alone", None) as server:
        alone = _share(server, seconds)
    with below(directory / "below", above.port, rate=10) as server:
        wait_until(lambda: mapping(directory / "below")["sent"] > 0, "nothing is sent")
        reading = _share(server, seconds)
        waiting = mapping(directory / "below")["backlog_points"]
    print(
        f"CPU over {seconds:g} s with a backlog of {waiting:,} points: {reading:.1f} % at 10 values"
        f" a second, {alone:.1f} % with no server above. Reading is the difference,"
        f" {reading - alone:.1f} % (goal: < {READING_GOAL} %).\n",
        flush=True,
    )


def measure_draining(directory: Path, above: Server) -> None:
    """How quickly the backlog goes up, and what memory it takes."""
    with below(directory / "below", above.port) as server:
        wait_until(lambda: mapping(directory / "below")["sent"] > 0, "nothing is sent")
        began_s, before_s = time.monotonic(), server.cpu_s()
        first = mapping(directory / "below")
        memory = [(server.rss_kib() / 1024, first["backlog_points"])]
        while (state := mapping(directory / "below"))["backlog_points"] != 0:
            memory.append((server.rss_kib() / 1024, state["backlog_points"]))
            if time.monotonic() - began_s > DRAINED_S:
                sys.exit(f"bench: the backlog is not drained in {DRAINED_S:g} s: {state}")
            time.sleep(0.1)
        seconds, cpu_s = time.monotonic() - began_s, server.cpu_s() - before_s
        count = state["sent"] - first["sent"]
    half = next(mib for mib, left in memory if (left or 0) <= count / 2)
    shown = (memory[0][0], half, memory[-1][0])
    print(
        f"Backlog: {count:,} points in {seconds:.1f} s, {count / seconds:,.0f} a second,"
        f" {cpu_s / max(1, count) * 1e6:.1f} µs of CPU each.\n"
        f"Memory at its beginning, half and end: {', '.join(f'{one:.1f}' for one in shown)} MiB,"
        f" most {max(mib for mib, _ in memory):.1f} MiB.\n",
        flush=True,
    )


def measure_live(directory: Path, above: Server, count: int) -> None:
    """From a device's `send` to a change that the gateway above tells."""
    with below(directory / "below", above.port) as server:
        wait_until(lambda: _is_at_rest(directory / "below"), "it does not come to rest")
        device = Device(server.port, servers.tokens(1)[0])
        changes = Changes(directory / "above")
        times_ms = []
        for number in range(count):
            time.sleep(random.uniform(*GAPS_S))  # noqa: S311 - no secret
            value = f"live-{number}"
            began_s = time.perf_counter()
            device.send(_frame(_HARDWARE, b"vw\x001\0" + value.encode()))
            times_ms.append((changes.wait_for(value) - began_s) * 1e3)
        changes.close()
        device.close()
    p50, p99 = statistics.median(times_ms), statistics.quantiles(times_ms, n=100)[98]
    print("| device write to the gateway above | p50 | p99 | goal |\n| --- | ---: | ---: | ---: |")
    print(
        f"| {count} writes, {GAPS_S[0] * 1e3:g} to {GAPS_S[1] * 1e3:g} ms between them"
        f" | {p50:.1f} ms | {p99:.1f} ms | p50 < {LIVE_GOAL_MS} ms |\n",
        flush=True,
    )


def measure_stall(directory: Path, above: Server) -> None:
    """What devices of the house notice when the server above stands still."""
    print(
        "| server above | `vw` a CPU second | ping p50 | ping p99 |\n| --- | ---: | ---: | ---: |"
    )
    with below(directory / "alone", None) as server:
        _print_local("none", server)
    with below(directory / "below", above.port) as server:
        wait_until(lambda: _is_at_rest(directory / "below"), "it does not come to rest")
        _print_local("connected", server)
        os.kill(above.pid, signal.SIGSTOP)
        try:
            _print_local("stands still", server)
        finally:
            os.kill(above.pid, signal.SIGCONT)
    print()


def mapping(directory: Path) -> dict[str, Any]:
    """The state of the mapping."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(directory / "data" / "control.sock"))
        control.settimeout(ANSWER_S)
        control.sendall(b"GET /api/v1/upstream HTTP/1.0\r\n\r\n")
        with control.makefile("rb") as answer:
            body = answer.read().partition(b"\r\n\r\n")[2]
    found: dict[str, Any] = json.loads(body)["upstream"][0]["devices"][0]
    return found


def _no_sockets(directory: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(directory, name).is_socket()]


def _share(server: Server, seconds: float) -> float:
    """Per cent of a core."""
    # A start packs what the last run left.
    time.sleep(SETTLE_S)
    before_s = server.cpu_s()
    time.sleep(seconds)
    return (server.cpu_s() - before_s) / seconds * 100


def _is_at_rest(directory: Path) -> bool:
    state = mapping(directory)
    return (state["status"], state["backlog_points"]) == ("connected", 0)


def _print_local(name: str, server: Server) -> None:
    """Pings of a device that is not mapped, beside a writer that is; then writes at full speed."""
    writer = Device(server.port, servers.tokens(1)[0])
    other = Device(server.port, servers.tokens(DEVICES)[1])
    for number in range(BATCH):
        writer.send(_frame(_HARDWARE, b"vw\x001\0%d" % number))
    pings_ms = []
    for number in range(PINGS):
        writer.send(_frame(_HARDWARE, b"vw\x002\0%d" % number))
        pings_ms.append(other.ping() * 1e3)
        time.sleep(PING_EVERY_S)
    batch = b"".join(
        _frame(_HARDWARE, b"vw\0%d\0%d" % (number % PINS, number)) for number in range(BATCH)
    )
    before_s = server.cpu_s()
    for _ in range(STORM_BATCHES):
        writer.send(batch)
    writer.ping()
    time.sleep(SETTLE_S)
    rate = STORM_BATCHES * BATCH / (server.cpu_s() - before_s)
    writer.close()
    other.close()
    p50, p99 = statistics.median(pings_ms), statistics.quantiles(pings_ms, n=100)[98]
    print(f"| {name} | {rate:,.0f} | {p50:.2f} ms | {p99:.2f} ms |", flush=True)


def _frame(command: int, body: bytes, message_id: int = 1) -> bytes:
    return struct.pack(">BHH", command, message_id, len(body)) + body


if __name__ == "__main__":
    main()
