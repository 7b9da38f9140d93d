import pytest

from blynk_gateway.config.gpio.common import (
    DrivenOptions,
    HardwarePwm,
    Level,
    PeripheralOptions,
    Pull,
)
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
from blynk_gateway.config.gpio.options import AnalogOptions, GpioOptions
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
from blynk_gateway.config.gpio.sensors import OneWireOptions, PingOptions
from blynk_gateway.gpio.boot_lines import boot_lines


def lines_of(*peripherals: PeripheralOptions, analog: AnalogOptions | None = None) -> list[str]:
    """The lines without the header, which is checked on its way out."""
    options = GpioOptions(peripherals={each.name: each for each in peripherals}, analog=analog)
    lines = boot_lines(options)
    if not lines:
        return []
    assert "/boot/firmware/config.txt" in lines[0]
    header = lines.index("[all]")
    assert all(line.startswith("#") for line in lines[:header])
    return lines[header + 1 :]


def settings(*peripherals: PeripheralOptions) -> list[str]:
    return [line for line in lines_of(*peripherals) if not line.startswith("#")]


def relay(name: str = "pump", line: int = 17, **options: object) -> OutputOptions:
    return OutputOptions(name=name, type="relay", pin="V1", line=line, **options)  # type: ignore[arg-type]


def servo(name: str, line: int, hardware_pwm: HardwarePwm = HardwarePwm.AUTO) -> ServoOptions:
    return ServoOptions(name=name, type="servo", pin="V1", line=line, hardware_pwm=hardware_pwm)


def test_nothing_to_do_prints_nothing() -> None:
    ping = PingOptions(name="router", type="ping", pin="V1", host="192.168.1.1")
    assert boot_lines(GpioOptions()) == []
    assert boot_lines(GpioOptions(direct=(5, 6), peripherals={"router": ping})) == []


@pytest.mark.parametrize(
    ("active_high", "on_start", "setting"),
    [
        (False, Level.OFF, "dh"),
        (False, Level.ON, "dl"),
        (True, Level.OFF, "dl"),
        (True, Level.ON, "dh"),
        # The firmware cannot know what was last; off is quiet.
        (False, Level.LAST, "dh"),
        (True, Level.KEEP, "dl"),
    ],
)
def test_a_relay_has_its_level_of_the_start_from_power_on(
    active_high: bool, on_start: Level, setting: str
) -> None:
    pump = relay(active_high=active_high, on_start=on_start)
    assert lines_of(pump) == ["# pump (relay)", f"gpio=17=op,{setting}"]


@pytest.mark.parametrize(
    ("pull", "setting"), [(Pull.UP, "pu"), (Pull.DOWN, "pd"), (Pull.NONE, "pn")]
)
def test_an_input_has_its_pull_from_power_on(pull: Pull, setting: str) -> None:
    door = InputOptions(name="door", type="input", pin="V1", line=27, pull=pull)
    assert lines_of(door) == ["# door (input)", f"gpio=27=ip,{setting}"]


@pytest.mark.parametrize(
    ("peripheral", "setting"),
    [
        (ButtonOptions(name="a", type="button", pin="V1", line=5), "gpio=5=ip,pu"),
        (EncoderOptions(name="a", type="encoder", pin="V1", a=5, b=6), "gpio=5,6=ip,pu"),
        (CounterOptions(name="a", type="counter", pin="V1", line=5), "gpio=5=ip,pu"),
        (FrequencyOptions(name="a", type="frequency", pin="V1", line=5), "gpio=5=ip,pu"),
        (LightOptions(name="a", type="light", pin="V1", line=5), "gpio=5=ip,pn"),
    ],
)
def test_every_input_gets_its_lines_set(peripheral: PeripheralOptions, setting: str) -> None:
    assert settings(peripheral) == [setting]


@pytest.mark.parametrize(
    ("peripheral", "setting"),
    [
        (MotorOptions(name="a", type="motor", pin="V1", forward=5, backward=6), "gpio=5,6=op,dl"),
        (
            MotorOptions(name="a", type="motor", pin="V1", forward=5, backward=6, enable=7),
            "gpio=5,6,7=op,dl",
        ),
        (
            PhaseMotorOptions(name="a", type="phase_motor", pin="V1", phase=5, enable=6),
            "gpio=5,6=op,dl",
        ),
        (TonalBuzzerOptions(name="a", type="tonal_buzzer", pin="V1", line=5), "gpio=5=op,dl"),
        (
            RgbOptions(name="a", type="rgb", pin="V1", red=5, green=6, blue=7, active_high=False),
            "gpio=5,6,7=op,dh",
        ),
    ],
)
def test_every_output_is_off_from_power_on(peripheral: DrivenOptions, setting: str) -> None:
    assert settings(peripheral) == [setting]


def test_a_motor_never_runs_before_the_daemon_does() -> None:
    motor = MotorOptions(name="a", type="motor", pin="V1", forward=5, backward=6, on_start=Level.ON)
    assert settings(motor) == ["gpio=5,6=op,dl"]


def test_lines_that_sockets_share_are_set_once() -> None:
    first = EnergenieOptions(name="lamp", type="energenie", pin="V1", socket=1)
    second = EnergenieOptions(name="heater", type="energenie", pin="V2", socket=2)
    assert lines_of(first, second) == ["# lamp (energenie)", "gpio=17,22,23,27,24,25=op,dl"]


def test_a_distance_sensor_is_not_triggered_and_its_echo_is_an_input() -> None:
    tank = DistanceOptions(name="tank", type="distance", pin="V1", trigger=5, echo=6)
    assert lines_of(tank) == ["# tank (distance)", "gpio=5=op,dl", "gpio=6=ip,pn"]


def test_a_converter_needs_spi_once() -> None:
    soil = AdcOptions(name="soil", type="mcp3008", pin="V1")
    tank = AdcOptions(name="tank", type="mcp3008", pin="V2", channel=1)
    analog = AnalogOptions(type="mcp3208")
    assert lines_of(soil, tank, analog=analog) == [
        "# soil (mcp3008), tank (mcp3008), analog pins (mcp3208)",
        "dtparam=spi=on",
    ]
    assert lines_of(analog=analog)[-1] == "dtparam=spi=on"


def test_thermometers_need_the_one_wire_bus_once() -> None:
    inside = OneWireOptions(name="inside", type="ds18b20", pin="V1", id="28-0")
    outside = OneWireOptions(name="outside", type="ds18b20", pin="V2", id="28-1")
    lines = lines_of(inside, outside)
    assert lines[-1] == "dtoverlay=w1-gpio"
    assert lines[0].startswith("# inside (ds18b20), outside (ds18b20): on GPIO4")
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("line", "overlay"),
    [
        (12, "dtoverlay=pwm,pin=12,func=4"),
        (13, "dtoverlay=pwm,pin=13,func=4"),
        (18, "dtoverlay=pwm,pin=18,func=2"),
        (19, "dtoverlay=pwm,pin=19,func=2"),
    ],
)
def test_one_servo_on_a_hardware_line_gets_the_overlay(line: int, overlay: str) -> None:
    lines = lines_of(servo("arm", line))
    assert lines[:2] == ["# arm (servo)", f"gpio={line}=op,dl"]
    assert lines[-1] == overlay
    assert "# arm (servo): hardware PWM;" in lines


@pytest.mark.parametrize("order", [(13, 18), (18, 13)])
def test_two_channels_are_given_in_their_order(order: tuple[int, int]) -> None:
    lines = settings(*(servo(f"arm{line}", line) for line in order))
    assert lines[-1] == "dtoverlay=pwm-2chan,pin=18,func=2,pin2=13,func2=4"


def test_a_second_line_of_the_same_channel_is_left_out_and_told() -> None:
    lamp = PwmOptions(name="lamp", type="pwm", pin="V2", line=18)
    lines = lines_of(servo("arm", 12), lamp)
    assert lines[-1] == "dtoverlay=pwm,pin=12,func=4"
    assert "# lamp (pwm): no hardware PWM, as GPIO18 shares that of GPIO12" in lines


def test_a_lamp_that_is_on_while_low_gets_no_hardware_pwm() -> None:
    lamp = PwmOptions(name="lamp", type="pwm", pin="V2", line=18, active_high=False)
    assert settings(lamp) == ["gpio=18=op,dh"]
    assert any("until the gateway starts" in line for line in lines_of(lamp))


def test_software_pwm_needs_no_overlay() -> None:
    assert settings(servo("arm", 17)) == ["gpio=17=op,dl"]
    assert settings(servo("arm", 18, HardwarePwm.NEVER)) == ["gpio=18=op,dl"]


def test_line_beside_the_only_converter_is_left_free() -> None:
    soil = AdcOptions(name="soil", type="mcp3008", pin="V1")
    assert settings(soil, relay(line=7)) == [
        "gpio=7=op,dl",
        "dtparam=spi=on",
        "dtoverlay=spi0-1cs",
    ]
    options = GpioOptions(direct=(7,), peripherals={"soil": soil})
    assert boot_lines(options)[-1] == "dtoverlay=spi0-1cs"


def test_one_wire_bus_is_never_put_on_a_line_that_is_used() -> None:
    tub = OneWireOptions(name="tub", type="ds18b20", pin="V1")
    lines = lines_of(tub, relay(line=4))
    assert lines[-1] == "#dtoverlay=w1-gpio,gpiopin=N"
    assert lines[-2].startswith("# tub (ds18b20): GPIO4 is used otherwise; ")
    assert settings(tub, relay(line=4)) == ["gpio=4=op,dl"]
