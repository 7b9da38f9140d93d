"""The gateway as a real process, for tests that stop it, kill it and start it again."""

import asyncio
import itertools
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml

from tests.helpers.patience import PATIENCE_S

START_TIMEOUT_S = 20.0

FIRST_PORT = 20_000
PORTS_EACH = 1000
RUNNERS = 12
"""Up to port 32,000; the kernel's own begin at 32,768."""

_POLL_S = 0.01
_LOG_TAIL_LINES = 40


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on; each is given once.

    Below those that the kernel gives to connections, and another thousand for each test runner:
    a port that is free now must be so still when the program that is told of it listens there.
    """
    for port in itertools.islice(_ports, PORTS_EACH):
        with socket.socket() as probe:
            # As servers do: a port whose last connection just ended is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("every port is in use")


def _cycle() -> Iterator[int]:
    """Ports of this runner, from somewhere on: somebody may run other tests beside these."""
    runner = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST_PORT + runner % RUNNERS * PORTS_EACH
    begin = os.getpid() % PORTS_EACH
    return itertools.cycle(first + (begin + step) % PORTS_EACH for step in range(PORTS_EACH))


_ports = _cycle()


class GatewayProcess:
    """`python -m blynk_gateway run` on ports of its own, or another program that takes the same.

    `async with` starts it and stops it, which must end with exit code 0. It may be killed, stopped
    and started in between as often as a test likes; ports, configuration and data stay the same.

    Args:
        directory: where configuration, data and log go.
        config: sections of the configuration; `server.listen` and `listen_tls` are filled in.
        tls: whether to listen on a TLS port too, which takes a second at the first start.
        module: the program.
        host: address that it listens on.
        prefix: a command that runs the program, as `ip netns exec` does.
    """

    def __init__(
        self,
        directory: Path,
        config: Mapping[str, object] | None = None,
        *,
        tls: bool = False,
        module: str = "blynk_gateway",
        host: str = "127.0.0.1",
        prefix: Sequence[str] = (),
    ) -> None:
        self._program = [*prefix, sys.executable, "-m", module]
        self._host = host
        self.port = free_port()
        self.tls_port = free_port() if tls else None
        self.data_dir = directory / "data"
        self.control_path = self.data_dir / "control.sock"
        self.config_path = directory / "gateway.yaml"
        self.log_path = directory / "gateway.log"
        self._process: asyncio.subprocess.Process | None = None
        self.write_config(config or {})

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is None:
            return
        if error is None:
            code = await self.stop()
            assert code == 0, f"ended with {code}\n{self._tail()}"
        else:
            await self.kill()

    @property
    def is_running(self) -> bool:
        """Whether it was started and not ended since, by a test."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """Process id of the running daemon."""
        return self._running().pid

    @property
    def log(self) -> str:
        """Everything the daemon wrote so far, all starts together."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def write_config(self, config: Mapping[str, object]) -> None:
        """Replace the configuration file; a running daemon reads it at its next SIGHUP."""
        server = config.get("server", {})
        assert isinstance(server, Mapping)
        tls = [] if self.tls_port is None else [f"{self._host}:{self.tls_port}"]
        listen = {"listen": [f"{self._host}:{self.port}"], "listen_tls": tls}
        text = yaml.safe_dump({**config, "server": {**server, **listen}}, allow_unicode=True)
        self.config_path.write_text(text)

    async def start(self) -> None:
        """Start the daemon and return when it accepts connections.

        Raises:
            AssertionError: it ended, or was not ready within `START_TIMEOUT_S`.
        """
        assert self._process is None, "the gateway runs already"
        command = [*self._program, "run"]
        options = ["--config", str(self.config_path), "--data-dir", str(self.data_dir)]
        # Debug mode is for the test's own event loop: it makes a daemon several times slower.
        environment = {**os.environ, "PYTHONASYNCIODEBUG": ""}
        with self.log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, *options, stdout=log, stderr=log, env=environment
            )
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._ready()
        except asyncio.CancelledError:
            await self.kill()
            raise
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"not ready in {START_TIMEOUT_S} s\n{self._tail()}") from None

    async def stop(self) -> int:
        """Ask the daemon to stop (SIGTERM) and return its exit code.

        Raises:
            AssertionError: it did not end within `PATIENCE_S`; it is killed then.
        """
        process = self._running()
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(PATIENCE_S):
                code = await process.wait()
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"did not stop in {PATIENCE_S} s\n{self._tail()}") from None
        self._process = None
        return code

    async def kill(self) -> None:
        """End the daemon as a power cut would (SIGKILL)."""
        process = self._running()
        if process.returncode is None:
            process.kill()
        await process.wait()
        self._process = None

    def reload(self) -> None:
        """Ask the daemon to read its configuration again (SIGHUP)."""
        self._running().send_signal(signal.SIGHUP)

    async def wait_for_log(self, text: str, within_s: float = PATIENCE_S) -> None:
        """Return as soon as `text` stands in the log.

        Raises:
            AssertionError: it does not after `within_s`.
        """
        try:
            async with asyncio.timeout(within_s):
                await self._logged(text)
        except TimeoutError:
            raise AssertionError(f"{text!r} not logged in {within_s} s\n{self._tail()}") from None

    async def _ready(self) -> None:
        while not (_accepts(self.control_path) and _accepts((self._host, self.port))):
            process = self._running()
            if process.returncode is not None:
                self._process = None
                raise AssertionError(f"ended with {process.returncode}\n{self._tail()}")
            await asyncio.sleep(_POLL_S)

    async def _logged(self, text: str) -> None:
        while text not in self.log:  # noqa: ASYNC110 - another process writes the log
            await asyncio.sleep(_POLL_S)

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "the gateway does not run"
        return self._process

    def _tail(self) -> str:
        return "\n".join(self.log.splitlines()[-_LOG_TAIL_LINES:])


def _accepts(address: Path | tuple[str, int]) -> bool:
    family = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.connect(str(address) if isinstance(address, Path) else address)
        except OSError:
            return False
    return True
