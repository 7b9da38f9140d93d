"""What pins are called above."""

from collections.abc import Callable

import pytest

from blynk_gateway.config import Options

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

HOME = """
gateway: {template: pi, datastreams: {V2: {name: Lamp}}}
devices: {shed: {token: lan, template: climate, datastreams: {V6: {name: Own}, V8: {}}}}
templates:
  pi: {datastreams: {V1: {name: Tank}, V2: {name: Replaced}}}
  climate: {datastreams: {V5: {name: Temperature}, V6: {name: Replaced}, V7: {name: "a/b"}}}
gpio: {peripherals: {pump: {type: relay, line: 17, pin: V3}, bell: {type: led, line: 18, pin: V1}}}
"""


def text_of(via: str, pins: str) -> str:
    devices = f"{{shed: {{token: t, pins: {pins}}}}}"
    return f"{HOME}upstream: {{a: {{server: nas, via: {via}, devices: {devices}}}}}"


def remotes(options: Options) -> list[str]:
    return [pin.remote for pin in options.upstream["a"].devices["shed"].pins]


@pytest.mark.parametrize("via", ["tcp", "https"])
def test_pins_go_by_pins(options_of: OptionsOf, via: str) -> None:
    assert remotes(options_of(text_of(via, "{V5: , V6: v07, pi/D5: V1}"))) == ["V5", "V7", "V1"]


@pytest.mark.parametrize("via", ["mqtt", "mqtt-gateway"])
def test_over_mqtt_pins_go_by_the_names_of_their_datastreams(
    options_of: OptionsOf, via: str
) -> None:
    text = text_of(via, "[V5, V6, pi/V1, pi/V2, pi/V3]")
    assert remotes(options_of(text)) == ["Temperature", "Own", "Tank", "Lamp", "pump"]


def test_over_mqtt_a_name_that_is_given_stands(options_of: OptionsOf) -> None:
    assert remotes(options_of(text_of("mqtt", "{V5: v5, V9: Rain}"))) == ["v5", "Rain"]


@pytest.mark.parametrize("via", ["tcp", "https"])
def test_name_is_no_pin(faults_of: FaultsOf, via: str) -> None:
    (fault,) = faults_of(text_of(via, "{V5: Temperature}"))
    assert fault == (
        'gateway.yaml:8: upstream.a.devices.shed.pins: found "Temperature", expected a pin such'
        " as V7: only over MQTT pins go by names"
    )


@pytest.mark.parametrize("pin", ["V8", "V9", "D1", "hut/V5"])
def test_pin_without_a_name_is_told_what_to_write(faults_of: FaultsOf, pin: str) -> None:
    (fault,) = faults_of(text_of("mqtt", f"[{pin}]"))
    address = pin if "/" in pin else f"shed/{pin}"
    assert fault == (
        f"gateway.yaml:8: upstream.a.devices.shed.pins: found {address} without a name, which pins"
        f" go by over MQTT; expected the name of its datastream above, {{{address}: Temperature}}"
    )


@pytest.mark.parametrize(
    "name", ["a/b", "a+", "#", "a,b", " a", "a ", "ä" * 33, "\\uFFFE", "\\uD800"]
)
def test_name_that_no_message_can_have_is_a_fault(faults_of: FaultsOf, name: str) -> None:
    (fault,) = faults_of(text_of("mqtt", f'{{V5: "{name}"}}'))
    assert fault.startswith("gateway.yaml:8: upstream.a.devices.shed.pins")
    assert "expected a name of at most 64 bytes without / + # ," in fault or "\\" in name


def test_name_of_a_datastream_that_no_message_can_have_is_a_fault(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(text_of("mqtt", "[V7]"))
    assert 'found "a/b", expected a name of at most 64 bytes' in fault
    assert fault.endswith("{shed/V7: Temperature} gives it another one above")


def test_pin_whose_name_is_a_fault_does_not_hide_the_next_one(faults_of: FaultsOf) -> None:
    faults = faults_of(text_of("mqtt", "\n  [V9,\n  V5,\n  V5]"))
    assert [fault.partition(": found")[0] for fault in faults] == [
        "gateway.yaml:9: upstream.a.devices.shed.pins",
        "gateway.yaml:11: upstream.a.devices.shed.pins",
    ]


def test_template_that_is_not_there_is_the_only_fault(faults_of: FaultsOf) -> None:
    text = "devices: {pi2: {token: t, template: gone, datastreams: {V1: {name: A}}}}\n"
    up = "upstream: {a: {server: nas, via: mqtt, devices: {pi2: {token: u, pins: [V1]}}}}"
    (fault,) = faults_of(text + up)
    assert "devices.pi2.template" in fault
