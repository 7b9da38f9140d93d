from collections.abc import Iterable
from pathlib import Path

import pytest

from blynk_gateway.cli.doctor.finding import Level
from blynk_gateway.cli.doctor.lines import check_chip, check_library, check_lines, has_module
from blynk_gateway.config.gpio.inputs import ButtonOptions
from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.config.gpio.outputs import OutputOptions
from blynk_gateway.errors import GpioUnavailable, HardwareError
from blynk_gateway.gpio.lines.chip import ChipInfo, LineInfo
from tests.component.cli.doctor.conftest import Machine
from tests.helpers.control import control_server

PUMP = OutputOptions(name="pump", type="relay", pin="V1", line=17)
DOOR = ButtonOptions(name="door", type="button", pin="V3", line=27)


@pytest.mark.parametrize(
    ("factory", "installed", "level", "text"),
    [
        (Factory.AUTO, ("gpiozero", "lgpio", "RPi.GPIO"), Level.OK, "gpiozero with lgpio"),
        (Factory.AUTO, ("gpiozero", "RPi.GPIO"), Level.WARNING, "found rpigpio"),
        (Factory.AUTO, ("gpiozero",), Level.WARNING, "found none of its kind"),
        (Factory.AUTO, ("lgpio",), Level.FAULT, "gpiozero is not installed"),
        (Factory.LGPIO, ("gpiozero", "lgpio"), Level.OK, "gpiozero with lgpio"),
        (Factory.LGPIO, ("gpiozero",), Level.FAULT, "lgpio is not installed"),
        (Factory.RPIGPIO, ("gpiozero",), Level.FAULT, "RPi.GPIO is not installed"),
        (Factory.PIGPIO, ("gpiozero",), Level.FAULT, "pigpio is not installed"),
        (Factory.NATIVE, ("gpiozero",), Level.OK, "gpiozero with native"),
        (Factory.MOCK, (), Level.OK, "simulated"),
        (Factory.NONE, (), Level.WARNING, "nothing drives them"),
    ],
)
def test_library_of_the_chosen_factory_has_to_be_there(
    machine: Machine, factory: Factory, installed: tuple[str, ...], level: Level, text: str
) -> None:
    machine.configure(PUMP, factory=factory)
    found, told, _ = machine.only(check_library, lambda name: name in installed)
    assert found is level
    assert text in told


def test_without_lines_nothing_is_needed(machine: Machine) -> None:
    assert machine.only(check_library, lambda _: False)[0] is Level.OK
    assert machine.find(check_chip) == []
    assert machine.find(check_lines) == []


def test_module_is_looked_for_without_being_imported() -> None:
    assert has_module("gpiozero")
    assert not has_module("no_such_parent.module")
    assert not has_module("no_such_module")


def finder(machine: Machine, label: str = "pinctrl-bcm2711") -> object:
    path = machine.file("dev/gpiochip0")
    return lambda _: ChipInfo(str(path), "gpiochip0", label, 58)


def test_chip_that_the_daemon_may_use_is_well(machine: Machine) -> None:
    machine.configure(PUMP)
    find = finder(machine)
    path = machine.root / "dev/gpiochip0"
    assert machine.only(check_chip, find) == (Level.OK, f"{path}, pinctrl-bcm2711", "")
    machine.be_stranger(path.stat().st_gid)
    assert machine.only(check_chip, find)[0] is Level.OK


def test_daemon_outside_the_group_is_a_fault_that_names_the_group(machine: Machine) -> None:
    machine.configure(direct=(5,))
    find = finder(machine)
    machine.be_stranger()
    level, text, advice = machine.only(check_chip, find)
    assert level is Level.FAULT
    group = (machine.root / "dev/gpiochip0").group()
    assert f"gateway, who runs the daemon, is not in the group {group}" in text
    assert f"sudo usermod -aG {group} gateway" in advice


def failing(_: Path) -> ChipInfo:
    raise GpioUnavailable("no chip with the lines of the header: found none")


def test_missing_chip_is_a_fault_with_the_reason(machine: Machine) -> None:
    machine.configure(PUMP)
    level, text, _ = machine.only(check_chip, failing)
    assert (level, text.split(":")[0]) == (Level.FAULT, "no chip with the lines of the header")
    assert machine.find(check_lines, failing) == []
    # The real one, in an empty tree.
    assert machine.only(check_chip)[0] is Level.FAULT


def test_chip_that_only_the_daemon_may_see_is_no_fault(machine: Machine) -> None:
    machine.configure(PUMP)
    machine.file("dev/gpiochip0")
    level, _, advice = machine.only(check_chip, failing)
    assert (level, advice) == (Level.WARNING, "Run `sudo blynk-gateway doctor`.")


@pytest.mark.parametrize("factory", [Factory.MOCK, Factory.NONE, Factory.PIGPIO])
def test_lines_that_are_not_the_kernels_need_no_chip(machine: Machine, factory: Factory) -> None:
    machine.configure(PUMP, factory=factory)
    assert machine.find(check_chip, failing) == []
    assert machine.find(check_lines, failing) == []


class Kernel:
    """Lines with their consumers; those that are not named are free."""

    def __init__(self, **consumers: str) -> None:
        self.consumers = {int(name[4:]): who for name, who in consumers.items()}

    def __call__(self, _path: str, lines: Iterable[int]) -> list[LineInfo]:
        return [
            LineInfo(
                line=line,
                name="",
                consumer=self.consumers.get(line, ""),
                is_used=line in self.consumers,
                is_output=False,
                is_active_low=False,
                pull="",
            )
            for line in lines
        ]


def test_free_lines_are_well(machine: Machine) -> None:
    machine.configure(PUMP, DOOR, direct=(5,))
    kernel = Kernel(gpio4="w1")
    found = machine.only(check_lines, finder(machine), kernel)
    assert found == (Level.OK, "3 lines are free, or the daemon's", "")
    machine.configure(PUMP)
    assert machine.only(check_lines, finder(machine), kernel)[1].startswith("1 line is free")


def test_line_of_somebody_else_is_a_fault_that_names_both(machine: Machine) -> None:
    machine.configure(PUMP, DOOR, direct=(5,))
    kernel = Kernel(gpio17="other-program", gpio5="")
    found = machine.find(check_lines, finder(machine), kernel)
    assert [(one.level, one.text) for one in found] == [
        (
            Level.FAULT,
            'GPIO17 (pump.line) is in use by "other-program"; expected a free line',
        ),
        (
            Level.FAULT,
            "GPIO5 (direct) is in use by a kernel driver or another function; expected a free line",
        ),
    ]


def test_line_that_lgpio_holds_is_foreign_only_while_no_daemon_runs(machine: Machine) -> None:
    machine.configure(PUMP)
    kernel = Kernel(gpio17="lg")
    assert machine.only(check_lines, finder(machine), kernel)[0] is Level.FAULT
    machine.change(daemon=0)
    assert machine.only(check_lines, finder(machine), kernel)[0] is Level.OK


def test_line_that_the_daemon_drives_is_its_own_whatever_it_is_called(machine: Machine) -> None:
    machine.configure(PUMP, DOOR)
    machine.change(daemon=4711)
    peripherals = [
        {"lines": [17], "fault": ""},
        {"lines": [27], "fault": "GPIO27 is in use"},
    ]
    kernel = Kernel(gpio17="?", gpio27="gpio-keys")
    with control_server(machine.data_dir) as control:
        control.answers["GET /api/v1/gpio"] = (200, {"peripherals": peripherals})
        level, text, _ = machine.only(check_lines, finder(machine), kernel)
    assert (level, text.split(";")[0]) == (
        Level.FAULT,
        'GPIO27 (door.line) is in use by "gpio-keys"',
    )
    # It went away meanwhile.
    assert len(machine.find(check_lines, finder(machine), kernel)) == 2


def test_chip_that_cannot_be_asked_is_left_to_its_own_check(machine: Machine) -> None:
    def refuse(_path: str, _lines: Iterable[int]) -> list[LineInfo]:
        raise HardwareError("no")

    machine.configure(PUMP)
    assert machine.find(check_lines, finder(machine), refuse) == []


def test_library_is_not_called_needless_while_the_configuration_is_faulty(
    machine: Machine,
) -> None:
    machine.change(faults=("gateway.yaml:1: x",))
    assert machine.find(check_library) == []
