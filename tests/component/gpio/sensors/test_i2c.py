"""The I²C bus, asked without harm; the bus is a stand-in for what i2c-dev answers."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from blynk_gateway.gpio.sensors import i2c
from blynk_gateway.gpio.sensors.i2c import CHIPS, Answer, probe

CONFIG_TXT_LINE = 98
"""Longest line of config.txt. Source: its documentation."""


class Bus:
    """Answers for `/dev/i2c-1`.

    Args:
        reads, writes: addresses that answer to a byte read, to a write of nothing.
        taken: addresses of drivers.
    """

    def __init__(
        self,
        reads: set[int] | None = None,
        writes: set[int] | None = None,
        taken: set[int] | None = None,
    ) -> None:
        self.reads = reads or set()
        self.writes = writes or set()
        self.taken = taken or set()
        self.asked: list[str] = []
        self._address = -1

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fcntl, "ioctl", self._ioctl)
        monkeypatch.setattr(os, "read", self._read)

    def _ioctl(self, handle: int, request: int, argument: int | bytes) -> int:
        if request == i2c.I2C_SLAVE:
            assert isinstance(argument, int)
            if argument in self.taken:
                raise OSError(errno.EBUSY, "Device or resource busy")
            self._address = argument
        else:
            assert request == i2c.I2C_SMBUS
            # A write, of no command, of size "quick", without data.
            assert isinstance(argument, bytes)
            assert not any(argument)
            self.asked.append("write")
            self._answer(self.writes)
        return 0

    def _read(self, handle: int, size: int) -> bytes:
        assert size == 1
        self.asked.append("read")
        self._answer(self.reads)
        return b"\x00"

    def _answer(self, addresses: set[int]) -> None:
        if self._address not in addresses:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "i2c-1").touch()
    return tmp_path / "i2c-1"


def test_chip_that_can_be_read_answers(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = Bus(reads={0x76})
    bus.install(monkeypatch)
    assert probe(path, 0x76) is Answer.SOMETHING
    assert bus.asked == ["read"]


def test_chip_that_refuses_to_be_read_answers_to_its_address(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = Bus(writes={0x44})
    bus.install(monkeypatch)
    assert probe(path, 0x44) is Answer.SOMETHING
    assert bus.asked == ["read", "write"]


def test_nobody_does_not_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Bus(reads={0x77}, writes={0x77}).install(monkeypatch)
    assert probe(path, 0x76) is Answer.NOTHING


def test_chip_of_a_driver_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = Bus(reads={0x76}, taken={0x76})
    bus.install(monkeypatch)
    assert probe(path, 0x76) is Answer.TAKEN
    assert bus.asked == []


def test_what_is_no_bus_is_an_error(path: Path) -> None:
    with pytest.raises(OSError, match="Inappropriate ioctl"):
        probe(path, 0x76)
    with pytest.raises(FileNotFoundError):
        probe(path.with_name("i2c-9"), 0x76)


def test_bus_is_closed_after_each_probe(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Bus(taken={0x76}).install(monkeypatch)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  only their number counts
    for address in (0x76, 0x77):
        probe(path, address)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208  as above


def test_every_line_of_config_txt_names_its_address_unless_that_is_fixed() -> None:
    for address, chip in CHIPS.items():
        assert len(chip.boot) <= CONFIG_TXT_LINE
        assert chip.boot.startswith("dtoverlay=")
        if chip.name not in {"AHT10", "HTU21D"}:
            assert f",addr={address:#04x}" in chip.boot
