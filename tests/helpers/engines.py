"""Real time-series engines on loopback, each with a directory of its own, to stop, kill and freeze.

They are Debian's: where one is missing, a test that needs it fails and says what to install.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import aiohttp
import asyncpg

from tests.helpers.patience import PATIENCE_S
from tests.helpers.processes import free_port

START_TIMEOUT_S = 30.0

_POLL_S = 0.02
_LOG_TAIL = 2000


class Engine:
    """A server as a process.

    `with` makes it and removes it with all that it holds; it runs from its making on.

    Attributes:
        directory: everything that it writes.
    """

    user: str | None = None

    def __init__(self) -> None:
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="engine-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.prepare()
            self.start()
        except BaseException:
            shutil.rmtree(self.directory)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.directory)

    def prepare(self) -> None:
        """Make what it needs before its first start."""
        raise NotImplementedError

    def command(self) -> Sequence[str]:
        """What runs it."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether it answers."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self) -> None:
        """Start it, and return when it answers."""
        log = self.directory / "log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                **self.identity(),
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.is_ready():
            tail = log.read_text(errors="replace")[-_LOG_TAIL:]
            assert self._process.poll() is None, f"{self.command()[0]} ended\n{tail}"
            assert time.monotonic() < deadline, f"{self.command()[0]} does not answer\n{tail}"
            time.sleep(_POLL_S)

    def kill(self) -> None:
        """End it as a power cut would. May be repeated."""
        if self._process is not None:
            with contextlib.suppress(FileNotFoundError):
                self._signal(signal.SIGKILL)
            self._process.wait(PATIENCE_S)
            self._process = None

    def freeze(self) -> None:
        """Let it neither answer nor end, as a machine that hangs."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def identity(self) -> dict[str, Any]:
        """Who runs it: root may not run PostgreSQL."""
        if os.geteuid() != 0 or self.user is None:
            return {}
        return {"user": self.user, "group": self.user, "extra_groups": []}

    def _signal(self, number: signal.Signals) -> None:
        """Signal all of its processes, as what hits the machine does."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        for process in (pid, *map(int, children.read_text().split())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)


class Postgres(Engine):
    """PostgreSQL, in which everybody from loopback is who he says he is.

    Its own user is `postgres`. Nothing is synced: the machine itself does not crash.
    """

    user = "postgres"

    def prepare(self) -> None:
        initdb = self._program("initdb")
        if os.geteuid() == 0:
            shutil.chown(self.directory, self.user, self.user)
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]
        command = [initdb, f"--pgdata={self.directory / 'data'}", "--no-sync", *options]
        subprocess.run(command, check=True, capture_output=True, **self.identity())

    def command(self) -> Sequence[str]:
        options = {"fsync": "off", "listen_addresses": "127.0.0.1", "max_wal_size": "256MB"}
        return [
            self._program("postgres"),
            *("-D", str(self.directory / "data"), "-p", str(self.port)),
            *("-k", str(self.directory)),
            *(text for name, value in options.items() for text in ("-c", f"{name}={value}")),
        ]

    def is_ready(self) -> bool:
        command = [self._program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """Where `psql` finds it."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    async def query(self, sql: str, database: str = "postgres") -> list[Any]:
        """All rows, as its own user."""
        connection = await asyncpg.connect(self.url(database))
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    async def new_database(self) -> str:
        """The name of a new, empty one."""
        name = f"test_{time.monotonic_ns()}"
        await self.query(f"CREATE DATABASE {name}")
        return name

    def _program(self, name: str) -> str:
        # Debian keeps each version in a directory of its own, which is in nobody's PATH.
        found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        path = str(found[-1]) if found else shutil.which(name)
        assert path, f"{name} is missing; install it: sudo apt install postgresql"
        return path


class Influx(Engine):
    """InfluxDB of version 1.

    Args:
        has_users: whether one has to log in.
    """

    def __init__(self, *, has_users: bool = False) -> None:
        super().__init__()
        self._has_users = has_users

    def prepare(self) -> None:
        for name in ("meta", "data", "wal"):
            (self.directory / name).mkdir()
        text = f"""
            reporting-disabled = true
            bind-address = "127.0.0.1:{free_port()}"
            [meta]
            dir = "{self.directory}/meta"
            [data]
            dir = "{self.directory}/data"
            wal-dir = "{self.directory}/wal"
            query-log-enabled = false
            [http]
            bind-address = "127.0.0.1:{self.port}"
            auth-enabled = {str(self._has_users).lower()}
            log-enabled = false
            [monitor]
            store-enabled = false
        """
        (self.directory / "influxdb.conf").write_text(text)

    def command(self) -> Sequence[str]:
        path = shutil.which("influxd")
        assert path, "influxd is missing; install it: sudo apt install influxdb"
        return [path, "run", "-config", str(self.directory / "influxdb.conf")]

    def url(self, database: str) -> str:
        """Where points are posted to."""
        return f"http://127.0.0.1:{self.port}/write?db={database}"

    async def query(self, text: str, database: str = "", **parameters: str) -> list[list[Any]]:
        """Rows of the first series of an answer."""
        url = f"http://127.0.0.1:{self.port}/query"
        query = {"q": text, "db": database, **parameters}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, params=query) as response,
        ):
            (result,) = (await response.json())["results"]
            assert "error" not in result, result
            series = result.get("series", [{"values": []}])
            rows: list[list[Any]] = series[0].get("values", [])
            return rows

    async def new_database(self) -> str:
        """The name of a new, empty one."""
        name = f"test_{time.monotonic_ns()}"
        await self.query(f"CREATE DATABASE {name}")
        return name
