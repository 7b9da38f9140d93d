import io
import json
import sys
from pathlib import Path

import pytest

from blynk_gateway.cli import main, sensors
from blynk_gateway.gpio.sensors.scan import Found

FOUND = [
    Found(
        "iio",
        "bme280@76",
        "humidityrelative",
        45.5,
        "%",
        config='bme280-humidity: {type: iio, device: "bme280@76", pin: V100}',
    ),
    Found("ds18b20", "28-0123456789ab", note="an empty answer; expected a temperature"),
    Found("i2c", "SHT3x", note="answers at 0x44, without a driver", boot="dtoverlay=i2c-sensor"),
    Found("missing", "SPI bus", note="for converters", boot="dtparam=spi=on"),
    Found("missing", "I²C bus"),
]


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Found]:
    there = list(FOUND)
    monkeypatch.setattr(sensors, "scan", lambda: there)
    return there


@pytest.mark.usefixtures("found")
def test_scan_shows_readings_how_to_use_them_and_what_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["sensors", "scan"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "KIND     DEVICE           CHANNEL           VALUE",
        "iio      bme280@76        humidityrelative  45.5 %",
        "ds18b20  28-0123456789ab",
        "i2c      SHT3x",
        "",
        "Notes:",
        "  28-0123456789ab: an empty answer; expected a temperature",
        "  SHT3x: answers at 0x44, without a driver",
        "",
        "Entries for gpio.peripherals in the configuration:",
        '  bme280-humidity: {type: iio, device: "bme280@76", pin: V100}',
        "",
        "Missing:",
        "  SPI bus: for converters",
        "  I²C bus",
        "",
        "Lines for config.txt, to be followed by a restart:",
        "  # SHT3x",
        "  dtoverlay=i2c-sensor",
        "  # SPI bus",
        "  dtparam=spi=on",
    ]


def test_scan_that_finds_nothing_says_so(
    found: list[Found], capsys: pytest.CaptureFixture[str]
) -> None:
    found.clear()
    assert main(["sensors", "scan"]) == 0
    assert capsys.readouterr().out == "No sensor answers.\n"


@pytest.mark.usefixtures("found")
def test_scan_as_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sensors", "scan", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [one._asdict() for one in FOUND]


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("is_terminal", [True, False])
def test_slow_thermometers_are_announced_to_people(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(sensors, "list_thermometers", lambda _: [Path("a"), Path("b")])
    assert main(["sensors", "scan"]) == 0
    told = "Reading: up to 2 s for 1-Wire thermometers\n"
    assert screen.getvalue() == (told if is_terminal else "")


def test_this_machine_is_scanned(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sensors", "scan", "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)
