import pytest

from blynk_gateway.config.gpio.common import PeripheralOptions, Range
from blynk_gateway.config.gpio.datastreams import implied_datastream, implied_datastreams
from blynk_gateway.config.gpio.inputs import (
    AdcOptions,
    ButtonOptions,
    CounterOptions,
    DistanceOptions,
    EncoderOptions,
    FrequencyOptions,
    InputOptions,
    LightOptions,
)
from blynk_gateway.config.gpio.options import GpioOptions
from blynk_gateway.config.gpio.outputs import (
    EnergenieOptions,
    MotorOptions,
    OutputOptions,
    PhaseMotorOptions,
    PwmOptions,
    RgbOptions,
    ServoOptions,
    TonalBuzzerOptions,
)
from blynk_gateway.config.gpio.sensors import (
    Gauge,
    HwmonOptions,
    IioOptions,
    OneWireOptions,
    PingOptions,
    SystemOptions,
    TimeWindowOptions,
)
from blynk_gateway.core.datastream import DatastreamType
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import InvalidValue

PUMP = OutputOptions(name="pump", type="relay", pin="V1", line=17)
LAMP = PwmOptions(name="lamp", type="pwm", pin="V2", line=18)
STRIP = RgbOptions(name="strip", type="rgb", pin="V3", red=5, green=6, blue=13)
SERVO = ServoOptions(name="vent", type="servo", pin="V4", line=12, range=Range(90, -90))
BUZZER = TonalBuzzerOptions(name="alarm", type="tonal_buzzer", pin="V5", line=19)


@pytest.mark.parametrize(
    ("options", "value"),
    [
        (PUMP, ("1",)),
        (PUMP, ("pulse", "200")),
        (EnergenieOptions(name="s", type="energenie", pin="V1", socket=1), ("toggle",)),
        (LAMP, ("127.5",)),
        (LAMP, ("fade", "255", "2000")),
        (STRIP, ("255", "0", "10")),
        (SERVO, ("-90",)),
        (MotorOptions(name="m", type="motor", pin="V1", forward=5, backward=6), ("-100",)),
        (PhaseMotorOptions(name="m", type="phase_motor", pin="V1", phase=5, enable=6), ("50",)),
        (BUZZER, ("A4",)),
    ],
)
def test_what_an_output_can_do_is_accepted(options: PeripheralOptions, value: PinValue) -> None:
    datastream = implied_datastream(options)
    assert datastream.accept(value) == value
    assert datastream.is_writable
    assert datastream.name == options.name


@pytest.mark.parametrize(
    ("options", "value"),
    [
        (PUMP, ("2",)),
        (PUMP, ("0.5",)),
        (PUMP, ("1", "1")),
        (PUMP, ("fade", "1")),
        (LAMP, ("256",)),
        (LAMP, ("bright",)),
        (STRIP, ("255",)),
        (STRIP, ("255", "0", "256")),
        (SERVO, ("91",)),
        (SERVO, ("blink",)),
        (BUZZER, ("A4", "B4")),
    ],
)
def test_what_an_output_cannot_do_is_refused(options: PeripheralOptions, value: PinValue) -> None:
    with pytest.raises(InvalidValue):
        implied_datastream(options).accept(value)


READ_ONLY = [
    (InputOptions(name="d", type="input", pin="V1", line=4), "1", ""),
    (ButtonOptions(name="d", type="button", pin="V1", line=4), "3", ""),
    (FrequencyOptions(name="f", type="frequency", pin="V1", line=4), "50.5", "Hz"),
    (DistanceOptions(name="d", type="distance", pin="V1", trigger=4, echo=5), "17.2", "cm"),
    (LightOptions(name="l", type="light", pin="V1", line=4), "33.3", ""),
    (AdcOptions(name="a", type="mcp3008", pin="V1"), "99.9", ""),
    (AdcOptions(name="a", type="mcp3304", pin="V1", differential=True), "-20", ""),
    (AdcOptions(name="a", type="mcp3301", pin="V1"), "-20", ""),
    (IioOptions(name="i", type="iio", pin="V1", device="bme280", channel="temp"), "21.5", ""),
    (HwmonOptions(name="h", type="hwmon", pin="V1", device="rpi_volt", channel="in0"), "1", ""),
    (OneWireOptions(name="t", type="ds18b20", pin="V1"), "-10.5", "°C"),
    (OneWireOptions(name="t", type="ds18b20", pin="V1", scale=1.8, offset=32), "70", ""),
    (SystemOptions(name="c", type=Gauge.CPU_TEMPERATURE, pin="V1"), "55.5", "°C"),
    (SystemOptions(name="c", type=Gauge.THROTTLED, pin="V1"), "327680", ""),
    (TimeWindowOptions(name="n", type="time_window", pin="V1", start=0, end=60), "0", ""),
    (PingOptions(name="p", type="ping", pin="V1", host="router"), "1", ""),
]


@pytest.mark.parametrize(("options", "text", "unit"), READ_ONLY)
def test_what_is_read_cannot_be_commanded(options: PeripheralOptions, text: str, unit: str) -> None:
    datastream = implied_datastream(options)
    assert not datastream.is_writable
    assert datastream.is_numeric
    assert datastream.unit == unit
    assert datastream.accept((text,)) == (text,)


def test_what_counts_can_be_set() -> None:
    encoder = EncoderOptions(name="e", type="encoder", pin="V1", a=5, b=6)
    counter = CounterOptions(name="c", type="counter", pin="V1", line=4)
    assert implied_datastream(encoder).is_writable
    assert implied_datastream(encoder).maximum == 100
    assert implied_datastream(counter).is_writable
    assert implied_datastream(counter).maximum is None


def test_each_pin_has_the_datastream_of_its_peripheral() -> None:
    found = implied_datastreams(GpioOptions(peripherals={"pump": PUMP, "alarm": BUZZER}))
    assert {pin: one.type for pin, one in found.items()} == {
        "V1": DatastreamType.INT,
        "V5": DatastreamType.STRING,
    }
