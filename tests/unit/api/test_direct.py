"""A refused command to a direct pin: the dialect's words, then the reason."""

from pathlib import Path

import pytest

from blynk_gateway.api.direct import Words, check_direct
from blynk_gateway.api.faults import Refusal
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.errors import UnknownDevice
from tests.helpers.http import Site

WORDS = Words(pin="No such pin.", value="No such value.")


@pytest.fixture
async def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.store.define("pi", {}, {"D6": DirectPin(PinMode.IN)}, frozenset({"D5", "D6"}))
    return site


@pytest.mark.parametrize(
    ("pin", "value", "text"),
    [
        ("D4", "1", "No such pin. pi/D4 is not open to direct control; expected one of: D5, D6"),
        ("D6", "1", "No such value. pi/D6 is an input (mode in); expected an output"),
        (
            "D5",
            "128",
            "No such value. pi/D5 was given '128';"
            " expected 0 or 1, for other values set its mode to pwm",
        ),
    ],
)
async def test_refusal_tells_why(site: Site, pin: str, value: str, text: str) -> None:
    with pytest.raises(Refusal) as refusal:
        check_direct(site.store, "pi", {"V0": ("1",), pin: (value,)}, WORDS)
    assert (str(refusal.value), refusal.value.status) == (text, 400)


async def test_good_commands_and_virtual_pins_pass(site: Site) -> None:
    check_direct(site.store, "pi", {"D5": ("1",)}, WORDS)
    check_direct(site.store, "greenhouse", {"V1": ("warm",), "D4": ("1",)}, WORDS)
    with pytest.raises(UnknownDevice):
        check_direct(site.store, "none", {"D5": ("1",)}, WORDS)
