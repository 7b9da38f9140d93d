"""Opens the back end that was asked for, and never another one in its place.

gpiozero's own search for a back end is not used: it falls from one to the next with a warning, and
from all to an error that hides the cause. Its global `Device.pin_factory` is left alone.
"""

import contextlib
import importlib
import logging
import os
import socket
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.errors import GpioUnavailable, HardwareError
from blynk_gateway.gpio.lines.board import Board
from blynk_gateway.gpio.lines.chip import ChipInfo, find_chip

log = logging.getLogger(__name__)

AUTO = (Factory.LGPIO, Factory.RPIGPIO, Factory.PIGPIO, Factory.NATIVE)
"""What `auto` tries, best first: `native` has neither debounce nor PWM."""

PIGPIO_PORT = 8888
PIGPIO_TIMEOUT_S = 3.0
"""For reaching pigpiod, which is on this machine or this network."""

PI_5 = "pinctrl-rp1"
"""Label of the chip of a Pi 5, whose registers the old libraries do not know."""

_WORK_DIR = "LG_WD"


def open_board(factory: Factory) -> Board:
    """Open a back end. Blocks for up to some seconds: to be called in a thread.

    Args:
        factory: any but `none`.

    Raises:
        GpioUnavailable: it cannot be used, or with `auto` none can; with what to do.
    """
    if factory is not Factory.AUTO:
        return _open(factory)
    reasons: list[str] = []
    for one in AUTO:
        try:
            return _open(one)
        except GpioUnavailable as error:
            # Nobody needs more than the first: the others are not asked to be installed.
            is_missing = bool(reasons) and isinstance(error.__cause__, ImportError)
            reasons.append(f"{one}: {'not installed' if is_missing else error}")
    raise GpioUnavailable("no back end for GPIO works. " + "; ".join(reasons))


def close_board(board: Board) -> None:
    """Give up all lines and the chip; devices on them are of no use afterwards. May block.

    May be called twice.
    """
    with _quiet(), contextlib.suppress(*board.errors):
        board.pin_factory.close()


def _open(factory: Factory) -> Board:
    try:
        _silence()
        with _quiet():
            return _OPENERS[factory]()
    except ImportError as error:
        package = _PACKAGES.get((error.name or "").split(".")[0], _PACKAGES["gpiozero"])
        raise GpioUnavailable(
            f"{error}; expected the package {package}: sudo apt install {package}"
        ) from error


def _open_lgpio() -> Board:
    chip = find_chip()
    _import_lgpio()
    lines: Any = importlib.import_module("blynk_gateway.gpio.lines.lgpio_lines")
    errors: tuple[type[Exception], ...] = (*_gpiozero_errors(), *lines.ERRORS)
    return Board(Factory.LGPIO, lines.LgpioFactory(chip), chip.path, chip.label, errors)


def _import_lgpio() -> None:
    """Load lgpio, which needs a directory for its named pipe and makes that the current one.

    The pipe is open at both ends when this returns, so that its name can go.
    """
    if "lgpio" in sys.modules:
        return
    before = os.open(".", os.O_RDONLY | os.O_CLOEXEC)
    try:
        with _work_dir():
            lgpio = importlib.import_module("lgpio")
            Path(lgpio._notify_thread._file.name).unlink()  # noqa: SLF001  it tells nowhere else
    except OSError as error:
        raise GpioUnavailable(
            f"lgpio cannot make its pipe: {error}; expected {_WORK_DIR} or, where that is not set,"
            " $RUNTIME_DIRECTORY or the directory for temporary files to be one that can be written"
        ) from error
    finally:
        os.fchdir(before)
        os.close(before)


@contextlib.contextmanager
def _work_dir() -> Iterator[None]:
    """Have lgpio use a directory of its own meanwhile, unless the user chose one."""
    if _WORK_DIR in os.environ:
        yield
        return
    parent = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0] or None
    with tempfile.TemporaryDirectory(prefix="blynk-gateway-", dir=parent) as made:
        os.environ[_WORK_DIR] = made
        try:
            yield
        finally:
            del os.environ[_WORK_DIR]


def _open_rpigpio() -> Board:
    errors: tuple[type[Exception], ...] = (*_gpiozero_errors(), RuntimeError, ValueError)
    try:
        pins = importlib.import_module("gpiozero.pins.rpigpio")
        pin_factory = pins.RPiGPIOFactory()
    except errors as error:
        raise GpioUnavailable(
            f"RPi.GPIO does not work here: {error}; expected a Pi 0 to 4, on others use lgpio"
        ) from error
    return _local_board(Factory.RPIGPIO, pin_factory, errors)


def _open_pigpio() -> Board:
    pigpio: Any = importlib.import_module("pigpio")
    lost = (pigpio.error, ValueError, AttributeError)
    errors: tuple[type[Exception], ...] = (*_gpiozero_errors(), *lost)
    host = os.environ.get("PIGPIO_ADDR") or "localhost"
    port = os.environ.get("PIGPIO_PORT") or str(PIGPIO_PORT)
    try:
        # The library prints that it is out of reach, and waits for long.
        socket.create_connection((host, int(port)), PIGPIO_TIMEOUT_S).close()
        pins = importlib.import_module("gpiozero.pins.pigpio")
        pin_factory = pins.PiGPIOFactory(host=host, port=int(port))
    except errors as error:
        raise GpioUnavailable(
            f"pigpiod at {host}:{port} cannot be used: {error}; expected it to run:"
            " sudo systemctl enable --now pigpiod"
        ) from error
    # The lines are those of another process, perhaps of another machine.
    return Board(Factory.PIGPIO, pin_factory, "", "", errors)


def _open_native() -> Board:
    errors: tuple[type[Exception], ...] = (*_gpiozero_errors(), ValueError)
    label = _local_chip().label
    if label == PI_5:
        raise GpioUnavailable(f"gpiozero's own driver does not know {label}; expected a Pi 0 to 4")
    try:
        pins = importlib.import_module("gpiozero.pins.native")
        pin_factory = pins.NativeFactory()
    except errors as error:
        raise GpioUnavailable(
            f"gpiozero's own driver does not work here: {error}; expected a Pi 0 to 4 and a user of"
            " the group gpio: sudo usermod -aG gpio USER"
        ) from error
    return _local_board(Factory.NATIVE, pin_factory, errors)


def _open_mock() -> Board:
    simulation: Any = importlib.import_module("blynk_gateway.gpio.lines.simulation")
    pin_factory = simulation.SimulatedFactory()
    pins = simulation.SimulatedPins(pin_factory)
    return Board(Factory.MOCK, pin_factory, "", "", _gpiozero_errors(), pins)


_OPENERS: Mapping[Factory, Callable[[], Board]] = {
    Factory.LGPIO: _open_lgpio,
    Factory.RPIGPIO: _open_rpigpio,
    Factory.PIGPIO: _open_pigpio,
    Factory.NATIVE: _open_native,
    Factory.MOCK: _open_mock,
}

_PACKAGES = {
    "gpiozero": "python3-gpiozero",
    "lgpio": "python3-lgpio",
    "RPi": "python3-rpi.gpio",
    "pigpio": "python3-pigpio",
}


def _local_board(
    factory: Factory,
    pin_factory: Any,  # noqa: ANN401  gpiozero has no types
    errors: tuple[type[Exception], ...],
) -> Board:
    chip = _local_chip()
    return Board(factory, pin_factory, chip.path, chip.label, errors)


def _local_chip() -> ChipInfo:
    """The chip with the header, or one without a path: these libraries need none."""
    try:
        return find_chip()
    except HardwareError:
        return ChipInfo("", "", "", 0)


def _gpiozero_errors() -> tuple[type[Exception], ...]:
    return (importlib.import_module("gpiozero.exc").GPIOZeroError, OSError)


def _silence() -> None:
    """Keep later warnings of gpiozero, such as PWMSoftwareFallback, away from standard error."""
    exc = importlib.import_module("gpiozero.exc")
    warnings.filterwarnings("ignore", category=exc.GPIOZeroWarning)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Log what is warned of meanwhile."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for one in caught:
        log.debug("gpio library warns", extra={"warning": str(one.message)})
