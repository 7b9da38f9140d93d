import pytest

from blynk_gateway.cli.doctor.buses import check_buses, check_hardware_pwm, check_one_wire
from blynk_gateway.cli.doctor.finding import Level
from blynk_gateway.config.gpio.common import HardwarePwm
from blynk_gateway.config.gpio.inputs import AdcOptions
from blynk_gateway.config.gpio.options import AnalogOptions, Factory
from blynk_gateway.config.gpio.outputs import OutputOptions, ServoOptions
from blynk_gateway.config.gpio.sensors import OneWireOptions
from tests.component.cli.doctor.conftest import Machine

POND = OneWireOptions(name="pond", type="ds18b20", pin="V4")
SOIL = AdcOptions(name="soil", type="mcp3008", pin="V3", device=1)
BUS = "sys/bus/w1/devices"


def relay(line: int) -> OutputOptions:
    return OutputOptions(name="pump", type="relay", pin="V1", line=line)


@pytest.mark.parametrize(
    ("line", "sign", "check", "text"),
    [
        (2, "dev/i2c-1", "I²C", "GPIO2 (pump.line) is I²C SDA"),
        (8, "dev/spidev0.0", "SPI 0", "GPIO8 (pump.line) is SPI 0 CE0"),
        (20, "dev/spidev1.2", "SPI 1", "GPIO20 (pump.line) is SPI 1 MOSI"),
        (15, "dev/serial0", "UART", "GPIO15 (pump.line) is UART RXD"),
        (4, f"{BUS}/w1_bus_master1/name", "1-Wire", "GPIO4 (pump.line) is 1-Wire data"),
    ],
)
def test_line_of_a_bus_is_a_warning_only_while_that_is_on(
    machine: Machine, line: int, sign: str, check: str, text: str
) -> None:
    machine.configure(relay(line))
    assert machine.find(check_buses) == []
    machine.file(sign)
    (finding,) = machine.find(check_buses)
    assert (finding.level, finding.check) == (Level.WARNING, check)
    assert finding.text.startswith(f"{text}, and that is switched on (")
    assert "/boot/firmware/config.txt" in finding.advice
    machine.configure(relay(5))
    assert machine.find(check_buses) == []


def test_free_chip_select_is_no_bus_while_another_is_in_use(machine: Machine) -> None:
    machine.configure(relay(7))
    machine.file("dev/spidev0.0")
    assert machine.find(check_buses) == []
    machine.file("dev/spidev0.1")
    assert machine.only(check_buses)[1].endswith("switched on (/dev/spidev0.1)")


def test_line_that_the_one_wire_bus_left_is_plain(machine: Machine) -> None:
    machine.configure(relay(4))
    machine.file(f"{BUS}/w1_bus_master1/name")
    config = machine.file("boot/firmware/config.txt", "[all]\ndtoverlay=w1-gpio\n")
    assert "gpiopin=N" in machine.only(check_buses)[2]
    config.write_text("[all]\ndtoverlay=w1-gpio,gpiopin=22\n")
    assert machine.find(check_buses) == []


@pytest.mark.parametrize("console", ["serial0,115200", "ttyAMA0,115200", "ttyS0,115200"])
def test_console_on_a_line_is_a_warning(machine: Machine, console: str) -> None:
    machine.configure(relay(14))
    machine.file("proc/cmdline", "console=tty1 root=/dev/mmcblk0p2\n")
    assert machine.find(check_buses) == []
    machine.file("proc/cmdline", f"console={console} console=tty1\n")
    level, text, advice = machine.only(check_buses)
    assert level is Level.WARNING
    assert f"is the console of the kernel (console={console})" in text
    assert "raspi-config" in advice


@pytest.mark.parametrize("analog", [False, True])
def test_converter_needs_its_chip_select_and_may_use_it(machine: Machine, analog: bool) -> None:
    if analog:
        machine.configure(analog=AnalogOptions("mcp3008", device=1))
    else:
        machine.configure(SOIL)
    machine.file("dev/spidev0.0")
    level, text, advice = machine.only(check_buses)
    assert level is Level.FAULT
    assert "needs /dev/spidev0.1, which is not there" in text
    assert "dtparam=spi=on" in advice
    node = machine.file("dev/spidev0.1")
    assert machine.only(check_buses)[0] is Level.OK
    machine.be_stranger()
    level, text, advice = machine.only(check_buses)
    assert level is Level.FAULT
    assert f"sudo usermod -aG {node.group()} gateway" in advice
    machine.be_stranger(node.stat().st_gid)
    assert machine.only(check_buses)[0] is Level.OK


def test_thermometer_needs_a_bus_and_has_to_be_on_it(machine: Machine) -> None:
    machine.configure(POND)
    level, text, _ = machine.only(check_one_wire)
    assert level is Level.FAULT
    assert text.startswith("pond: there is no 1-Wire bus; expected `dtoverlay=w1-gpio`")
    machine.file(f"{BUS}/w1_bus_master1/name")
    assert "there is no thermometer" in machine.only(check_one_wire)[1]
    machine.file(f"{BUS}/28-0123456789ab/temperature", "21500\n")
    assert machine.only(check_one_wire) == (Level.OK, "pond: 28-0123456789ab", "")


def servo(line: int, hardware_pwm: HardwarePwm = HardwarePwm.AUTO) -> ServoOptions:
    return ServoOptions(name="flap", type="servo", pin="V5", line=line, hardware_pwm=hardware_pwm)


def test_servo_without_hardware_pwm_is_a_warning_unless_that_is_meant(machine: Machine) -> None:
    machine.configure(servo(17))
    level, text, advice = machine.only(check_hardware_pwm)
    assert level is Level.WARNING
    assert text.startswith("flap gets none and may tremble: GPIO17 has none")
    assert "gpio config-txt" in advice
    machine.configure(servo(18))
    assert "expected dtoverlay=pwm" in machine.only(check_hardware_pwm)[1]
    machine.configure(servo(17, HardwarePwm.NEVER), relay(5))
    assert machine.find(check_hardware_pwm) == []


def test_servo_with_hardware_pwm_is_well(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def explain(line: int, root: object, *, take_over: bool) -> None:
        asked.append((line, root, take_over))

    monkeypatch.setattr("blynk_gateway.cli.doctor.buses.explain_kernel_pwm", explain)
    machine.configure(servo(18))
    assert machine.only(check_hardware_pwm) == (Level.OK, "flap on GPIO18", "")
    machine.change(daemon=4711)
    machine.find(check_hardware_pwm)
    root = machine.root / "sys/class/pwm"
    assert asked == [(18, root, False), (18, root, True)]


@pytest.mark.parametrize("factory", [Factory.MOCK, Factory.NONE])
def test_simulated_pins_have_no_buses(machine: Machine, factory: Factory) -> None:
    machine.configure(relay(2), servo(18), SOIL, factory=factory)
    machine.file("dev/i2c-1")
    assert machine.find(check_buses) == []
    assert machine.find(check_hardware_pwm) == []
