from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options, load
from blynk_gateway.errors import ConfigError

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

FILE = """
gateway: {{pins: {{D5: in, D6: out}}}}
devices:
  greenhouse: {{token: x, template: climate, pins: {{D8: in, D9: out}}}}
  bare: {{token: y}}
templates:
  climate:
    datastreams:
      V5: {{type: double, min: -40, max: 85}}
      V9: {{type: int, writable: false}}
gpio:
  factory: mock
  direct: [5, 6]
  peripherals:
    pump: {{type: relay, line: 17, pin: V1}}
    door: {{type: button, line: 27, pin: V3}}
links: [{{from: greenhouse/V20, to: pi/V40}}]
mqtt: {{bindings: [{{topic: "a/+", pin: "{{1}}/V21"}}, {{topic: b, pin: greenhouse/V22}}]}}
upstream: {{cloud: {{server: nas, devices: {{greenhouse: {{token: z, pins: [V23]}}}}}}}}
dashboards: {{home: {{widgets: [{{type: value, pin: greenhouse/V24}}]}}}}
webhooks: {{hook: {{url: "http://nas/", response: {{pin: {answer}}}}}}}
automations:
  - name: a
    when: {when}
    if: {conditions}
    then: {then}
"""


def text(
    when: str = "[]", conditions: str = "[]", then: str = "{delay: 1s}", answer: str = "same"
) -> str:
    return FILE.format(when=when, conditions=conditions, then=then, answer=answer)


def setting(address: str, value: str) -> str:
    return text(then=f"{{set: {{{address}: {value}}}}}")


@pytest.mark.parametrize(
    "pin",
    [
        *("greenhouse/V5", "greenhouse/V20", "greenhouse/V21", "greenhouse/V22", "greenhouse/V23"),
        *("greenhouse/V24", "greenhouse/D30", "greenhouse/A0", "bare/V77", "pi/V99", "pi/D6"),
    ],
)
def test_pin_that_is_known_or_cannot_be_judged_is_fine(options_of: OptionsOf, pin: str) -> None:
    options = options_of(text(when=f"{{pin: {pin}, changes: true}}"))
    assert options.warnings == ()


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (text(when="{pin: greenhouse/V55, is: on}"), "when.pin: found greenhouse/V55, but"),
        (
            text(conditions="{not: {pin: greenhouse/V55, is: on}}"),
            "if.not.pin: found greenhouse/V55",
        ),
        (setting("greenhouse/V55", "1"), 'did you mean "greenhouse/V5"?'),
        (text(then="{property: {greenhouse/V55: {color: x}}}"), 'then.property."greenhouse/V55"'),
        (text(then="{pulse: greenhouse/V55}"), "then.pulse.pin: found greenhouse/V55"),
        (text(then="{toggle: greenhouse/V55}"), "then.toggle: found greenhouse/V55"),
        (text(answer="greenhouse/V55"), "webhooks.hook.response.pin: found greenhouse/V55"),
        (text(when="{pin: pi/D7, is: on}"), "pi/D7, which gpio.direct does not open"),
        (text(when="{pin: pi/A0, above: 1}"), "pi/A0, which gpio.analog does not open"),
        (
            text(when="{pin: greenhose/V5, is: on}"),
            "no device greenhose; expected one of `devices`",
        ),
        (text(when="{device: gone, becomes: offline}"), "when.device: found gone, but there is no"),
        (text(when="{event: hot, device: gone}"), "when.device: found gone"),
        (text(conditions="{device: gone, is: online}"), "if.device: found gone"),
        (text(then="{log_event: {code: a, device: gone}}"), "then.log_event.device: found gone"),
        (text(answer="gone/V1"), "webhooks.hook.response.pin: found gone/V1"),
    ],
)
def test_unknown_pin_or_device_is_a_fault(
    faults_of: FaultsOf, written: str, complaint: str
) -> None:
    (fault,) = faults_of(written)
    assert complaint in fault


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (setting("greenhouse/V9", "1"), "found greenhouse/V9, which is only read"),
        (setting("pi/V3", "1"), "found pi/V3, which is only read"),
        (setting("pi/D5", "1"), "found pi/D5, an input"),
        (setting("greenhouse/D8", "1"), "found greenhouse/D8, an input"),
        (setting("greenhouse/V5", "90"), 'found "90" for V5, expected a number from -40 to 85'),
        (setting("greenhouse/V5", "warm"), 'found "warm" for V5, expected a number'),
        (setting("pi/V1", "2"), 'found "2" for V1, expected a number from 0 to 1'),
        (setting("pi/V1", "[0, 1]"), "expected 1 parameters"),
        (setting("greenhouse/D9", "5"), 'found "5" for greenhouse/D9, expected 0 or 1'),
        (text(then="{pulse: {pin: pi/V1, on: 7}}"), 'then.pulse: found "7" for V1'),
        (text(then="{blink: {pin: pi/V1, times: 2, off: 7}}"), 'then.blink: found "7" for V1'),
    ],
)
def test_value_that_a_pin_does_not_take_is_a_fault(
    faults_of: FaultsOf, written: str, complaint: str
) -> None:
    (fault,) = faults_of(written)
    assert complaint in fault


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("greenhouse/V5", '"{value}"'),
        ("greenhouse/V5", "-40"),
        ("pi/V1", "toggle"),
        ("pi/D6", "1"),
        ("bare/V1", "anything"),
    ],
)
def test_other_values_are_fine(options_of: OptionsOf, address: str, value: str) -> None:
    assert options_of(setting(address, value)).warnings == ()


def test_placeholders_of_unknown_pins_are_warned_of(options_of: OptionsOf) -> None:
    then = '{log_event: {code: a, text: "{greenhouse/V55} {gone/v1} {greenhouse/V5} {a/V999}"}}'
    one, other = sorted(options_of(text(then=then)).warnings)
    assert "found gone/V1, but there is no device gone: it stays as it is written" in one
    assert "found greenhouse/V55, but greenhouse declares" in other


def known(path: Path, devices: tuple[str, ...] | None) -> Options:
    path.write_text(text(when="{pin: shed/V5, is: on}"))
    return load(path, {}, lambda _: devices)


def test_device_of_a_command_is_fine_and_its_pins_are_not_judged(tmp_path: Path) -> None:
    assert known(tmp_path / "f.yaml", ("shed",)).warnings == ()
    with pytest.raises(ConfigError, match="there is no device shed"):
        known(tmp_path / "f.yaml", ("other",))


def test_where_devices_of_commands_cannot_be_known_a_warning_is_enough(tmp_path: Path) -> None:
    (warning,) = known(tmp_path / "f.yaml", None).warnings
    assert "found shed/V5, but this file declares no device shed, and those of" in warning


def test_devices_of_commands_are_not_asked_for_in_vain(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(text(when="{pin: greenhouse/V5, above: 1}"))

    def ask(_: Options) -> tuple[str, ...]:
        raise AssertionError

    assert load(path, {}, ask).automations[0].slug == "a"


@pytest.mark.parametrize(
    "broken",
    [
        "devices: {greenhouse: {tokn: x, template: t}}",
        "devices: [greenhouse]",
        "devices: {greenhouse: {token: x, template: t}}\nlinks: [{from: greenhouse/V6}]",
        "devices: {greenhouse: {token: x, datastreams: {V1: , V: }}}",
    ],
)
def test_faults_elsewhere_make_no_more_here(faults_of: FaultsOf, broken: str) -> None:
    rule = "automations: [{name: a, when: {pin: greenhouse/V6, is: on}, then: {delay: 1s}}]"
    template = "templates: {t: {datastreams: {V1: }}}"
    faults = faults_of(f"{broken}\n{template}\n{rule}\n")
    assert not [fault for fault in faults if "automations" in fault]
