from itertools import combinations

from blynk_gateway.config.dashboards.documents import read_yaml, to_yaml
from blynk_gateway.core.dashboards.placing import placed
from blynk_gateway.demo.dashboards import HOME
from blynk_gateway.demo.home import demo_options, new_home


def test_it_would_do_in_a_configuration_file() -> None:
    assert read_yaml(HOME.slug, to_yaml(HOME, HOME.slug)) == HOME


def test_every_widget_has_a_place_of_its_own() -> None:
    assert placed(HOME) == HOME
    for page in HOME.pages:
        for one, other in combinations(page.widgets, 2):
            assert one.desktop is not None
            assert other.desktop is not None
            assert not one.desktop.overlaps(other.desktop)
            assert one.phone is not None
            assert other.phone is not None
            assert not one.phone.overlaps(other.phone)


def test_it_shows_pins_that_there_are() -> None:
    options = demo_options(new_home())
    assert options.dashboards == {"home": HOME}
    known = {
        f"{device.slug}/{pin}"
        for device in options.devices.values()
        for pin in options.datastreams_of(device)
    }
    known |= {f"pi/{one.pin}" for one in options.gpio.peripherals.values()}
    known |= {f"pi/D{line}" for line in (5, 6, 13)}
    assert {str(pin) for pin in HOME.pins()} <= known
    assert HOME.devices() == {"pi", *options.devices}
