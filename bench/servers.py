"""The two servers under measurement, as processes: the gateway, and the yardstick beside it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 20.0

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server. `start_s` is the time from its start to the first accepted connection."""

    pid: int
    port: int
    start_s: float

    def cpu_s(self) -> float:
        """CPU time of the process so far, all threads, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    def rss_kib(self) -> int:
        """Resident memory now."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def tokens(count: int) -> list[str]:
    """Tokens of the devices that `gateway` declares."""
    return [f"be9c{number:028x}" for number in range(count)]


@contextmanager
def gateway(directory: Path, devices: int, **sections: object) -> Iterator[Server]:
    """The daemon with its defaults, but no quota; a second run in `directory` finds its data.

    Args:
        sections: further ones of its configuration.
    """
    port = free_port()
    config = directory / "gateway.yaml"
    directory.mkdir(parents=True, exist_ok=True)
    # JSON is YAML, so this needs no library.
    config.write_text(
        json.dumps(
            {
                "server": {
                    "listen": [f"127.0.0.1:{port}"],
                    "listen_tls": [f"127.0.0.1:{free_port()}"],
                    "quota": {"messages_per_second": 0},
                },
                "devices": {
                    f"bench-{number}": {"token": token}
                    for number, token in enumerate(tokens(devices))
                },
                **sections,
            }
        )
    )
    options = ["--config", str(config), "--data-dir", str(directory / "data")]
    command = [sys.executable, "-m", "blynk_gateway", "run", *options]
    with _running(command, port, directory / "gateway.log") as server:
        yield server


@contextmanager
def yardstick(program: Path) -> Iterator[Server]:
    """The least a server can do."""
    port = free_port()
    command = [str(program), "--store", str(port)]
    with _running(command, port, program.with_suffix(".log")) as server:
        yield server


@contextmanager
def _running(command: list[str], port: int, log_path: Path) -> Iterator[Server]:
    with log_path.open("ab") as log:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_until_accepting(process, port, log_path)
        yield Server(process.pid, port, time.monotonic() - started)
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_accepting(process: subprocess.Popen[bytes], port: int, log_path: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log_path.read_text(errors="replace")[-2000:]
                sys.exit(f"bench: {process.args!r} does not accept connections:\n{tail}")
            time.sleep(0.002)
        else:
            return


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
