import pytest

from blynk_gateway.core.dashboards.model import DESKTOP_COLUMNS, PHONE_COLUMNS
from blynk_gateway.core.dashboards.widget_types import WIDGET_TYPES, OptionKind, PinUse


@pytest.mark.parametrize("name", WIDGET_TYPES)
def test_type_fits_both_grids_and_has_options_that_make_sense(name: str) -> None:
    kind = WIDGET_TYPES[name]
    assert 0 < kind.desktop.width <= DESKTOP_COLUMNS
    assert 0 < kind.phone.width <= PHONE_COLUMNS
    assert (kind.counts == (0, 0)) is (kind.pins is PinUse.NONE)
    names = [option.name for option in kind.options]
    assert len(names) == len(set(names))
    assert not {"type", "title", "pin", "pins", "desktop", "phone"} & set(names)
    for option in kind.options:
        assert bool(option.choices) is (option.kind is OptionKind.CHOICE)
        assert option.default is None or not option.choices or option.default in option.choices


def test_keys_of_pins_are_told_apart() -> None:
    taken = {name: (kind.takes_one, kind.takes_many) for name, kind in WIDGET_TYPES.items()}
    assert taken["switch"] == (True, False)
    assert taken["chart"] == (False, True)
    assert taken["joystick"] == (True, True)
    assert taken["header"] == (False, False)
