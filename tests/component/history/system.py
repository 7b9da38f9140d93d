"""A journal with the core around it, as `gateway.py` would wire them."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.device import DeviceRegistry
from blynk_gateway.core.gate import Gate
from blynk_gateway.core.store import PinStore
from blynk_gateway.core.value import PinValue
from blynk_gateway.history.archive.archiver import PolicyOf, keep_raw
from blynk_gateway.history.journal import Journal
from blynk_gateway.history.retention.retention import Keep
from blynk_gateway.runtime.clock_quality import ClockQuality
from blynk_gateway.runtime.health import Health
from tests.helpers.clock import FakeClock, trusted
from tests.helpers.patience import PATIENCE_S

if TYPE_CHECKING:
    from blynk_gateway.history.segments.restore import Restored

_FOR_EVER = Keep()

ORIGIN = Origin(OriginKind.DEVICE, "1")


async def until(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if condition():
                return
            await asyncio.sleep(0.002)


def files_of(directory: Path, pattern: str = "gateway.db*") -> dict[Path, bytes]:
    """The database as it is on disk at this moment, what a crash would leave."""
    return {path: path.read_bytes() for path in directory.glob(pattern)}


def put_back(files: dict[Path, bytes]) -> None:
    """Let the database be as it was."""
    for path, body in files.items():
        path.write_bytes(body)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The database as another program holds it locked."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


class System:
    """`async with` opens and closes; one object lives once, like the daemon."""

    def __init__(
        self,
        directory: Path,
        *,
        clock: Clock | None = None,
        clock_quality: ClockQuality | None = None,
        keep: Keep = _FOR_EVER,
        policy_of: PolicyOf = keep_raw,
    ) -> None:
        self.path = directory / "gateway.db"
        self.clock = clock or FakeClock()
        self.health = Health()
        self.gate = Gate()
        self.bus = PinBus()
        self.store = PinStore(self.bus, self.clock)
        self.registry = DeviceRegistry(self.bus, self.store, self.clock)
        self.journal = Journal(
            self.path,
            commit_every_ms=10,
            keep=keep,
            policy_of=policy_of,
            clock=self.clock,
            clock_quality=clock_quality or trusted(self.clock),
            gate=self.gate,
            health=self.health,
        )
        self.restored: Restored

    async def __aenter__(self) -> Self:
        self.restored = await self.journal.open()
        self.bus.renumber(self.restored.next_seq)
        self.bus.subscribe(self.journal.mailbox, origin=None, echo=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.journal.close()

    @property
    def values(self) -> dict[str, PinValue]:
        """Restored values by address."""
        return {f"{device}/{pin}": value for device, pin, value, _ in self.restored.values}

    def add(self, slug: str, source: DeviceSource = DeviceSource.COMMAND) -> DeviceDefinition:
        definition = DeviceDefinition(slug, slug.title(), f"token-of-{slug}", source)
        self.registry.add(definition, ORIGIN)
        return definition

    def write(self, device: str, pin: str, *value: str, at_ms: int | None = None) -> PinChange:
        change = self.store.write(device, pin, value, ORIGIN, Intent.REPORT, at_ms)
        assert change is not None
        return change
