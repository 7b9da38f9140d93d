import importlib
import os
import socket
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from gpiozero import Device
from gpiozero.exc import GPIOZeroError, PWMSoftwareFallback

from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.errors import GpioUnavailable
from blynk_gateway.gpio.lines import factory
from blynk_gateway.gpio.lines.chip import ChipInfo
from blynk_gateway.gpio.lines.factory import AUTO, close_board, open_board
from tests.helpers.lgpio_fake import fake_lgpio

CHIP = ChipInfo("/dev/gpiochip0", "gpiochip0", "pinctrl-bcm2711", 58)


def no_chip() -> ChipInfo:
    raise GpioUnavailable("no chip with the lines of the header")


@pytest.fixture(autouse=True)
def _own_libraries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No library but those that a test puts in, and none of them afterwards."""
    names = ("RPi", "RPi.GPIO", "pigpio", "gpiozero.pins.rpigpio", "gpiozero.pins.pigpio")
    for name in names:
        sys.modules.pop(name, None)
    yield
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def lgpio(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    monkeypatch.setattr(factory, "find_chip", lambda: CHIP)
    monkeypatch.delenv("LG_WD", raising=False)
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    with fake_lgpio(monkeypatch) as modules:
        yield modules


def put_in(monkeypatch: pytest.MonkeyPatch, name: str, **content: object) -> ModuleType:
    """Have a module be there for imports."""
    module = ModuleType(name)
    vars(module).update(content)
    monkeypatch.setitem(sys.modules, name, module)
    return module


def test_simulated_pins_are_always_there() -> None:
    board = open_board(Factory.MOCK)
    assert (board.factory, board.chip, board.label) == (Factory.MOCK, "", "")
    assert board.simulation is not None
    assert issubclass(GPIOZeroError, board.errors)
    assert issubclass(PermissionError, board.errors)
    close_board(board)
    close_board(board)


def test_gpiozeros_own_choice_of_a_back_end_is_left_alone() -> None:
    close_board(open_board(Factory.MOCK))
    assert Device.pin_factory is None


def test_lgpio_is_opened_on_the_chip_of_the_header(lgpio: dict[str, Any]) -> None:
    board = open_board(Factory.LGPIO)
    assert (board.factory, board.chip, board.label) == (Factory.LGPIO, CHIP.path, CHIP.label)
    assert board.simulation is None
    assert lgpio["lgpio"].error in board.errors
    close_board(board)


def test_auto_takes_lgpio_where_it_works(lgpio: dict[str, Any]) -> None:
    board = open_board(Factory.AUTO)
    assert board.factory is Factory.LGPIO
    close_board(board)


@pytest.mark.parametrize("variable", [None, "RUNTIME_DIRECTORY", "LG_WD"])
def test_lgpio_leaves_neither_pipe_nor_another_working_directory(
    lgpio: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str | None,
) -> None:
    home, work, temporary = (tmp_path / name for name in ("home", "work", "tmp"))
    for path in (home, work, temporary):
        path.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.chdir(home)
    if variable is not None:
        monkeypatch.setenv(variable, str(work))
    board = open_board(Factory.LGPIO)
    assert Path.cwd() == home
    assert os.environ.get("LG_WD") == (str(work) if variable == "LG_WD" else None)
    assert [*home.iterdir(), *work.iterdir(), *temporary.iterdir()] == []
    # It is loaded once in a process, and can be opened again.
    close_board(board)
    close_board(open_board(Factory.LGPIO))


def test_a_directory_that_cannot_be_written_is_told(
    lgpio: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path.cwd()
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/no/such/directory:/other")
    with pytest.raises(GpioUnavailable, match=r"pipe: .*/no/such/directory.*expected LG_WD or"):
        open_board(Factory.LGPIO)
    monkeypatch.setenv("LG_WD", "/no/such/directory")
    with pytest.raises(GpioUnavailable, match="pipe"):
        open_board(Factory.LGPIO)
    assert Path.cwd() == here


def test_without_a_chip_lgpio_is_not_even_loaded(
    lgpio: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factory, "find_chip", no_chip)
    with pytest.raises(GpioUnavailable, match="no chip"):
        open_board(Factory.LGPIO)
    assert "lgpio" not in lgpio


def test_auto_tells_why_nothing_works_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factory, "find_chip", lambda: CHIP)
    for name in ("lgpio", "RPi", "pigpio"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(GpioUnavailable) as caught:
        open_board(Factory.AUTO)
    told = str(caught.value)
    for name in AUTO:
        assert f"{name}: " in told
    assert "usermod -aG gpio" in told


def test_auto_asks_for_one_package_and_not_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factory, "find_chip", lambda: CHIP)
    for name in ("lgpio", "RPi", "pigpio"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(GpioUnavailable) as caught:
        open_board(Factory.AUTO)
    told = str(caught.value)
    assert told.count("apt install") == 1
    assert "sudo apt install python3-lgpio" in told
    assert "rpigpio: not installed; pigpio: not installed;" in told


def test_auto_asks_for_no_package_where_a_permission_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def denied() -> ChipInfo:
        raise GpioUnavailable("no permission for /dev/gpiochip0")

    monkeypatch.setattr(factory, "find_chip", denied)
    for name in ("RPi", "pigpio"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(GpioUnavailable, match="lgpio: no permission for /dev/gpio") as caught:
        open_board(Factory.AUTO)
    assert "apt install" not in str(caught.value)


@pytest.mark.parametrize("one", AUTO)
def test_what_was_asked_for_is_opened_or_nothing(
    monkeypatch: pytest.MonkeyPatch, one: Factory
) -> None:
    monkeypatch.setattr(factory, "find_chip", lambda: CHIP)
    for name in ("lgpio", "RPi", "pigpio"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(GpioUnavailable):
        open_board(one)


def test_without_gpiozero_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> ModuleType:
        raise ImportError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(GpioUnavailable, match="sudo apt install python3-gpiozero"):
        open_board(Factory.MOCK)


def test_rpigpio_is_opened_where_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factory, "find_chip", lambda: CHIP)
    gpio = put_in(
        monkeypatch,
        "RPi.GPIO",
        BCM=11,
        setmode=lambda mode: None,
        setwarnings=lambda flag: None,
        cleanup=lambda: None,
        **dict.fromkeys(
            ("IN", "OUT", "SPI", "I2C", "HARD_PWM", "SERIAL", "UNKNOWN", "PUD_UP", "PUD_DOWN"), 0
        ),
        **dict.fromkeys(("PUD_OFF", "BOTH", "RISING", "FALLING"), 0),
    )
    put_in(monkeypatch, "RPi", GPIO=gpio)
    board = open_board(Factory.RPIGPIO)
    assert (board.factory, board.chip, board.label) == (Factory.RPIGPIO, CHIP.path, CHIP.label)
    assert RuntimeError in board.errors
    close_board(board)


def test_rpigpio_that_refuses_the_machine_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise RuntimeError("This module can only be run on a Raspberry Pi!")

    monkeypatch.setitem(sys.modules, "RPi", Refusing("RPi"))
    with pytest.raises(GpioUnavailable, match=r"only be run on a Raspberry Pi.*use lgpio"):
        open_board(Factory.RPIGPIO)


class Pigpio:
    """What gpiozero needs of pigpio to be opened and closed."""

    def __init__(self, host: str, port: int) -> None:
        self.where = (host, port)
        self.sl = SimpleNamespace(s=self)

    def get_hardware_revision(self) -> int:
        return 0xC03112

    def stop(self) -> None:
        self.sl.s = None


def put_in_pigpio(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(
        monkeypatch,
        "pigpio",
        pi=Pigpio,
        error=type("error", (Exception,), {}),
        **dict.fromkeys(("INPUT", "OUTPUT", "ALT0", "ALT1", "ALT2", "ALT3", "ALT4", "ALT5"), 0),
        **dict.fromkeys(("PUD_UP", "PUD_DOWN", "PUD_OFF"), 0),
        **dict.fromkeys(("EITHER_EDGE", "RISING_EDGE", "FALLING_EDGE"), 0),
    )


def test_pigpio_is_reached_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_pigpio(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("PIGPIO_ADDR", "127.0.0.1")
        monkeypatch.setenv("PIGPIO_PORT", str(server.getsockname()[1]))
        board = open_board(Factory.PIGPIO)
    assert board.pin_factory.connection.where == ("127.0.0.1", int(os.environ["PIGPIO_PORT"]))
    assert (board.factory, board.chip) == (Factory.PIGPIO, "")
    assert sys.modules["pigpio"].error in board.errors
    close_board(board)


def test_pigpiod_that_does_not_run_is_told_and_nothing_printed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    put_in_pigpio(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("PIGPIO_ADDR", "127.0.0.1")
    monkeypatch.setenv("PIGPIO_PORT", str(port))
    with pytest.raises(
        GpioUnavailable, match=rf"127.0.0.1:{port} .*systemctl enable --now pigpiod"
    ):
        open_board(Factory.PIGPIO)
    assert capfd.readouterr() == ("", "")


def test_the_own_driver_of_gpiozero_is_opened_where_it_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Native:
        is_closed = False

        def close(self) -> None:
            self.is_closed = True

    monkeypatch.setattr(factory, "find_chip", no_chip)
    put_in(monkeypatch, "gpiozero.pins.native", NativeFactory=Native)
    board = open_board(Factory.NATIVE)
    assert (board.factory, board.chip, board.label) == (Factory.NATIVE, "", "")
    close_board(board)
    assert board.pin_factory.is_closed


def test_the_own_driver_of_gpiozero_is_kept_away_from_a_pi_5(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(factory, "find_chip", lambda: CHIP._replace(label="pinctrl-rp1"))
    with pytest.raises(GpioUnavailable, match="pinctrl-rp1; expected a Pi 0 to 4"):
        open_board(Factory.NATIVE)


def test_warnings_of_the_libraries_are_logged_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Native:
        def __init__(self) -> None:
            warnings.warn(PWMSoftwareFallback("a slow one"), stacklevel=1)

        def close(self) -> None:
            warnings.warn(PWMSoftwareFallback("a late one"), stacklevel=1)

    monkeypatch.setattr(factory, "find_chip", no_chip)
    put_in(monkeypatch, "gpiozero.pins.native", NativeFactory=Native)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        board = open_board(Factory.NATIVE)
        warnings.warn(PWMSoftwareFallback("while it runs"), stacklevel=1)
        close_board(board)
    told = [vars(record)["warning"] for record in caplog.records if "warning" in vars(record)]
    assert told == ["a slow one", "a late one"]
    assert capfd.readouterr() == ("", "")


def test_a_back_end_that_breaks_at_the_end_does_not_hinder_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Native:
        def close(self) -> None:
            raise OSError("gone")

    monkeypatch.setattr(factory, "find_chip", no_chip)
    put_in(monkeypatch, "gpiozero.pins.native", NativeFactory=Native)
    close_board(open_board(Factory.NATIVE))
