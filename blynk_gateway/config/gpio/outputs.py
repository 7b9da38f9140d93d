"""Options of what is driven."""

from collections.abc import Iterator
from dataclasses import dataclass

from blynk_gateway.config.gpio.common import DrivenOptions, HardwarePwm, Range

BYTE = Range(0, 255)
HALF_TURN = Range(0, 180)
SERVO_PULSE = Range(1.0, 2.0)
SIGNED_PERCENT = Range(-100, 100)
TWO_OCTAVES = Range(220, 880)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions(DrivenOptions):
    """`output`, `relay`, `valve`, `led`, `buzzer`: 0 or 1. Does blink, pulse and toggle."""

    LINES = ("line",)
    line: int
    active_high: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PwmOptions(DrivenOptions):
    """`pwm`: a number in `range` is the duty. Does all effects."""

    LINES = ("line",)
    line: int
    active_high: bool = True
    frequency: int = 100
    range: Range = BYTE
    hardware_pwm: HardwarePwm = HardwarePwm.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class RgbOptions(DrivenOptions):
    """`rgb`: three values in `range`, red, green, blue, as a zeRGBa sends them merged."""

    LINES = ("red", "green", "blue")
    red: int
    green: int
    blue: int
    active_high: bool = True
    frequency: int = 100
    range: Range = BYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class ServoOptions(DrivenOptions):
    """`servo` (range 0…180 unless given) and `angular_servo` (range is its angles, -90…90).

    Attributes:
        pulse: shortest and longest pulse in ms, for the ends of `range`.
        detach_ms: the signal ends so long after a move, so that it does not hum; None for never.
        initial: where it goes at `on_start: on`; None for the middle.
    """

    LINES = ("line",)
    line: int
    range: Range = HALF_TURN
    pulse: Range = SERVO_PULSE
    detach_ms: int | None = 1000
    initial: float | None = None
    hardware_pwm: HardwarePwm = HardwarePwm.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class MotorOptions(DrivenOptions):
    """`motor`: an H bridge with a line for each direction; 0 stands, `range` is full speed.

    Attributes:
        enable: line that is on while it may turn; None for none.
        pwm: whether its speed can be set; else it stands or turns at full speed.
    """

    LINES = ("forward", "backward", "enable")
    forward: int
    backward: int
    enable: int | None = None
    pwm: bool = True
    range: Range = SIGNED_PERCENT


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseMotorOptions(DrivenOptions):
    """`phase_motor`: an H bridge with a line for the direction and one for the speed."""

    LINES = ("phase", "enable")
    phase: int
    enable: int
    pwm: bool = True
    range: Range = SIGNED_PERCENT


@dataclass(frozen=True, slots=True, kw_only=True)
class TonalBuzzerOptions(DrivenOptions):
    """`tonal_buzzer`: a frequency in Hz or a note such as A4; 0 is silence.

    Attributes:
        range: lowest and highest frequency.
    """

    LINES = ("line",)
    line: int
    range: Range = TWO_OCTAVES


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergenieOptions(DrivenOptions):
    """`energenie`: a radio socket switched by the Energenie board ENER314; 0 or 1.

    Attributes:
        socket: 1 to 4.
    """

    socket: int

    def lines(self) -> Iterator[tuple[str, int]]:
        """The board's own lines, shared by all sockets. Source: gpiozero's Energenie."""
        yield from (("socket", line) for line in (17, 22, 23, 27, 24, 25))
