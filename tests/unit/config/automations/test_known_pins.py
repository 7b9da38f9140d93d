from collections.abc import Callable

from blynk_gateway.config import Options
from blynk_gateway.config.automations.known_pins import datastreams_by_address
from blynk_gateway.core.address import PinAddress

OptionsOf = Callable[[str], Options]


def test_own_datastreams_go_before_those_of_templates_and_peripherals(
    options_of: OptionsOf,
) -> None:
    streams = datastreams_by_address(
        options_of("""
gateway: {datastreams: {V1: {name: Pump}}}
devices: {a: {token: x, template: t, datastreams: {V5: {name: Own}}}}
templates: {t: {datastreams: {V5: {name: Shared}, V6: {name: Fan}}}}
gpio:
  factory: mock
  peripherals: {pump: {type: relay, line: 17, pin: V1}, tap: {type: valve, line: 22, pin: V2}}
""")
    )
    assert {str(address): stream.name for address, stream in streams.items()} == {
        "pi/V1": "Pump",
        "pi/V2": "tap",
        "a/V5": "Own",
        "a/V6": "Fan",
    }


def test_templates_that_are_not_there_have_none(options_of: OptionsOf) -> None:
    assert datastreams_by_address(Options()) == {}
    assert PinAddress("pi", "V1") not in datastreams_by_address(options_of(""))
