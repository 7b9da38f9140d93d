"""The lines through lgpio, more careful with outputs than gpiozero is.

1. The chip is the one that was found by its label, in every version of gpiozero.
2. A line is left as it is until it is claimed as what it will be: gpiozero makes it an input first,
   and an output low before it gets its level, which lets relays click.
3. Giving a line up frees it: gpiozero holds it as an input for ever. What a free output does is the
   kernel's choice: that of Raspberry Pi OS leaves it as it is, unless `dtparam=strict_gpiod` is
   set; others make it an input.

To be imported through `factory` only, which sees to lgpio's working directory.
"""

import contextlib
import threading
from collections import defaultdict
from typing import Any

import lgpio

from blynk_gateway.gpio.lines.chip import ChipInfo, read_level_as_is

# lgpio 0.2 has renamed what gpiozero 1.6.2 asks for.
for _new, _old in (("NONE", "DISABLE"), ("UP", "PULL_UP"), ("DOWN", "PULL_DOWN")):
    if not hasattr(lgpio, f"SET_BIAS_{_old}"):
        setattr(lgpio, f"SET_BIAS_{_old}", getattr(lgpio, f"SET_PULL_{_new}"))

from gpiozero.exc import DeviceClosed, GPIOZeroError  # noqa: E402  after lgpio is made to fit
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin  # noqa: E402  likewise

ERRORS: tuple[type[Exception], ...] = (lgpio.error,)

REVISIONS = {"pinctrl-bcm2835": 0xA02082, "pinctrl-bcm2711": 0xC03112, "pinctrl-rp1": 0xC04170}
"""A Pi with such a chip (3, 4, 5), where the true revision cannot be read, as in a sandbox without
the rest of `/proc`. Their lines 0 to 27 are the same."""

_HALF = 0.5


class LgpioPin(LGPIOPin):  # type: ignore[misc]  # gpiozero has no types
    """A line that is touched when it is claimed, and not before."""

    first_state: float = 0.0
    """What it begins with when it is made an output, and when PWM begins: 0 to 1."""

    # Of the classes that it extends.
    when_changed: Any
    frequency: Any

    def __init__(self, factory: Any, info: Any) -> None:  # noqa: ANN401  differs by version
        # Past the next class, which claims the line as an input.
        super(LGPIOPin, self).__init__(factory, info)
        self._begin()

    def _begin(self) -> None:
        self._pwm: tuple[float, int] | None = None
        self._bounce: int | None = None
        self._callback: Any = None
        self._edges: int = lgpio.BOTH_EDGES
        self.first_state = 0.0

    def output_with_state(self, state: float) -> None:
        """Become an output of that level at once.

        Raises:
            HardwareError, lgpio.error: it cannot be claimed; the former says who holds it.
        """
        if self._callback is not None:
            self.when_changed = None
        level = 1 if state else 0
        try:
            lgpio.gpio_claim_output(self.factory._handle, self._number, level)  # noqa: SLF001  as its own
        except lgpio.error:
            # The library says `GPIO busy` or `unexpected error`; the kernel knows more.
            read_level_as_is(self.factory.path, self._number)
            raise

    def _set_function(self, value: str) -> None:
        if value != "output":
            super()._set_function(value)
        elif not self._pwm:
            # An output with PWM was left running, and goes on until it is told otherwise.
            self.output_with_state(self.first_state >= _HALF)

    def _set_frequency(self, value: float | None) -> None:
        if self._pwm or not value:
            super()._set_frequency(value)
        else:
            self._run_pwm(value, self.first_state)

    def _set_state(self, value: float) -> None:
        if self._pwm:
            self._run_pwm(self._pwm[0], value)
        else:
            super()._set_state(value)

    def _run_pwm(self, frequency: float, state: float) -> None:
        # Whole percents are all it knows; gpiozero cuts 29 % down to 28.
        duty = round(state * 100)
        lgpio.tx_pwm(self.factory._handle, self._number, frequency, duty)  # noqa: SLF001  as its own
        self._pwm = (frequency, duty)

    def close(self) -> None:
        """Free the line. May be called twice, and on a line that was never claimed."""
        handle = self.factory._opened  # noqa: SLF001  as its own
        if handle is None:
            return
        with contextlib.suppress(lgpio.error):
            self.when_changed = None
        with contextlib.suppress(lgpio.error):
            self.frequency = None
        with contextlib.suppress(lgpio.error):
            lgpio.gpio_free(handle, self._number)
        self._begin()


class LgpioFactory(LGPIOFactory):  # type: ignore[misc]  # gpiozero has no types
    """Claims lines of one chip, which is opened with the first of them.

    Attributes:
        path: of the chip.
    """

    def __init__(self, chip: ChipInfo) -> None:
        self._label = chip.label
        # Past the next class, which chooses a chip itself.
        super(LGPIOFactory, self).__init__()
        # All factories have these three together.
        self.pins: dict[Any, LgpioPin] = {}
        self._reservations: Any = defaultdict(list)
        self._res_lock = threading.Lock()
        self._chip = chip.number
        self.path = chip.path
        self._opened: int | None = None
        self._is_closed = False
        self.pin_class = LgpioPin

    @property
    def _handle(self) -> int:
        # A chip that is open costs 50 wake-ups a second (measured): only where a line needs it.
        if self._is_closed:
            raise DeviceClosed("the GPIO back end is closed")
        if self._opened is None:
            self._opened = lgpio.gpiochip_open(self._chip)
        return self._opened

    def close(self) -> None:
        """Free all lines and close the chip. May be called twice."""
        if self._opened is not None:
            # What the next class but one does; the next one closes the chip as its own.
            super(LGPIOFactory, self).close()
            lgpio.gpiochip_close(self._opened)
        self._opened = None
        self._is_closed = True

    def _get_revision(self) -> int:
        try:
            return int(super()._get_revision())
        except (GPIOZeroError, OSError):
            return REVISIONS.get(self._label, REVISIONS["pinctrl-bcm2711"])
