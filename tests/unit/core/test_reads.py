"""Reading for others: a direct pin without a value is asked, everything else is not."""

from pathlib import Path

import pytest

from blynk_gateway.core.change import Intent
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.reads import PinReads
from blynk_gateway.errors import UnknownPin
from tests.helpers.http import CONFIG, Site


@pytest.fixture
async def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.registry.add(
        DeviceDefinition(
            "pi", "Pi", "own", DeviceSource.GATEWAY, open_pins=frozenset({"D17", "D22"})
        ),
        CONFIG,
    )
    return site


@pytest.fixture
def reads(site: Site) -> PinReads:
    return PinReads(site.registry, site.store, site.gpio)


async def test_pin_that_is_asked_has_its_value_then(site: Site, reads: PinReads) -> None:
    site.gpio.on_pins["pi", "D17"] = ("1",)
    await reads.ask("pi", "D17")
    assert site.store.get("pi", "D17").value == ("1",)


async def test_a_line_in_use_and_a_virtual_pin_are_not_asked(site: Site, reads: PinReads) -> None:
    site.store.set_mode("pi", "D17", DirectPin(PinMode.IN), CONFIG)
    site.store.write("pi", "D17", ("0",), CONFIG, Intent.REPORT)
    await reads.ask_all("pi", ["D17", "V1"])
    assert site.gpio.asked == []


async def test_a_line_that_nothing_uses_is_asked_each_time(site: Site, reads: PinReads) -> None:
    site.store.write("pi", "D17", ("0",), CONFIG, Intent.REPORT)
    await reads.ask("pi", "D17")
    assert site.gpio.asked == [("pi", "D17")]


@pytest.mark.parametrize(
    ("direct", "is_asked"),
    [
        (None, False),
        (DirectPin(PinMode.OUT), False),
        (DirectPin(PinMode.IN), True),
        (DirectPin(PinMode.PULL_UP), True),
        (DirectPin(PinMode.IN, 1000), False),
    ],
)
async def test_an_input_of_a_device_is_asked_unless_it_is_asked_anyway(
    site: Site, reads: PinReads, direct: DirectPin | None, is_asked: bool
) -> None:
    site.store.write("greenhouse", "D8", ("0",), CONFIG, Intent.REPORT)
    if direct is not None:
        site.store.set_mode("greenhouse", "D8", direct, CONFIG)
    await reads.ask("greenhouse", "D8")
    assert site.gpio.asked == [("greenhouse", "D8")] * is_asked


async def test_pin_that_may_not_be_read_is_told_or_passed_over(site: Site, reads: PinReads) -> None:
    site.gpio.on_pins["pi", "D17"] = ("1",)
    with pytest.raises(UnknownPin, match="pi/D4 is not open"):
        await reads.ask("pi", "D4")
    await reads.ask_all("pi", ["D4", "D17", "D17"])
    assert site.store.find("pi", "D4") is None
    assert site.store.get("pi", "D17").value == ("1",)
    assert site.gpio.asked == [("pi", "D4"), ("pi", "D4"), ("pi", "D17")]


async def test_nobody_waits_for_ever_for_a_pin_that_says_nothing(
    site: Site, reads: PinReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.core.reads.READ_WITHIN_S", 0.01)
    site.gpio.is_silent = True
    await reads.ask("pi", "D17")
    await reads.ask_all("pi", ["D17", "A0"])
    assert site.gpio.asked == [("pi", "D17"), ("pi", "D17")]
    assert site.store.find("pi", "D17") is None
