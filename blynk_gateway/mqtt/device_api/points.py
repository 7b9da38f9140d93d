"""Points that a device kept while it was offline: `[[1648054765458, 36.6], …]`."""

from collections.abc import Sequence

from blynk_gateway.core.change import Intent, Origin
from blynk_gateway.core.json_text import Json, whole_number
from blynk_gateway.core.past import Point, is_recent, latest_first
from blynk_gateway.core.store import PinStore
from blynk_gateway.core.value import check_size
from blynk_gateway.errors import InvalidValue
from blynk_gateway.mqtt.payload import find_value, parse_json

MAX_POINTS = 500
"""Ten times what fits into the vendor's 1,024 bytes; written at once, in a few milliseconds."""

_EXPECTED = "expected [[milliseconds since 1970, value], …]"


def parse_points(payload: bytes, now_ms: int) -> list[Point]:
    """The points, oldest first.

    Raises:
        InvalidValue: no such JSON, none or too many points, or one that is older than a month or
            yet to come.
    """
    document = parse_json(payload)
    if not isinstance(document, list) or not document:
        raise InvalidValue(f"the batch is no list of points; {_EXPECTED}")
    if len(document) > MAX_POINTS:
        raise InvalidValue(f"the batch has {len(document)} points; expected at most {MAX_POINTS}")
    return sorted((_point(item, now_ms) for item in document), key=lambda point: point[0])


def write_points(
    store: PinStore, device: str, pin: str, points: Sequence[Point], origin: Origin
) -> None:
    """Add points of the past, all or none; a newer value of the pin stays the current one.

    Args:
        points: at least one, oldest first.

    Raises:
        PinError: one of the values is refused.
    """
    datastream = store.find_datastream(device, pin)
    for _, value in points:
        check_size(value)
        if datastream is not None:
            datastream.accept(value)
    for at_ms, value in latest_first(points):
        store.write(device, pin, value, origin, Intent.PAST, at_ms)


def _point(item: Json, now_ms: int) -> Point:
    match item:
        case [stamp, found] if (at_ms := whole_number(stamp)) is not None:
            value = find_value(found)
        case _:
            raise InvalidValue(f"a point of the batch is no pair; {_EXPECTED}")
    if value is None:
        raise InvalidValue("a point's value is no number, text, boolean or list of these")
    if not is_recent(at_ms, now_ms):
        raise InvalidValue(
            f"a point is of {at_ms} ms, it is {now_ms} ms now; expected at most 31 days ago and"
            " 5 minutes ahead"
        )
    return at_ms, value
