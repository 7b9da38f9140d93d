"""Measures the way between devices and a broker: mosquitto and the daemon, as a user has them.

    python -m bench.mqtt [--seconds 5] [--away 1000000]

Writers, listener and broker share the machine with the daemon, so rates are the least it can do;
quote the CPU time. Every pin gets the numbers 0, 1, 2 …: what comes must rise.
"""

import argparse
import os
import platform
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import servers
from bench.mqtt_wire import Client, Heard, Listener
from bench.servers import Server
from blynk_gateway import __version__

DEVICES = 10
PINS = 10
STREAMS = DEVICES * PINS
TICK_S = 0.005
PUBLISHED_GOAL = 10_000
APPLIED_GOAL = 5_000
LATENCY_GOAL_MS = 5
FLOOD = 200_000
SAMPLES = 2_000
LATENCY_CASES = (("alone", 0), ("beside 5,000 writes a second", 5_000))
CONNECTED_S = 30.0
AWAY_S = 90.0
BATCH = 2_000
SETTLE_S = 3.0
"""Until the last commit is paid for, too."""

_LOGIN, _PING, _HARDWARE = 29, 6, 20
_ANSWER_BYTES = 5
_OK = (0, 1, 200)

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


class Broker:
    """mosquitto on a port of its own, which forgets everything when it is stopped."""

    def __init__(self, directory: Path) -> None:
        self.port = servers.free_port()
        self._config = directory / "mosquitto.conf"
        # By itself it drops what waits for a slow reader, at QoS 0 too.
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return when it answers."""
        log = self._config.with_suffix(".log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [MOSQUITTO, "-c", str(self._config)], stdout=log, stderr=log
            )
        wait_until(lambda: not _probe(self.port), "mosquitto does not answer")

    def stop(self) -> None:
        """End it. May be repeated."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


class Devices:
    """All devices, each on a connection; they write their pins in turn.

    Attributes:
        written: how many values by `write`.
    """

    def __init__(self, port: int) -> None:
        self.written = 0
        self._sockets = [_logged_in(port, token) for token in servers.tokens(DEVICES)]

    def write(self, count: int) -> None:
        """Write the next so many values as quickly as the daemon takes them."""
        frames: list[list[bytes]] = [[] for _ in range(DEVICES)]
        for number in range(self.written, self.written + count):
            value, stream = divmod(number, STREAMS)
            device, pin = divmod(stream, PINS)
            body = b"vw\0%d\0%d" % (pin, value)
            frames[device].append(struct.pack(">BHH", _HARDWARE, 1, len(body)) + body)
        for connection, batch in zip(self._sockets, frames, strict=True):
            connection.sendall(b"".join(batch))
        self.written += count

    def write_all(self, count: int) -> None:
        """Write so many, and return when the daemon has handled them."""
        for _ in range(count // BATCH):
            self.write(BATCH)
        for connection in self._sockets:
            connection.sendall(struct.pack(">BHH", _PING, 1, 0))
        for connection in self._sockets:
            connection.recv(_ANSWER_BYTES, socket.MSG_WAITALL)

    def write_alone(self, value: int) -> None:
        """Write one pin that `write` does not."""
        body = b"vw\0%d\0%d" % (PINS, value)
        self._sockets[0].sendall(struct.pack(">BHH", _HARDWARE, 1, len(body)) + body)

    def close(self) -> None:
        """Go."""
        for connection in self._sockets:
            connection.close()


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.mqtt", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="length of each run (5)")
    parser.add_argument(
        "--away", type=int, default=1_000_000, help="changes while the broker is away (1000000)"
    )
    options = parser.parse_args()
    if not Path(MOSQUITTO).exists():
        sys.exit("bench: mosquitto is missing. Install it: sudo apt install mosquitto")
    print(
        f"Blynk Gateway {__version__}, Python {platform.python_version()}, {platform.machine()},"
        f" {os.cpu_count()} CPUs; {DEVICES} devices with {PINS} pins each.\n"
    )
    with running() as (broker, server):
        measure_publishing(broker, server, options.seconds)
        measure_commands(broker, server, options.seconds)
        measure_latency(broker, server)
        measure_away(broker, server, options.away)


@contextmanager
def running() -> Iterator[tuple[Broker, Server]]:
    """A broker and a daemon that is connected to it."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-mqtt-")))
        # mosquitto gives up root and must be able to read there.
        directory.chmod(0o755)
        broker = Broker(directory)
        broker.start()
        stack.callback(broker.stop)
        client = Client(broker.port, "bench-start")
        client.subscribe("blynk/bridge/state")
        mqtt = {"host": "127.0.0.1", "port": broker.port, "discovery": "off"}
        server = stack.enter_context(servers.gateway(directory / "gateway", DEVICES, mqtt=mqtt))
        wait_until(lambda: bool(client.receive(0.1)), "the gateway does not connect")
        client.close()
        yield broker, server


def measure_publishing(broker: Broker, server: Server, seconds: float) -> None:
    """Device writes, counted by a subscriber."""
    devices = Devices(server.port)
    table(
        "device writes to a subscriber",
        "published",
        "skipped",
        "out of order",
        "latest there",
        "CPU",
    )
    for rate in (PUBLISHED_GOAL, 2 * PUBLISHED_GOAL, 3 * PUBLISHED_GOAL):
        count = round(rate * seconds)
        with Listener(broker.port) as listener:
            before_s = server.cpu_s()
            paced(rate, count, devices.write)
            heard = listener.settled()
            row(f"{rate:,} a second", heard, count, devices.written, server.cpu_s() - before_s)
    with Listener(broker.port) as listener:
        before_s = server.cpu_s()
        devices.write_all(FLOOD)
        heard = listener.settled()
        row(f"{FLOOD:,} at once", heard, FLOOD, devices.written, server.cpu_s() - before_s)
    devices.close()
    print(f"\nGoal: {PUBLISHED_GOAL:,} a second, none skipped.\n")


def measure_commands(broker: Broker, server: Server, seconds: float) -> None:
    """Commands to `set` topics, counted by the states that they lead to."""
    client = Client(broker.port, "bench-commands")
    sent = 0

    def send(count: int) -> None:
        nonlocal sent
        client.send(
            (f"blynk/{device_of(number)}/v{20 + number % PINS}/set", str(number // STREAMS))
            for number in range(sent, sent + count)
        )
        sent += count

    table("commands to their states", "applied", "skipped", "out of order", "latest there", "CPU")
    for rate in (APPLIED_GOAL, 2 * APPLIED_GOAL):
        count = round(rate * seconds)
        with Listener(broker.port) as listener:
            before_s = server.cpu_s()
            paced(rate, count, send)
            heard = listener.settled()
            row(f"{rate:,} a second", heard, count, sent, server.cpu_s() - before_s)
    client.close()
    print(f"\nGoal: {APPLIED_GOAL:,} a second, none skipped.\n")


def device_of(number: int) -> str:
    """The slug of the device whose turn it is."""
    return f"bench-{number % STREAMS // PINS}"


def measure_latency(broker: Broker, server: Server) -> None:
    """From a device's `send` to the subscriber's `recv`, one write after the other."""
    print("| device write to subscriber | p50 | p99 | goal |\n| --- | ---: | ---: | ---: |")
    devices = Devices(server.port)
    client = Client(broker.port, "bench-latency")
    client.subscribe(f"blynk/bench-0/v{PINS}")
    for name, rate in LATENCY_CASES:
        times_ms = []
        due_s = time.monotonic()
        for number in range(SAMPLES):
            due_s += TICK_S
            if rate:
                devices.write(round(rate * TICK_S))
                time.sleep(TICK_S / 2)
            value = number + (SAMPLES if rate else 0)
            began_s = time.perf_counter()
            devices.write_alone(value)
            while not any(text == str(value) for _, text in client.receive(5)):
                pass
            times_ms.append((time.perf_counter() - began_s) * 1e3)
            time.sleep(max(0.0, due_s - time.monotonic()))
        p99 = statistics.quantiles(times_ms, n=100)[98]
        p50 = statistics.median(times_ms)
        print(f"| {name} | {p50:.2f} ms | {p99:.2f} ms | p50 < {LATENCY_GOAL_MS} ms |", flush=True)
    devices.close()
    client.close()
    print()


def measure_away(broker: Broker, server: Server, count: int) -> None:
    """Memory over changes that nobody can be told of, and what is told afterwards."""
    devices = Devices(server.port)
    # What it has once needed for writes at full speed stays with the process.
    devices.write_all(FLOOD)
    time.sleep(SETTLE_S)
    broker.stop()
    memory = [server.rss_kib() / 1024]
    for _ in range(2):
        devices.write_all(count // 2)
        time.sleep(SETTLE_S)
        memory.append(server.rss_kib() / 1024)
    broker.start()
    began_s = time.monotonic()
    with Listener(broker.port, with_retained=True) as listener:
        wait_until(lambda: listener.heard().count > 0, "the gateway does not come back", AWAY_S)
        heard = listener.settled(2)
    devices.close()
    print(
        f"Broker away for {count:,} changes: memory before, halfway and after:"
        f" {', '.join(f'{one:.1f}' for one in memory)} MiB.\n"
        f"When it was back: connected again after {heard.first_s - began_s:.1f} s;"
        f" {heard.count} states of {len(heard.latest)} pins and {heard.others} other messages,\n"
        f"the last of pins {1e3 * (heard.last_s - heard.first_s):.0f} ms after the first."
    )


def paced(rate: float, count: int, act: Callable[[int], None]) -> None:
    """Do something `count` times at a rate, some at each tick."""
    began_s = time.monotonic()
    done = 0
    while done < count:
        due = min(count, round((time.monotonic() - began_s) * rate) + 1)
        if due > done:
            act(due - done)
            done = due
        time.sleep(TICK_S)


def table(*names: str) -> None:
    """Print the head of a table."""
    print(f"| {' | '.join(names)} |\n| --- |{' ---: |' * (len(names) - 1)}", flush=True)


def row(name: str, heard: Heard, count: int, total: int, cpu_s: float) -> None:
    """Print a row.

    Args:
        count: of messages sent in this run, of `total` so far.
    """
    # Each pin gets its turn: the last one of each is among the last ones of all.
    latest = sorted(heard.latest.values())
    there = sum(
        found == (total - STREAMS + number) // STREAMS for number, found in enumerate(latest)
    )
    cells = (
        f"{heard.per_second:,.0f} a second",
        f"{count - heard.count:,} of {count:,}",
        str(heard.disorders),
        f"{there} of {STREAMS}",
        f"{cpu_s / count * 1e6:.0f} µs each",
    )
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def wait_until(condition: Callable[[], bool], fault: str, within_s: float = CONNECTED_S) -> None:
    """Return when the condition holds; end the run if it does not."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"bench: {fault}")
        time.sleep(0.01)


def _probe(port: int) -> int:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port))


def _logged_in(port: int, token: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(struct.pack(">BHH", _LOGIN, 1, len(token)) + token.encode())
    answer = connection.recv(_ANSWER_BYTES, socket.MSG_WAITALL)
    if struct.unpack(">BHH", answer) != _OK:
        sys.exit(f"bench: login answered {answer.hex()}, expected status 200")
    return connection


if __name__ == "__main__":
    main()
