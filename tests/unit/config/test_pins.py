from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from blynk_gateway.config import Options, Setting, effective
from blynk_gateway.config.fault import Report
from blynk_gateway.config.pins import DEVICE_PINS
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.direct import DirectPin, PinMode

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]


def test_pins_of_a_device_have_modes_and_intervals(options_of: OptionsOf) -> None:
    pins = "{d08: {mode: out}, A0: {mode: in, every: 1s}, D2: {mode: pu, every: never}, A1: pwm}"
    assert options_of(f"devices: {{shed: {{token: t, pins: {pins}}}}}").devices["shed"].pins == {
        "D8": DirectPin(PinMode.OUT),
        "A0": DirectPin(PinMode.IN, 1000),
        "D2": DirectPin(PinMode.PULL_UP),
        "A1": DirectPin(PinMode.PWM),
    }


def test_mode_alone_means_the_same_as_a_mapping(options_of: OptionsOf) -> None:
    one, other = (
        options_of(f"devices: {{shed: {{token: t, pins: {{D8: {text}}}}}}}")
        for text in ("out", "{mode: out}")
    )
    assert one == other


@pytest.mark.parametrize(
    ("pin", "use", "complaint"),
    [
        ("V1", "out", 'V1: found "V1", expected a digital or analog pin, D0 to D255, A0 to A255'),
        ("D8", "on", 'D8: found "on", expected one of in, out, pu, pd, pwm'),
        ("D8", "", "D8: found nothing, expected one of in, out, pu, pd, pwm"),
        ("D8", "{every: 1s}", "D8: found no mode, expected one"),
        ("A0", "out", "A0: A0 cannot be out; expected one of in, pwm"),
        ("A0", "{mode: pu}", "A0: A0 cannot be pu; expected one of in, pwm"),
        (
            "D8",
            "{mode: out, every: 1s}",
            "D8: D8 is an output and cannot be asked; expected no interval",
        ),
    ],
)
def test_wrong_use_of_a_pin_is_a_fault(
    faults_of: FaultsOf, pin: str, use: str, complaint: str
) -> None:
    assert faults_of(f"devices: {{shed: {{token: t, pins: {{{pin}: {use}}}}}}}") == [
        f"gateway.yaml:1: devices.shed.pins.{complaint}"
    ]


@pytest.mark.parametrize("every", ["49ms", "25h", "5"])
def test_interval_has_limits(faults_of: FaultsOf, every: str) -> None:
    (fault,) = faults_of(
        f"devices: {{shed: {{token: t, pins: {{D8: {{mode: in, every: {every}}}}}}}}}"
    )
    assert "from 50ms to 1d, or never" in fault


def test_own_pins_are_not_asked(faults_of: FaultsOf, options_of: OptionsOf) -> None:
    text = "gpio: {direct: [5]}\ngateway: {pins: {D5: {mode: in, every: 1s}}}"
    assert faults_of(text) == [
        "gateway.yaml:2: gateway.pins.D5.every: found an interval, expected none:"
        " the Pi's own inputs tell their changes themselves"
    ]
    options = options_of(text.replace(", every: 1s", ""))
    assert options.gateway.pins == {"D5": DirectPin(PinMode.IN)}
    shown = [setting for setting in effective(options) if setting.key.startswith("gateway.pins")]
    (mode,) = shown
    assert mode == Setting("gateway.pins.D5.mode", "in", mode.origin)


def test_settings_show_mode_and_interval(options_of: OptionsOf) -> None:
    options = options_of("devices: {shed: {token: t, pins: {A0: {mode: in, every: 1s}}}}")
    shown = {setting.key: setting.value for setting in effective(options)}
    assert shown["devices.shed.pins.A0.mode"] == "in"
    assert shown["devices.shed.pins.A0.every"] == "1s"


def test_pins_on_one_line_read_as_they_are_shown() -> None:
    shown = '{"D8": {mode: out, every: never}, "A0": {mode: in, every: 1s}}'
    node = yaml.compose(shown)
    assert isinstance(node, yaml.Node)
    scope = Scope(Path("a.yaml"), Report(), {})
    assert DEVICE_PINS.flow(DEVICE_PINS.read(node, "pins", scope)) == shown
    use = DEVICE_PINS.section
    entry = node.value[1][1]
    assert use.read(entry, "pins.A0", scope) == DirectPin(PinMode.IN, 1000)
