from pathlib import Path

from blynk_gateway.api.v1.pins import all_pins, find_pin
from blynk_gateway.core.change import Intent
from tests.helpers.http import CONFIG, Site


def test_pin_with_properties_alone_is_known_without_a_value(tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert find_pin(site.device, site.store, "V200") is None
    site.registry.set_property(site.device, "V200", "url", ("http://cam/1",), CONFIG)
    found = find_pin(site.device, site.store, "V200")
    assert found is not None
    assert (found.pin, found.shown, found.at_ms, found.datastream) == ("V200", (), 0, None)
    assert find_pin(site.device, site.store, "V20") is None


def test_all_pins_are_in_natural_order_and_none_comes_twice(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.store.write("greenhouse", "D2", ("1",), CONFIG, Intent.REPORT)
    for pin in ("D2", "V1", "V100"):
        site.registry.set_property(site.device, pin, "label", ("x",), CONFIG)
    pins = [state.pin for state in all_pins(site.device, site.store)]
    assert pins == ["V1", "V2", "V3", "V4", "V5", "V6", "V7", "V100", "D2"]
