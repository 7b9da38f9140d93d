"""Which class serves which kind of options. Modules are loaded when the first one is made."""

from importlib import import_module
from typing import Any, cast

from blynk_gateway.config.gpio import inputs, outputs, sensors
from blynk_gateway.config.gpio.common import DrivenOptions, PeripheralOptions
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.peripheral import Peripheral
from blynk_gateway.gpio.safety import Safety

KINDS: dict[type[PeripheralOptions], str] = {
    outputs.OutputOptions: "outputs.output:Output",
    outputs.PwmOptions: "outputs.pwm:Pwm",
    outputs.RgbOptions: "outputs.rgb:Rgb",
    outputs.ServoOptions: "outputs.servo:Servo",
    outputs.MotorOptions: "outputs.motor:Motor",
    outputs.PhaseMotorOptions: "outputs.motor:PhaseMotor",
    outputs.TonalBuzzerOptions: "outputs.tonal_buzzer:TonalBuzzer",
    outputs.EnergenieOptions: "outputs.energenie:Energenie",
    inputs.InputOptions: "inputs.input:Input",
    inputs.ButtonOptions: "inputs.button:Button",
    inputs.EncoderOptions: "inputs.encoder:Encoder",
    inputs.CounterOptions: "inputs.counter:Counter",
    inputs.FrequencyOptions: "inputs.counter:Frequency",
    inputs.DistanceOptions: "inputs.distance:Distance",
    inputs.LightOptions: "inputs.light:Light",
    inputs.AdcOptions: "inputs.adc:Adc",
    sensors.IioOptions: "sensors.iio:Iio",
    sensors.HwmonOptions: "sensors.hwmon:Hwmon",
    sensors.OneWireOptions: "sensors.onewire:OneWire",
    sensors.SystemOptions: "sensors.system:System",
    sensors.TimeWindowOptions: "sensors.time_window:TimeWindow",
    sensors.PingOptions: "sensors.ping:Ping",
}
"""Options and the class that serves them, as `module:class` of this package."""


def make_peripheral(
    options: PeripheralOptions, host: Host, safety: Safety
) -> Peripheral[PeripheralOptions]:
    """A peripheral, not yet opened."""
    module, name = KINDS[type(options)].split(":")
    kind: Any = getattr(import_module(f"blynk_gateway.gpio.{module}"), name)
    made = (
        kind(options, host, safety) if isinstance(options, DrivenOptions) else kind(options, host)
    )
    return cast("Peripheral[PeripheralOptions]", made)
