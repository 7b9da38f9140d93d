"""What is asked of a server: the C load generator's modes, and the time of a login."""

import json
import shutil
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.servers import Server

SOURCES = Path(__file__).parent
PROGRAMS = SOURCES.parent / "build/bench"

# The default `commit_every` and a half: then everything written has been paid for.
CPU_TICK_S = 0.01
"""What the kernel counts CPU time in."""

SETTLE_S = 1.5

_LOGIN = 29
_ANSWER_BYTES = 5
_OK = (0, 1, 200)


@dataclass(frozen=True)
class Writes:
    """The cost of `vw` messages, the commit of the last of them included."""

    messages: int
    seconds: float
    cpu_s: float
    peak_kib: int

    @property
    def per_second(self) -> float:
        """Messages per second."""
        return self.messages / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Messages per CPU second of the server."""
        return self.messages / max(self.cpu_s, CPU_TICK_S)


def build(name: str) -> Path | None:
    """Compile `name`.c and return the program, or None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    program = PROGRAMS / name
    command = [compiler, "-O2", "-o", str(program), str(SOURCES / f"{name}.c")]
    subprocess.run(command, check=True)
    return program


class LoadGenerator:
    """`loadgen`, with one token a connection."""

    def __init__(self, program: Path, tokens: list[str]) -> None:
        self._program = program
        self._tokens = program.with_name("tokens.txt")
        self._tokens.write_text("\n".join(tokens))

    def write(self, server: Server, connections: int, messages: int) -> Writes:
        """Pipeline so many `vw` messages, fewer than the kernel would queue up by itself.

        A run by time would fill every connection's socket buffers, 3.5 MB each, and measure how
        long they take to drain.
        """
        before = server.cpu_s()
        result = self._run(server, "write", conns=connections, messages=messages // connections)
        time.sleep(SETTLE_S)
        cpu_s = server.cpu_s() - before
        return Writes(int(result["msgs"]), float(result["seconds"]), cpu_s, int(result["peak_kb"]))

    def ping(
        self, server: Server, seconds: float, load_per_second: int, pins: int = 1
    ) -> tuple[float, float]:
        """p50 and p99 in ms of pings, beside `vw` messages of ten other devices.

        Args:
            pins: how many each of them writes to, V0 and on.
        """
        load: dict[str, float] = {}
        if load_per_second:
            load = {"load-conns": 10, "load-rate": load_per_second, "pins": pins}
        result = self._run(server, "ping", seconds=seconds, **load)
        return float(result["p50_ms"]), float(result["p99_ms"])

    def idle(self, server: Server, connections: int) -> float:
        """KiB that each of so many devices costs while it is silent."""
        return float(self._run(server, "idle", conns=connections)["kib_per_conn"])

    def _run(self, server: Server, mode: str, **options: float) -> dict[str, float]:
        command = [str(self._program), "--json", "--mode", mode, "--pid", str(server.pid)]
        command += ["--port", str(server.port), "--tokens-file", str(self._tokens)]
        for option, value in options.items():
            command += [f"--{option}", str(value)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            sys.exit(f"bench: {' '.join(command)} failed:\n{run.stdout}{run.stderr}")
        result: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
        return result


def login_ms(server: Server, token: str) -> float:
    """Time from sending a login to its answer on a connection that is already there."""
    frame = struct.pack(">BHH", _LOGIN, 1, len(token)) + token.encode()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(SETTLE_S)
        started = time.perf_counter()
        connection.sendall(frame)
        answer = connection.recv(_ANSWER_BYTES, socket.MSG_WAITALL)
        elapsed_ms = (time.perf_counter() - started) * 1e3
    if struct.unpack(">BHH", answer) != _OK:
        sys.exit(f"bench: login answered {answer.hex()}, expected status 200")
    return elapsed_ms
