"""What all checks look at: the machine, the configuration, and who runs the daemon."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from blynk_gateway.cli.client import ControlClient
from blynk_gateway.cli.doctor.account import Account
from blynk_gateway.cli.doctor.finding import Finding
from blynk_gateway.config import Options
from blynk_gateway.core.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One examination.

    Attributes:
        root: of the file system; a copy of parts of one in tests.
        config: the configuration file, None for the defaults.
        options: what it says; the defaults if it has faults.
        faults: of the configuration, none if it can be used.
        account: who runs the daemon, or would.
        daemon: pid of the running daemon, 0 if it runs and may not be looked at, None if none runs.
        client: the way to it.
    """

    root: Path
    config: Path | None
    options: Options
    faults: tuple[str, ...]
    data_dir: Path
    account: Account
    daemon: int | None
    client: ControlClient
    clock: Clock

    def at(self, path: str) -> Path:
        """A path of the machine, such as `/dev/i2c-1`."""
        return self.root / path.lstrip("/")


Check: TypeAlias = Callable[[Case], Iterator[Finding]]
"""A check yields at least one finding if what it is about is in use."""
