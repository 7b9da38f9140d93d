from pathlib import Path

from blynk_gateway.api.replies import to_json
from blynk_gateway.api.v1.views import change_view, device_view, pin_view, snapshot_view
from blynk_gateway.core.accounts import Scope
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import EventKind, Intent
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.mailbox import Mailbox, Overflow
from tests.helpers.http import CONFIG, TOKEN, Site


def test_device_seen_in_part_says_nothing_of_itself(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.registry.set_metadata(site.device, "Bed", "3", CONFIG)
    part = Scope(pins=frozenset({PinAddress("greenhouse", "V1")}))
    whole = device_view(site.device)
    assert whole["metadata"] == {"Bed": "3"}
    assert device_view(site.device, Scope(frozenset({"greenhouse"}))) == whole
    hidden: dict[str, object] = {"template": None, "info": {}, "metadata": {}}
    assert device_view(site.device, part) == whole | hidden


def test_a_point_of_the_past_is_no_view(tmp_path: Path) -> None:
    site = Site(tmp_path)
    mailbox = Mailbox(100, Overflow.CLOSE)
    site.store.write("greenhouse", "V0", ("now",), CONFIG, Intent.REPORT)
    site.bus.subscribe(mailbox, origin=None, echo=True)
    site.store.write("greenhouse", "V0", ("then",), CONFIG, Intent.PAST, 5)
    assert [change_view(change, site.registry) for change in mailbox.drain()] == [None]


def test_every_change_has_its_number_time_and_origin(tmp_path: Path) -> None:
    site = Site(tmp_path)
    mailbox = Mailbox(100, Overflow.CLOSE)
    site.bus.subscribe(mailbox, origin=None, echo=True)
    site.store.write("greenhouse", "V0", ("\udcff",), CONFIG, Intent.REPORT)
    site.registry.set_property(site.device, "V0", "color", ("red",), CONFIG)
    site.store.set_mode("greenhouse", "A0", DirectPin(PinMode.IN, 1000), CONFIG)
    site.registry.set_metadata(site.device, "Bed", "3", CONFIG)
    site.registry.connected(site.device, CONFIG)
    site.registry.record_event(site.device, EventKind.SYSTEM, "x", "", CONFIG)
    site.add_device("shed", "shed-token", DeviceSource.COMMAND)
    site.registry.remove("shed", CONFIG)
    views = [view for change in mailbox.drain() if (view := change_view(change, site.registry))]
    assert len(views) == 8
    first = views[0]["seq"]
    assert [view["seq"] for view in views] == list(range(first, first + 8))
    assert {(view["at_ms"], view["origin"]) for view in views} == {
        (site.clock.now_ms(), "gateway:config")
    }
    assert [views[2][name] for name in ("type", "address", "mode", "every_ms")] == [
        "mode",
        "greenhouse/A0",
        "in",
        1000,
    ]
    assert views[-1]["name"] is None
    assert b"shed-token" not in to_json(views)
    assert views[0]["value"] == ["\N{REPLACEMENT CHARACTER}"]


def test_device_view_keeps_the_token_to_itself(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.registry.told(site.device, [("ver", "\udcff")], CONFIG)
    view = device_view(site.device)
    assert TOKEN.encode() not in to_json(view)
    assert view["info"] == {"ver": "\N{REPLACEMENT CHARACTER}"}


def test_pin_shows_its_default_until_written_and_snapshots_only_what_was(tmp_path: Path) -> None:
    site = Site(tmp_path)
    state = site.store.get("greenhouse", "V1")
    assert pin_view(site.device, state)["value"] == ["0"]
    assert pin_view(site.device, state)["at_ms"] == 0
    assert snapshot_view("greenhouse", state)["value"] == []
