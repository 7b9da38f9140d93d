"""Measures what open dashboards cost the devices, and what the first view costs a browser.

    python -m bench.dashboard [--seconds 5] [--browsers 100]

Ten devices write to 100 pins each while another one times its pings, with and without dashboards
that watch. The dashboards read as fast as they can, on the same machine: what they get is what it
can carry beside everything else. Quote the CPU time and the ratio of the pings.
"""

import argparse
import base64
import gzip
import json
import os
import platform
import re
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from bench import servers
from bench.load import LoadGenerator, build
from bench.servers import Server
from blynk_gateway import __version__

DEVICES = 10
PINS = 100
RATES = (1_000, 10_000)
BROWSERS = 100
FEW = 30
"""Pins of an ordinary page."""

READ_BYTES = 1 << 20
CONNECTED_S = 30.0
GOAL_KIB = 200

_HEAD_BYTES = 2
_LONG_SIZES = {126: ">H", 127: ">Q"}
_IMPORT = re.compile(r"""^(?:import|\}|export) [^;(]*?'(\.[^']+)'""", re.MULTILINE)


class Read(NamedTuple):
    """What all dashboards together got."""

    messages: int
    bytes: int
    seconds: float
    open: int


class Case(NamedTuple):
    """One line of the table."""

    name: str
    p50_ms: float
    p99_ms: float
    cpu_s: float
    peak_kib: int
    read: Read | None


def main() -> None:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--browsers", type=int, default=BROWSERS, help="dashboards that are open")
    options = parser.parse_args()
    program = build("loadgen")
    if program is None:
        sys.exit("bench: there is no C compiler; install one: sudo apt install gcc")
    print(f"## Dashboards, {__version__}, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        with servers.gateway(place, DEVICES + 1) as server:
            token = _api_token(place)
            # The first token is the probe's, whose device has no part in the load.
            load = LoadGenerator(program, servers.tokens(DEVICES + 1))
            for rate in RATES:
                _measure(server, token, load, rate, options.seconds, options.browsers)
            _first_view(server)


def _measure(
    server: Server, token: str, load: LoadGenerator, rate: int, seconds: float, browsers: int
) -> None:
    names = [f"bench-{device + 1}/V{pin}" for device in range(DEVICES) for pin in range(PINS)]
    slices = [
        [names[(first * FEW + n) % len(names)] for n in range(FEW)] for first in range(browsers)
    ]
    cases = [
        _case("none", server, load, rate, seconds, None),
        _case(f"{browsers} with {FEW} pins each", server, load, rate, seconds, (token, slices)),
        _case(
            f"{browsers} with all {len(names)} pins",
            server,
            load,
            rate,
            seconds,
            (token, [names] * browsers),
        ),
        _case("none again", server, load, rate, seconds, None),
    ]
    print(f"{rate} writes a second to {len(names)} pins:\n")
    print("| Dashboards | ping p50 | p99 | CPU | memory | messages each | to all |")
    print("|---|---|---|---|---|---|---|")
    for case in cases:
        told = "| – | – |"
        if case.read is not None:
            each = case.read.messages / len(slices) / case.read.seconds
            told = f"| {each:.1f}/s | {case.read.bytes / case.read.seconds / 1e6:.1f} MB/s |"
        print(
            f"| {case.name} | {case.p50_ms:.2f} ms | {case.p99_ms:.2f} ms"
            f" | {case.cpu_s / seconds:.0%} | {case.peak_kib / 1024:.0f} MiB {told}",
            flush=True,
        )
    print()


def _case(
    name: str,
    server: Server,
    load: LoadGenerator,
    rate: int,
    seconds: float,
    watched: tuple[str, list[list[str]]] | None,
) -> Case:
    if watched is None:
        before = server.cpu_s()
        p50_ms, p99_ms = load.ping(server, seconds, rate, PINS)
        return Case(name, p50_ms, p99_ms, server.cpu_s() - before, server.rss_kib(), None)
    with _dashboards(server.port, *watched) as pipe:
        before = server.cpu_s()
        pipe.send("begin")
        p50_ms, p99_ms = load.ping(server, seconds, rate, PINS)
        pipe.send("end")
        read: Read = pipe.recv()
        cpu_s, rss_kib = server.cpu_s() - before, server.rss_kib()
    if read.open < len(watched[1]):
        print(f"only {read.open} of {len(watched[1])} dashboards were left", file=sys.stderr)
    return Case(name, p50_ms, p99_ms, cpu_s, rss_kib, read)


@contextmanager
def _dashboards(port: int, token: str, pins: list[list[str]]) -> Iterator[Connection]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=watch, args=(port, token, pins, theirs))
    process.start()
    try:
        if not ours.poll(CONNECTED_S):
            sys.exit("bench: the dashboards did not connect")
        ours.recv()
        yield ours
    finally:
        process.terminate()
        process.join()


def watch(port: int, token: str, pins: Sequence[Sequence[str]], pipe: Connection) -> None:
    """Open a dashboard for each set of pins and count what they get; runs in its own process."""
    selector = selectors.DefaultSelector()
    for some in pins:
        selector.register(_dashboard(port, token, some), selectors.EVENT_READ, Frames())
    pipe.send("connected")
    selector.register(pipe, selectors.EVENT_READ)
    buffer = bytearray(READ_BYTES)
    began = time.monotonic()
    total = 0
    while True:
        for key, _ in selector.select():
            if not isinstance(key.data, Frames):
                if pipe.recv() == "end":
                    frames = [one.data for one in selector.get_map().values() if one.data]
                    count = sum(one.count for one in frames)
                    pipe.send(Read(count, total, time.monotonic() - began, len(frames)))
                    continue
                for one in selector.get_map().values():
                    if isinstance(one.data, Frames):
                        one.data.count = 0
                began, total = time.monotonic(), 0
                continue
            assert isinstance(key.fileobj, socket.socket)
            size = key.fileobj.recv_into(buffer)
            total += size
            if size:
                key.data.feed(memoryview(buffer)[:size])
            else:
                selector.unregister(key.fileobj)


class Frames:
    """Counts the frames of a server in bytes that come in any pieces."""

    def __init__(self) -> None:
        self.count = 0
        self._head = b""
        self._rest = 0

    def feed(self, data: memoryview) -> None:
        """Take the next bytes."""
        at = 0
        while at < len(data):
            if self._rest:
                step = min(self._rest, len(data) - at)
                self._rest -= step
                at += step
                continue
            self._head += bytes(data[at : at + 1])
            at += 1
            size = _payload_size(self._head)
            if size is not None:
                self.count += 1
                self._head, self._rest = b"", size


def _payload_size(head: bytes) -> int | None:
    """What a frame's head says, None while it is not whole. Source: RFC 6455 §5.2."""
    if len(head) < _HEAD_BYTES:
        return None
    short = head[1] & 0x7F
    form = _LONG_SIZES.get(short)
    if form is None:
        return short
    if len(head) < _HEAD_BYTES + struct.calcsize(form):
        return None
    size: int = struct.unpack_from(form, head, _HEAD_BYTES)[0]
    return size


def _dashboard(port: int, token: str, pins: Sequence[str]) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET /api/v1/ws?every_ms=100 HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    if not head.startswith(b"HTTP/1.1 101"):
        sys.exit(f"bench: no WebSocket: {head.decode()}")
    text = json.dumps({"type": "watch", "pins": list(pins), "each": []}).encode()
    # Masked, with a mask that changes nothing.
    connection.sendall(struct.pack(">BBH4x", 0x81, 0x80 | 126, len(text)) + text)
    return connection


def _api_token(place: Path) -> str:
    command = [sys.executable, "-m", "blynk_gateway", "api-token", "add", "bench"]
    command += ["--config", str(place / "gateway.yaml"), "--data-dir", str(place / "data")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _first_view(server: Server) -> None:
    """What a browser loads before somebody can log in, packed as it comes."""
    seen: dict[str, int] = {}
    wanted = ["/"]
    while wanted:
        path = wanted.pop()
        if path in seen:
            continue
        body, size = _get(server.port, path)
        seen[path] = size
        base = path.rpartition("/")[0]
        if path.endswith(".js"):
            wanted += [os.path.normpath(f"{base}/{name}") for name in _IMPORT.findall(body)]
        elif path == "/":
            wanted += re.findall(r'(?:src|href)="(/ui/[^"]+)"', body)
    print(
        f"First view: {len(seen)} files, {sum(seen.values()) / 1024:.0f} KiB packed"
        f" (goal: {GOAL_KIB} KiB)."
    )


def _get(port: int, path: str) -> tuple[str, int]:
    """A file's text, and its bytes on the wire without the head."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        answer = b""
        while piece := connection.recv(READ_BYTES):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        sys.exit(f"bench: {path}: {head.decode()}")
    is_packed = b"content-encoding: gzip" in head.lower()
    text = gzip.decompress(body) if is_packed else body
    return text.decode(errors="replace"), len(body)


if __name__ == "__main__":
    main()
