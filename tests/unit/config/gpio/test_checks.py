from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]


def gpio(*peripherals: str, more: str = "") -> str:
    """A file with peripherals x0, x1, … from line 3 on; each with a pin of its own."""
    entries = "".join(
        f"    x{index}: {{pin: V{index}, {text}}}\n" for index, text in enumerate(peripherals)
    )
    return f"gpio:\n  peripherals:\n{entries}{more}"


@pytest.mark.parametrize(
    "peripherals",
    [
        ("type: energenie, socket: 1", "type: energenie, socket: 2"),
        ("type: mcp3008, channel: 0", "type: mcp3008, channel: 1"),
        ("type: mcp3008, channel: 0", "type: mcp3008, channel: 0, differential: true"),
        ("type: mcp3008", "type: mcp3208, device: 1"),
        ("type: ds18b20", "type: ds18b20, id: 28-0123456789ab"),
        ("type: relay, line: 7", "type: relay, line: 4"),
        ("type: relay, line: 5, interlock: a, on_start: on", "type: relay, line: 6, on_start: on"),
        (
            "type: relay, line: 5, interlock: a, on_start: on",
            "type: relay, line: 6, interlock: a, on_start: last",
        ),
        (
            "type: relay, line: 5, interlock: a, on_start: on, on_crash: off",
            "type: relay, line: 6, interlock: a, on_crash: on",
        ),
        ("type: button, line: 2, pull: up", "type: relay, line: 3"),
        ("type: counter, line: 3",),
        ("type: distance, trigger: 2, echo: 5",),
    ],
)
def test_peripherals_that_get_along_are_fine(
    options_of: OptionsOf, peripherals: tuple[str, ...]
) -> None:
    assert len(options_of(gpio(*peripherals)).gpio.peripherals) == len(peripherals)


def test_analog_pins_and_converters_share_the_bus(options_of: OptionsOf) -> None:
    text = gpio("type: mcp3008, channel: 2", more="  analog: {type: mcp3008}\n")
    assert options_of(text).gpio.analog is not None


@pytest.mark.parametrize(
    ("first", "second", "complaint"),
    [
        (
            "type: relay, line: 5",
            "type: led, line: 5",
            'x1.line: found GPIO5, which "x0" (line 3) uses, expected another line',
        ),
        (
            "type: relay, line: 5",
            "type: encoder, a: 6, b: 5",
            'x1.b: found GPIO5, which "x0" (line 3) uses, expected another line',
        ),
        (
            "type: mcp3008",
            "type: relay, line: 8",
            'x1.line: found GPIO8, which is SPI 0 CE0 for "x0" (line 3), expected another line',
        ),
        (
            "type: mcp3008, device: 1",
            "type: relay, line: 7",
            'x1.line: found GPIO7, which is SPI 0 CE1 for "x0" (line 3), expected another line',
        ),
        (
            "type: energenie, socket: 1",
            "type: energenie, socket: 1",
            'x1.socket: found 1, which "x0" (line 3) has, expected another',
        ),
        (
            "type: energenie, socket: 1",
            "type: relay, line: 22",
            'x1.line: found GPIO22, which "x0" (line 3) uses, expected another line',
        ),
        (
            "type: mcp3008, device: 1",
            "type: mcp3208, device: 1",
            'x1.type: found mcp3208, but on device 1 "x0" (line 3) has mcp3008;'
            " expected the same, or another device",
        ),
        (
            "type: relay, line: 5, interlock: a, on_stop: on",
            "type: pwm, line: 18, interlock: a, on_stop: on",
            'x1.on_stop: found on, which "x0" (line 3) of the interlock a is then too,'
            " expected one of them",
        ),
    ],
)
def test_second_of_two_that_do_not_get_along_is_told_of_the_first(
    faults_of: FaultsOf, first: str, second: str, complaint: str
) -> None:
    assert faults_of(gpio(first, second)) == [f"gateway.yaml:4: gpio.peripherals.{complaint}"]


@pytest.mark.parametrize("bus", ["type: mcp3008", "type: energenie, socket: 1"])
def test_what_can_be_moved_is_told_to_whatever_comes_first(faults_of: FaultsOf, bus: str) -> None:
    line = {"type: mcp3008": 10}.get(bus, 27)
    (fault,) = faults_of(gpio(f"type: relay, line: {line}", bus))
    assert fault.startswith(f"gateway.yaml:3: gpio.peripherals.x0.line: found GPIO{line}, which ")
    assert '"x1" (line 4)' in fault


@pytest.mark.parametrize(
    ("bus", "line", "found"),
    [
        (
            "type: ds18b20",
            4,
            '1-Wire data, w1-gpio\'s default, for "x1" (line 4); it is free only with'
            " dtoverlay=w1-gpio,gpiopin=N in config.txt",
        ),
        (
            "type: mcp3008",
            7,
            'SPI 0 CE1 for "x1" (line 4); it is free only with dtoverlay=spi0-1cs in config.txt',
        ),
    ],
)
def test_line_that_config_txt_can_free_is_a_warning_and_still_belongs_to_one(
    options_of: OptionsOf, faults_of: FaultsOf, bus: str, line: int, found: str
) -> None:
    relay = f"type: relay, line: {line}"
    (warning,) = options_of(gpio(relay, bus)).warnings
    told = f"warning: found GPIO{line}, which is {found}"
    assert warning.endswith(f"gateway.yaml:3: gpio.peripherals.x0.line: {told}")
    (warning,) = options_of(gpio("type: cpu_load", bus, more=f"  direct: [{line}]\n")).warnings
    assert warning.endswith(f"gateway.yaml:5: gpio.direct: {told}")
    (fault,) = faults_of(gpio(relay, bus, relay))
    assert fault.endswith(f'found GPIO{line}, which "x0" (line 3) uses, expected another line')
    (fault,) = faults_of(gpio(relay, bus, more=f"  direct: [{line}]\n"))
    assert f'found GPIO{line}, which "x0" (line 3) uses' in fault


def test_virtual_pin_belongs_to_one_peripheral(faults_of: FaultsOf) -> None:
    assert faults_of(
        "gpio:\n  peripherals:\n"
        "    a: {type: relay, line: 5, pin: V1}\n    b: {type: ping, host: c, pin: v001}\n"
    ) == [
        'gateway.yaml:4: gpio.peripherals.b.pin: found V1, which "a" (line 3) has, expected another'
    ]


def test_datastream_of_the_owner_for_the_pin_of_a_peripheral_is_fine(options_of: OptionsOf) -> None:
    options = options_of(
        gpio("type: relay, line: 5", more="gateway: {datastreams: {V0: {name: Pump}}}\n")
    )
    assert options.datastreams_of(options.gateway)["V0"].name == "Pump"


def test_line_is_either_direct_or_a_peripherals(faults_of: FaultsOf, options_of: OptionsOf) -> None:
    text = gpio("type: relay, line: 5", more="  direct: [6, 5]\n")
    assert faults_of(text) == [
        'gateway.yaml:4: gpio.direct: found GPIO5, which "x0" (line 3) uses,'
        " expected lines that nothing else uses"
    ]
    assert options_of(text.replace("[6, 5]", "all")).gpio.direct is None


def test_entry_of_the_direct_list_is_told_the_line_it_stands_in(faults_of: FaultsOf) -> None:
    assert faults_of("gpio:\n  direct:\n    - 5\n    - 6\n    - 5\n") == [
        "gateway.yaml:5: gpio.direct: found GPIO5 a second time, expected once (line 3)"
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("type: button, line: 2, pull: down", "x0.pull: found down, expected up: GPIO2 "),
        ("type: input, line: 3", "x0.pull: found none, expected up: GPIO3 "),
        ("type: encoder, a: 5, b: 3, pull: none", "x0.pull: found none, expected up: GPIO3 "),
        ("type: light, line: 2", "x0.line: found GPIO2, which "),
        ("type: distance, trigger: 5, echo: 3", "x0.echo: found GPIO3, which "),
    ],
)
def test_resistor_on_the_board_cannot_be_switched_off(
    faults_of: FaultsOf, text: str, complaint: str
) -> None:
    (fault,) = faults_of(gpio(text))
    assert fault.startswith(f"gateway.yaml:3: gpio.peripherals.{complaint}")
    assert "has a resistor of 1.8 kΩ to 3.3 V on the board" in fault


def test_pull_that_was_not_understood_is_one_fault(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(gpio("type: input, line: 2, pull: dwn"))
    assert fault.endswith('found "dwn", expected one of up, down, none; did you mean "down"?')


def test_relays_of_a_group_are_not_both_on_after_a_crash(faults_of: FaultsOf) -> None:
    relay = "type: relay, line: {}, interlock: a, on_crash: on"
    (fault,) = faults_of(gpio(relay.format(5), relay.format(6)))
    assert fault.startswith('gateway.yaml:4: gpio.peripherals.x1.on_crash: found on, which "x0" ')


def test_crash_that_is_like_a_start_is_counted_too(faults_of: FaultsOf) -> None:
    started = "type: relay, line: 5, interlock: a, on_start: on"
    crashed = "type: relay, line: 6, interlock: a, on_crash: on"
    for one, other in ((started, crashed), (crashed, started)):
        (fault,) = faults_of(gpio(one, other))
        place = "gateway.yaml:4: gpio.peripherals.x1.on_crash"
        assert fault.startswith(f'{place}: found on, which "x0" (line 3) ')


@pytest.mark.parametrize(
    ("section", "pins"),
    [
        ("{direct: [5, 6]}", "{D5: out, D6: pd}"),
        ("{direct: all}", "{D5: pwm, D27: in, D2: pu, D3: out}"),
        ("{analog: {type: mcp3002}}", "{A0: in, A1: {mode: in}}"),
    ],
)
def test_own_pins_that_are_open_are_fine(options_of: OptionsOf, section: str, pins: str) -> None:
    options = options_of(f"gpio: {section}\ngateway: {{pins: {pins}}}")
    assert len(options.gateway.pins) == pins.count(":") - pins.count("mode")


@pytest.mark.parametrize(
    ("section", "pin", "complaint"),
    [
        ("{}", "D5: out", "found a line that is not open, expected it in gpio.direct"),
        (
            "{direct: [6]}",
            "D5: out",
            "found a line that is not open, expected it in gpio.direct (line 1)",
        ),
        (
            "{direct: all, analog: {type: mcp3008}}",
            "D8: out",
            "found a line that something else uses, expected one that is left by gpio.direct",
        ),
        ("{direct: all}", "D28: in", "found a line that the Pi does not have, expected D0 to D27"),
        ("{}", "A0: in", "found an analog pin, expected a converter for it: gpio.analog"),
        (
            "{analog: {type: mcp3002}}",
            "A2: in",
            "found an analog pin that gpio.analog (line 1) does not have, expected A0 to A1",
        ),
        (
            "{analog: {type: mcp3002}}",
            "A1: pwm",
            "found pwm, expected in: a converter does nothing but read",
        ),
        (
            "{direct: all}",
            "D2: in",
            "found in, expected pu: GPIO2 has a resistor of 1.8 kΩ to 3.3 V on the board",
        ),
    ],
)
def test_own_pin_that_is_not_there_is_a_fault(
    faults_of: FaultsOf, section: str, pin: str, complaint: str
) -> None:
    name, _, _ = pin.partition(":")
    assert faults_of(f"gpio: {section}\ngateway: {{pins: {{{pin}}}}}") == [
        f"gateway.yaml:2: gateway.pins.{name}: {complaint}"
    ]


@pytest.mark.parametrize("section", ["5", "{direct: [x]}", "{direct: [5, x]}", "{direct: y}"])
def test_own_line_is_not_called_closed_when_the_list_was_not_understood(
    faults_of: FaultsOf, section: str
) -> None:
    (fault,) = faults_of(f"gpio: {section}\ngateway: {{pins: {{D6: out}}}}")
    assert fault.startswith("gateway.yaml:1: gpio")


def test_own_channel_is_not_called_missing_when_the_converter_was_not_understood(
    faults_of: FaultsOf,
) -> None:
    (fault,) = faults_of("gpio: {analog: {type: mcp}}\ngateway: {pins: {A0: in}}")
    assert fault.startswith("gateway.yaml:1: gpio.analog.type: ")


@pytest.fixture
def warnings_of(options_of: OptionsOf, tmp_path: Path) -> Callable[[str], list[str]]:
    """Loads a text that can be used; its warnings, the directory left out."""

    def warn(text: str) -> list[str]:
        return [each.replace(f"{tmp_path}/", "") for each in options_of(text).warnings]

    return warn


WarningsOf = Callable[[str], list[str]]


def one(text: str) -> str:
    return f"gpio:\n  peripherals:\n    x: {{pin: V1, {text}}}\n"


def test_plain_lines_get_no_warning(warnings_of: WarningsOf) -> None:
    lines = [line for line in range(4, 28) if line not in (7, 8, 9, 10, 11, 14, 15)]
    assert warnings_of(f"gpio: {{direct: {lines}}}") == []
    assert warnings_of("gpio: {direct: all}") == []
    assert warnings_of(one("type: energenie, socket: 1")) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (1, "HAT EEPROM ID_SC; the firmware looks for a HAT there at each boot, use another line"),
        (2, "I²C SDA; it works as a plain line only without dtparam=i2c_arm=on in config.txt"),
        (9, "SPI 0 MISO; it works as a plain line only without dtparam=spi=on in config.txt"),
        (15, "UART RXD; it works as a plain line only without enable_uart=1 in config.txt"),
    ],
)
def test_line_of_a_bus_is_a_warning(warnings_of: WarningsOf, line: int, told: str) -> None:
    assert warnings_of(one(f"type: relay, line: {line}")) == [
        f"gateway.yaml:3: gpio.peripherals.x.line: warning: found GPIO{line}, which is {told}"
    ]
    assert warnings_of(f"gpio:\n  direct:\n    - 5\n    - {line}\n") == [
        f"gateway.yaml:4: gpio.direct: warning: found GPIO{line}, which is {told}"
    ]


def test_converter_on_the_spi_bus_is_where_it_belongs(warnings_of: WarningsOf) -> None:
    assert warnings_of(one("type: mcp3008")) == []
    assert warnings_of("gpio: {analog: {type: mcp3008}}") == []


def test_servo_without_hardware_pwm_is_a_warning(warnings_of: WarningsOf) -> None:
    assert warnings_of(one("type: servo, line: 17")) == [
        "gateway.yaml:3: gpio.peripherals.x.line: warning: found GPIO17, which has no hardware"
        " PWM: the servo will jitter; use 12, 13, 18 or 19"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "type: angular_servo, line: 19",
        "type: servo, line: 17, hardware_pwm: never",
        "type: pwm, line: 17",
        "type: pwm, line: 13, hardware_pwm: auto",
    ],
)
def test_line_with_hardware_pwm_or_no_need_of_it_is_fine(
    warnings_of: WarningsOf, text: str
) -> None:
    assert warnings_of(one(text)) == []


def test_pwm_that_asks_for_hardware_in_vain_is_a_warning(warnings_of: WarningsOf) -> None:
    assert warnings_of(one("type: pwm, line: 17, hardware_pwm: auto")) == [
        "gateway.yaml:3: gpio.peripherals.x.hardware_pwm: warning: found GPIO17, which has no"
        " hardware PWM: it will have steps of 1 %; use 12, 13, 18 or 19"
    ]


def test_misspelt_interlock_gets_the_nearest_one(warnings_of: WarningsOf) -> None:
    relay = "type: relay, line: {}, interlock: {}"
    more = f"    y: {{pin: V2, {relay.format(6, 'blind')}}}\n"
    more += f"    z: {{pin: V3, {relay.format(13, 'blind')}}}\n"
    (warning,) = warnings_of(one(relay.format(5, "blnd")) + more)
    assert warning.endswith('it keeps nothing apart; did you mean "blind"?')


def test_interlock_of_one_is_a_warning(warnings_of: WarningsOf) -> None:
    assert warnings_of(one("type: relay, line: 5, interlock: blinds")) == [
        "gateway.yaml:3: gpio.peripherals.x.interlock: warning: found blinds, which no other has:"
        " it keeps nothing apart; is it misspelt?"
    ]
    more = "    y: {pin: V2, type: relay, line: 6, interlock: blinds}\n"
    assert warnings_of(one("type: relay, line: 5, interlock: blinds") + more) == []


def test_wait_without_an_interlock_is_a_warning(warnings_of: WarningsOf) -> None:
    assert warnings_of(one("type: relay, line: 5, interlock_wait: 1s")) == [
        "gateway.yaml:3: gpio.peripherals.x.interlock_wait: warning: found a wait without an"
        " interlock: it does nothing"
    ]
