from datetime import datetime
from pathlib import Path

import pytest

from blynk_gateway.errors import ConfigError
from blynk_gateway.runtime import timezone
from blynk_gateway.runtime.timezone import Zone

SUMMER_MS = 1_720_000_000_999
WINTER_MS = 1_705_000_000_000


def test_offsets_follow_daylight_saving() -> None:
    zone = Zone.of("Europe/Berlin")
    assert (zone.offset_minutes(SUMMER_MS), zone.offset_minutes(WINTER_MS)) == (120, 60)
    assert zone.standard_and_dst_minutes(SUMMER_MS) == (60, 60)
    assert zone.standard_and_dst_minutes(WINTER_MS) == (60, 0)


def test_local_time_is_told_as_seconds_and_iso() -> None:
    zone = Zone.of("Asia/Kathmandu")
    assert zone.local_seconds(SUMMER_MS) == 1_720_000_000 + 345 * 60
    assert zone.iso(SUMMER_MS) == "2024-07-03T15:31:40+05:45"


def test_the_rule_is_the_posix_text_of_the_zone() -> None:
    assert Zone.of("Europe/Kyiv").rule == "EET-2EEST,M3.5.0/3,M10.5.0/4"
    assert Zone.of("UTC").rule == "UTC0"


def test_next_changes_are_exact_to_the_second() -> None:
    berlin = Zone.of("Europe/Berlin")
    assert berlin.next_changes(SUMMER_MS) == [(1_729_990_800, 60), (1_743_296_400, 120)]
    assert berlin.next_changes(1_729_990_799_000)[0] == (1_729_990_800, 60)
    assert berlin.next_changes(1_729_990_800_000)[0] == (1_743_296_400, 120)


def test_a_zone_without_daylight_saving_has_no_next_change() -> None:
    assert Zone.of("Asia/Tokyo").next_changes(SUMMER_MS) == []


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "../../etc/passwd", "\0", "Europe"])
def test_an_unknown_zone_is_a_fault_of_the_configuration(name: str) -> None:
    with pytest.raises(ConfigError, match="expected a name such as"):
        Zone.of(name)


def test_the_machines_zone_is_that_of_the_environment_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", ":Asia/Tokyo")
    assert Zone.of(None).name == "Asia/Tokyo"


def test_the_machines_zone_is_the_target_of_localtime_then_the_text_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TZ", "EST5EDT-is-no-zone")
    link = tmp_path / "localtime"
    target = tmp_path / "zoneinfo" / "Europe" / "Berlin"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"")
    link.symlink_to(target)
    monkeypatch.setattr(timezone, "LOCALTIME", link)
    text = tmp_path / "timezone"
    text.write_text("Asia/Tokyo\n")
    monkeypatch.setattr(timezone, "TIMEZONE", text)
    assert Zone.of(None).name == "Europe/Berlin"
    link.unlink()
    assert Zone.of(None).name == "Asia/Tokyo"


def test_a_copied_localtime_gives_the_rules_without_a_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TZ", raising=False)
    copy = tmp_path / "localtime"
    copy.write_bytes(b"no zone file")
    monkeypatch.setattr(timezone, "LOCALTIME", copy)
    monkeypatch.setattr(timezone, "TIMEZONE", tmp_path / "none")
    assert (Zone.of(None).name, Zone.of(None).rule) == ("UTC", "UTC0")
    berlin = timezone._find_file("Europe/Berlin")
    assert berlin is not None
    copy.write_bytes(berlin.read_bytes())
    zone = Zone.of(None)
    assert zone.offset_minutes(SUMMER_MS) == 120
    assert zone.rule == "CET-1CEST,M3.5.0,M10.5.0/3"


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_the_wall_clock_is_local_time_without_a_zone() -> None:
    wall = Zone.of("Asia/Kathmandu").local(ms("2024-07-03T09:46:40.250+00:00"))
    assert wall == datetime(2024, 7, 3, 15, 31, 40, 250_000)  # noqa: DTZ001  that is the point


@pytest.mark.parametrize(
    ("name", "wall", "instant"),
    [
        ("Europe/Berlin", "2028-03-26 01:59:59.500", "2028-03-26T01:59:59.500+01:00"),
        ("Europe/Berlin", "2028-03-26 02:00", "2028-03-26T03:00+02:00"),
        ("Europe/Berlin", "2028-03-26 02:59", "2028-03-26T03:00+02:00"),
        ("Europe/Berlin", "2028-03-26 03:00", "2028-03-26T03:00+02:00"),
        ("Europe/Berlin", "2028-10-29 02:30", "2028-10-29T02:30+02:00"),
        ("Europe/Berlin", "2028-10-29 03:00", "2028-10-29T03:00+01:00"),
        ("America/New_York", "2028-03-12 02:30", "2028-03-12T03:00-04:00"),
        ("America/New_York", "2028-11-05 01:30", "2028-11-05T01:30-04:00"),
        ("Australia/Lord_Howe", "2028-10-01 02:15", "2028-10-01T02:30+11:00"),
        ("Australia/Lord_Howe", "2028-04-02 01:45", "2028-04-02T01:45+11:00"),
        # Without a midnight that day, and without the day at all.
        ("America/Havana", "2028-03-12 00:00", "2028-03-12T01:00-04:00"),
        ("Pacific/Apia", "2011-12-30 12:00", "2011-12-31T00:00+14:00"),
        ("Asia/Tokyo", "2028-02-29 12:00", "2028-02-29T12:00+09:00"),
    ],
)
def test_a_skipped_time_is_the_change_and_a_double_one_the_first(
    name: str, wall: str, instant: str
) -> None:
    assert Zone.of(name).instant(datetime.fromisoformat(wall)) == ms(instant)


def test_the_next_change_is_found_within_its_bounds() -> None:
    berlin = Zone.of("Europe/Berlin")
    change = ms("2028-03-26T01:00+00:00")
    assert berlin.find_next_change(ms("2028-01-01T00:00+00:00"), change + 5000) == change
    assert berlin.find_next_change(change - 1000, change) == change
    assert berlin.find_next_change(change - 5000, change - 1000) is None
    assert berlin.find_next_change(change, change + 90 * 86_400_000) is None
