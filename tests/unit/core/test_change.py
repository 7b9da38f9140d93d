import pytest

from blynk_gateway.core.change import (
    Change,
    DefinitionChange,
    EventChange,
    EventKind,
    Intent,
    MetadataChange,
    Origin,
    OriginKind,
    PastChange,
    PinChange,
    PropertyChange,
    StatusChange,
    conflation_key,
)
from blynk_gateway.core.definition import DeviceDefinition

ORIGIN = Origin(OriginKind.GATEWAY, "test")

BASE: list[Change] = [
    PinChange(1, "shed", "V1", ("1",), (), ORIGIN, Intent.REPORT, 5, None, 0),
    PastChange(1, "shed", "V1", ("1",), (), ORIGIN, Intent.PAST, 5, None, 0),
    PropertyChange(1, "shed", "V1", "color", ("#fff",), ORIGIN, 5),
    MetadataChange(1, "shed", "owner", "me", ORIGIN, 5),
    StatusChange(1, "shed", True, (), ORIGIN, 5),
    DefinitionChange(1, "shed", DeviceDefinition("shed", "Shed", "token"), ORIGIN, 5),
    DefinitionChange(1, "shed", None, ORIGIN, 5),
    EventChange(1, "shed", EventKind.LOGGED, "fire", "hot", ORIGIN, 5),
]


@pytest.mark.parametrize("change", BASE)
def test_a_later_change_of_the_same_thing_replaces_the_earlier(change: Change) -> None:
    later = change._replace(seq=2, at_ms=6, origin=Origin(OriginKind.API, "x"))
    assert conflation_key(later) == conflation_key(change)


def test_changes_of_different_things_never_replace_each_other() -> None:
    others: list[Change] = [
        PinChange(1, "shed", "V2", ("1",), (), ORIGIN, Intent.REPORT, 5, None, 0),
        PastChange(1, "shed", "V2", ("1",), (), ORIGIN, Intent.PAST, 5, None, 0),
        PropertyChange(1, "shed", "V1", "label", ("x",), ORIGIN, 5),
        PropertyChange(1, "shed", "V2", "color", ("x",), ORIGIN, 5),
        MetadataChange(1, "shed", "room", "x", ORIGIN, 5),
        EventChange(1, "shed", EventKind.LOGGED, "flood", "wet", ORIGIN, 5),
    ]
    elsewhere = [change._replace(device="attic") for change in (*BASE, *others)]
    everything = [*BASE, *others, *elsewhere]
    assert len({conflation_key(change) for change in everything}) == len(everything)


def test_a_point_of_the_past_has_the_columns_of_a_change_and_is_none() -> None:
    assert PastChange._fields == PinChange._fields
    assert not issubclass(PastChange, PinChange)


def test_origin_is_written_as_kind_and_id() -> None:
    assert str(Origin(OriginKind.DEVICE, "7")) == "device:7"
    assert str(Origin(OriginKind.RESTORE)) == "restore"
