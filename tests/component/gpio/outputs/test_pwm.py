from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.config.gpio.common import HardwarePwm, Level, Range
from blynk_gateway.config.gpio.outputs import PwmOptions
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.errors import InvalidValue, LineUnavailable
from blynk_gateway.gpio.memory import GpioMemory
from blynk_gateway.gpio.outputs import pwm as pwm_module
from blynk_gateway.gpio.outputs.pwm import Pwm
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.safety import Safety
from tests.helpers.gpio import Rig

LINE = 18


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(SystemClock()) as rig:
        yield rig


@pytest.fixture
def safety(rig: Rig, tmp_path: Path) -> Safety:
    return Safety(rig.clock, GpioMemory(tmp_path / "gpio.json", rig.clock))


def dimmer(rig: Rig, safety: Safety, **options: object) -> Pwm:
    given: dict[str, Any] = {"name": "lamp", "type": "pwm", "pin": "V1", "line": LINE}
    return Pwm(PwmOptions(**(given | options)), rig.host, safety)


@pytest.mark.parametrize(
    ("limits", "value", "duty"),
    [
        (Range(0, 255), "51", 0.2),
        (Range(0, 100), "12.5", 0.125),
        (Range(100, 0), "25", 0.75),
        (Range(-1, 1), "0", 0.5),
    ],
)
async def test_a_value_is_a_duty_within_its_range(
    rig: Rig, safety: Safety, limits: Range, value: str, duty: float
) -> None:
    lamp = dimmer(rig, safety, range=limits, frequency=500)
    lamp.open(Opening.START)
    assert rig.line(LINE).duty == 0
    lamp.command(rig.command("V1", value))
    assert rig.line(LINE).duty == pytest.approx(duty)
    assert rig.pin(LINE).frequency == 500
    assert lamp.actual == (value,)
    await lamp.close()
    assert rig.line(LINE).function == "input"


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize(
    ("level", "value", "fraction"),
    [(Level.OFF, "0", 0), (Level.ON, "255", 1), (Level.LAST, "51", 0.2), (Level.KEEP, "255", 1)],
)
async def test_it_begins_as_its_policy_says(
    rig: Rig, safety: Safety, level: Level, value: str, fraction: float, active_high: bool
) -> None:
    rig.command("V1", "51")
    rig.drive(LINE, active_high)
    lamp = dimmer(rig, safety, on_start=level, active_high=active_high)
    lamp.open(Opening.START)
    assert rig.line(LINE).duty == pytest.approx(fraction if active_high else 1 - fraction)
    # From the level of the input to the first duty there is no other one.
    assert len(rig.states(LINE)) <= 3
    assert rig.value("V1") == (value,)
    await lamp.close()


@pytest.mark.parametrize("value", ["256", "-1", "bright"])
async def test_a_value_out_of_range_is_refused(rig: Rig, safety: Safety, value: str) -> None:
    lamp = dimmer(rig, safety)
    lamp.open(Opening.START)
    with pytest.raises(InvalidValue, match="expected a number from 0 to 255"):
        lamp.command(rig.command("V1", value))
    assert rig.line(LINE).duty == 0
    await lamp.close()


async def test_it_fades(rig: Rig, safety: Safety) -> None:
    lamp = dimmer(rig, safety)
    lamp.open(Opening.START)
    lamp.command(rig.command("V1", "fade", "255", "100"))
    await rig.reached(lambda: rig.value("V1") == ("255",))
    assert rig.states(LINE) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    await lamp.close()


async def test_it_keeps_its_duty_over_a_reload(rig: Rig, safety: Safety) -> None:
    first = dimmer(rig, safety, on_stop=Level.KEEP)
    first.open(Opening.START)
    first.command(rig.command("V1", "51"))
    states = rig.states(LINE)
    await first.close()
    second = dimmer(rig, safety, on_start=Level.KEEP)
    second.open(Opening.START)
    assert second.actual == ("51",)
    assert rig.states(LINE) == states
    await second.close()


async def test_what_the_library_rounds_is_no_other_value(
    rig: Rig, safety: Safety, monkeypatch: pytest.MonkeyPatch
) -> None:
    lamp = dimmer(rig, safety)
    lamp.open(Opening.START)
    lamp.command(rig.command("V1", "75"))
    # 75 of 255 is 29.4 %, of which lgpio makes 29.
    monkeypatch.setattr(rig.pin(LINE), "_state", 0.29)
    assert lamp.actual == ("75",)
    monkeypatch.setattr(rig.pin(LINE), "_state", 0.2)
    assert lamp.actual == ("51",)
    await lamp.close()


class FakeHardware:
    """Meets what is used of `KernelPwm`."""

    def __init__(self, duty: float = 0.0) -> None:
        self.duty = duty
        self.calls: list[object] = []
        self.error: Exception | None = None

    def start(self, period_ns: int, duty_ns: int) -> None:
        if self.error is not None:
            raise self.error
        self.calls.append((period_ns, duty_ns))
        self.duty = duty_ns / period_ns

    def close(self) -> None:
        self.calls.append("close")


class Kernel:
    """What `find_kernel_pwm` finds, and how it was asked."""

    def __init__(self) -> None:
        self.hardware: FakeHardware | None = FakeHardware()
        self.asked: list[tuple[int, bool]] = []

    def find(self, line: int, *, take_over: bool) -> FakeHardware | None:
        self.asked.append((line, take_over))
        return self.hardware


@pytest.fixture
def kernel(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel()
    monkeypatch.setattr(pwm_module, "find_kernel_pwm", kernel.find)
    rig.host.use_board(replace(rig.board, simulation=None))
    return kernel


async def test_hardware_is_used_where_it_is_free(rig: Rig, safety: Safety, kernel: Kernel) -> None:
    lamp = dimmer(rig, safety, frequency=1000, on_start=Level.ON)
    lamp.open(Opening.START)
    lamp.command(rig.command("V1", "51"))
    assert lamp.actual == ("51",)
    await lamp.close()
    assert kernel.hardware is not None
    assert kernel.hardware.calls == [
        (1_000_000, 1_000_000),
        (1_000_000, 200_000),
        (1_000_000, 0),
        "close",
    ]
    assert kernel.asked == [(LINE, False)]
    # gpiozero must not claim the line: it would take it away from the hardware.
    assert rig.line(LINE).function == "input"


async def test_hardware_may_be_active_low(rig: Rig, safety: Safety, kernel: Kernel) -> None:
    lamp = dimmer(rig, safety, frequency=1000, active_high=False)
    lamp.open(Opening.START)
    lamp.command(rig.command("V1", "51"))
    assert kernel.hardware is not None
    assert kernel.hardware.calls == [(1_000_000, 1_000_000), (1_000_000, 800_000)]
    assert lamp.actual == ("51",)
    await lamp.close()


async def test_the_library_is_used_where_hardware_is_not_free(
    rig: Rig, safety: Safety, kernel: Kernel
) -> None:
    kernel.hardware = None
    lamp = dimmer(rig, safety)
    lamp.open(Opening.START)
    assert rig.line(LINE).duty == 0
    await lamp.close()


async def test_hardware_is_not_used_where_it_is_not_wanted_or_simulated(
    rig: Rig, safety: Safety, kernel: Kernel
) -> None:
    never = dimmer(rig, safety, hardware_pwm=HardwarePwm.NEVER)
    never.open(Opening.START)
    await never.close()
    rig.host.use_board(rig.board)
    simulated = dimmer(rig, safety)
    simulated.open(Opening.START)
    await simulated.close()
    assert kernel.asked == []


@pytest.mark.parametrize(
    ("opening", "stop", "take_over"),
    [
        (Opening.START, Level.OFF, False),
        (Opening.START, Level.KEEP, True),
        (Opening.START, Level.ON, True),
        (Opening.CRASH, Level.OFF, True),
    ],
)
async def test_a_channel_that_we_may_have_left_is_taken_over(
    rig: Rig, safety: Safety, kernel: Kernel, opening: Opening, stop: Level, take_over: bool
) -> None:
    lamp = dimmer(rig, safety, on_stop=stop)
    lamp.open(opening)
    assert kernel.asked == [(LINE, take_over)]
    await lamp.close()


async def test_hardware_keeps_running_where_it_shall_be_kept(
    rig: Rig, safety: Safety, kernel: Kernel
) -> None:
    kernel.hardware = FakeHardware(duty=0.2)
    lamp = dimmer(rig, safety, frequency=1000, on_start=Level.KEEP, on_stop=Level.KEEP)
    lamp.open(Opening.CRASH)
    assert rig.value("V1") == ("51",)
    await lamp.close()
    # Told the same again, and neither stopped nor given back.
    assert kernel.hardware.calls == [(1_000_000, 200_000)]


async def test_hardware_that_refuses_is_given_back_and_said(
    rig: Rig, safety: Safety, kernel: Kernel
) -> None:
    assert kernel.hardware is not None
    kernel.hardware.error = LineUnavailable("the kernel refused")
    lamp = dimmer(rig, safety)
    with pytest.raises(LineUnavailable, match="the kernel refused"):
        lamp.open(Opening.START)
    assert kernel.hardware.calls == ["close"]
    kernel.hardware.error = None
    lamp.open(Opening.START)
    kernel.hardware.error = LineUnavailable("the kernel refused")
    with pytest.raises(LineUnavailable, match="the kernel refused"):
        lamp.command(rig.command("V1", "51"))
    assert rig.value("V1") == ("0",)
    with pytest.raises(LineUnavailable, match="the kernel refused"):
        await lamp.close()
    assert kernel.hardware.calls[-1] == "close"
