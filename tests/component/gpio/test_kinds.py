"""Every kind of options has a class that can be made, opened and closed."""

from pathlib import Path

import pytest

from blynk_gateway.config.gpio import inputs, outputs, sensors
from blynk_gateway.config.gpio.common import DrivenOptions, PeripheralOptions, SampledOptions
from blynk_gateway.gpio.kinds import KINDS, make_peripheral
from blynk_gateway.gpio.memory import GpioMemory
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.safety import Safety
from tests.helpers.gpio import Rig

OPENED = [
    outputs.OutputOptions(name="a", type="relay", pin="V1", line=5),
    outputs.PwmOptions(name="a", type="pwm", pin="V1", line=5),
    outputs.RgbOptions(name="a", type="rgb", pin="V1", red=5, green=6, blue=13),
    outputs.ServoOptions(name="a", type="servo", pin="V1", line=12),
    outputs.MotorOptions(name="a", type="motor", pin="V1", forward=5, backward=6),
    outputs.PhaseMotorOptions(name="a", type="phase_motor", pin="V1", phase=5, enable=6),
    outputs.TonalBuzzerOptions(name="a", type="tonal_buzzer", pin="V1", line=5),
    outputs.EnergenieOptions(name="a", type="energenie", pin="V1", socket=1),
    inputs.InputOptions(name="a", type="motion", pin="V1", line=5),
    inputs.ButtonOptions(name="a", type="button", pin="V1", line=5),
    inputs.EncoderOptions(name="a", type="encoder", pin="V1", a=5, b=6),
    inputs.CounterOptions(name="a", type="counter", pin="V1", line=5),
    inputs.FrequencyOptions(name="a", type="frequency", pin="V1", line=5),
    inputs.DistanceOptions(name="a", type="distance", pin="V1", trigger=5, echo=6),
    inputs.LightOptions(name="a", type="light", pin="V1", line=5),
    inputs.AdcOptions(name="a", type="mcp3008", pin="V1"),
    sensors.SystemOptions(name="a", type=sensors.Gauge.MEMORY, pin="V1"),
    sensors.TimeWindowOptions(name="a", type="time_window", pin="V1", start=0, end=60),
]


def test_every_kind_of_options_has_its_class() -> None:
    known = {
        one
        for module in (inputs, outputs, sensors)
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, PeripheralOptions)
    }
    assert known - {PeripheralOptions, DrivenOptions, SampledOptions} == set(KINDS)


@pytest.mark.parametrize("options", OPENED, ids=lambda options: str(options.type))
async def test_each_can_be_opened_and_closed_twice(
    tmp_path: Path, options: PeripheralOptions
) -> None:
    with Rig() as rig:
        safety = Safety(rig.clock, GpioMemory(tmp_path / "gpio.json", rig.clock))
        peripheral = make_peripheral(options, rig.host, safety)
        for _ in range(2):
            peripheral.open(Opening.START)
            await peripheral.close()
            await peripheral.close()
        assert rig.failures == []
        assert [line.function for line in rig.simulation.lines()] == ["input"] * 28
