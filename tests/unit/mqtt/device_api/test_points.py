import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.core.change import Intent, Origin, OriginKind, PastChange, PinChange
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.past import MAX_AGE_MS, MAX_AHEAD_MS
from blynk_gateway.errors import InvalidValue
from blynk_gateway.mqtt.device_api.points import MAX_POINTS, parse_points, write_points
from tests.helpers.mqtt import Core

NOW_MS = 1_700_000_000_000
ORIGIN = Origin(OriginKind.DEVICE, "mqtt:shed")


def test_points_are_sorted_and_numbers_stay_as_written() -> None:
    payload = f'[[{NOW_MS - 1}, 21.50], [{NOW_MS - 2}, "x"], [{NOW_MS}, [30.5, 50.40]]]'.encode()
    assert parse_points(payload, NOW_MS) == [
        (NOW_MS - 2, ("x",)),
        (NOW_MS - 1, ("21.50",)),
        (NOW_MS, ("30.5", "50.40")),
    ]


def test_points_of_one_time_keep_their_order() -> None:
    payload = json.dumps([[NOW_MS, 2], [NOW_MS, 1]]).encode()
    assert [value for _, value in parse_points(payload, NOW_MS)] == [("2",), ("1",)]


@pytest.mark.parametrize(
    "document",
    [
        "",
        "x",
        "{}",
        "[]",
        "1",
        "[1]",
        "[[1]]",
        "[[1,2,3]]",
        f'[["{NOW_MS}",1]]',
        f"[[{NOW_MS}.5,1]]",
        "[[1e12,1]]",
        "[[true,1]]",
        f"[[{NOW_MS},null]]",
        f"[[{NOW_MS},{{}}]]",
        f"[[{NOW_MS},[[1]]]]",
        f"[[{NOW_MS - MAX_AGE_MS - 1},1]]",
        f"[[{NOW_MS + MAX_AHEAD_MS + 1},1]]",
        f"[[{'9' * 400},1]]",
        "[" * 5000,
        "\x00\xff",
    ],
)
def test_anything_but_recent_points_is_refused(document: str) -> None:
    with pytest.raises(InvalidValue):
        parse_points(document.encode("latin-1"), NOW_MS)


def test_a_batch_is_bounded() -> None:
    points = [[NOW_MS, 1]] * MAX_POINTS
    assert len(parse_points(json.dumps(points).encode(), NOW_MS)) == MAX_POINTS
    with pytest.raises(InvalidValue, match="at most 500"):
        parse_points(json.dumps([*points, [NOW_MS, 1]]).encode(), NOW_MS)


@given(st.binary(max_size=60) | st.from_regex(r"\[\[[0-9]{1,14},[^\]]{0,9}\]\]").map(str.encode))
def test_any_bytes_are_points_or_refused(payload: bytes) -> None:
    try:
        points = parse_points(payload, NOW_MS)
    except InvalidValue:
        return
    assert points


@pytest.fixture
def core() -> Core:
    core = Core()
    core.add("shed", Datastream("V1", "T", DatastreamType.DOUBLE, maximum=50))
    core.changes()
    return core


def test_points_have_their_times_and_the_latest_is_news(core: Core) -> None:
    write_points(core.store, "shed", "V1", [(NOW_MS - 2, ("1",)), (NOW_MS - 1, ("99",))], ORIGIN)
    changes = [one for one in core.changes() if isinstance(one, PinChange | PastChange)]
    assert [(type(one), one.value, one.at_ms, one.intent, one.origin) for one in changes] == [
        (PinChange, ("50",), NOW_MS - 1, Intent.REPORT, ORIGIN),
        (PastChange, ("1",), NOW_MS - 2, Intent.PAST, ORIGIN),
    ]


def test_a_newer_value_stays_the_current_one(core: Core) -> None:
    core.store.write("shed", "V1", ("7",), ORIGIN, Intent.REPORT, NOW_MS)
    write_points(core.store, "shed", "V1", [(NOW_MS - 1, ("1",))], ORIGIN)
    assert core.store.get("shed", "V1")[1:3] == (("7",), NOW_MS)


@pytest.mark.parametrize(
    ("pin", "bad"), [("V1", ("x",)), ("V9", ("1" * 1025,)), ("V9", ("1", "a\0b"))]
)
def test_one_bad_value_leaves_all_untouched(core: Core, pin: str, bad: tuple[str, ...]) -> None:
    with pytest.raises(InvalidValue):
        write_points(core.store, "shed", pin, [(NOW_MS - 1, ("1",)), (NOW_MS, bad)], ORIGIN)
    assert core.changes() == []
