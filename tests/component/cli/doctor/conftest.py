"""A machine for each test: a tree of files in place of `/dev`, `/proc` and `/sys`."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.cli.client import ControlClient
from blynk_gateway.cli.doctor.account import Account
from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.finding import Finding, Level
from blynk_gateway.config import Options
from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.config.gpio.options import GpioOptions
from tests.helpers.clock import FakeClock

STRANGER = 60_000
"""A user whom no file belongs to."""


class Machine:
    """A case that tests change, and the tree it looks at."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "root"
        self.data_dir = directory / "data"
        self.data_dir.mkdir(mode=0o700)
        self.root.mkdir()
        self.case = Case(
            root=self.root,
            config=None,
            options=Options(),
            faults=(),
            data_dir=self.data_dir,
            account=Account(os.getuid(), frozenset(), "gateway"),
            daemon=None,
            client=ControlClient(self.data_dir),
            clock=FakeClock(),
        )

    def change(self, **fields: Any) -> None:  # noqa: ANN401  whatever a case has
        """Give the case other fields."""
        self.case = replace(self.case, **fields)

    def configure(self, *peripherals: PeripheralOptions, **fields: Any) -> None:  # noqa: ANN401  likewise
        """Give the configuration a section `gpio`."""
        by_name = {one.name: one for one in peripherals}
        self.change(options=Options(gpio=GpioOptions(peripherals=by_name, **fields)))

    def be_stranger(self, *gids: int) -> None:
        """Let the daemon run as somebody who owns nothing, but is in these groups."""
        self.change(account=Account(STRANGER, frozenset(gids), "gateway"))

    def file(self, path: str, text: str = "", mode: int = 0o660) -> Path:
        """A file below the root."""
        made = self.root / path
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(text)
        made.chmod(mode)
        return made

    def find(self, check: Callable[..., Iterator[Finding]], *probes: object) -> list[Finding]:
        """What a check finds."""
        return list(check(self.case, *probes))

    def only(
        self, check: Callable[..., Iterator[Finding]], *probes: object
    ) -> tuple[Level, str, str]:
        """Level, text and advice of the only finding of a check."""
        (finding,) = self.find(check, *probes)
        assert bool(finding.advice) is (finding.level is not Level.OK)
        return finding.level, finding.text, finding.advice


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)
