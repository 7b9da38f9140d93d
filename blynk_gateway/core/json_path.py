"""What stands at a place in a JSON document."""

from collections.abc import Mapping
from typing import TypeAlias

from blynk_gateway.core.json_text import Json, scalar_text
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import InvalidValue

JsonPath: TypeAlias = tuple[str | int, ...]
"""Keys of objects and indexes of lists, from the outside in; empty for the whole document."""


def item_at(document: Json, path: JsonPath) -> Json:
    """What stands at the path; None if nothing does.

    Raises:
        InvalidValue: something on the way is no object or no list.
    """
    item = document
    for key in path:
        if item is None:
            return None
        if isinstance(key, str):
            if not isinstance(item, dict):
                raise _wrong(path, f"no object around {key!r}")
            item = item.get(key)
        else:
            if not isinstance(item, list):
                raise _wrong(path, f"no list around [{key}]")
            item = item[key] if key < len(item) else None
    return item


def texts_at(document: Json, path: JsonPath, truths: Mapping[bool, str]) -> PinValue | None:
    """The scalar, or the scalars of the list, at the path; None if there is nothing.

    Args:
        truths: texts of booleans, `WORDS` or `DIGITS`.

    Raises:
        InvalidValue: something else stands there or on the way.
    """
    item = item_at(document, path)
    if item is None:
        return None
    items = item if isinstance(item, list) else [item]
    return tuple(_scalar(one, truths, path) for one in items) or None


def _scalar(item: Json, truths: Mapping[bool, str], path: JsonPath) -> str:
    text = scalar_text(item, truths)
    if text is None:
        raise _wrong(path, "null" if item is None else "an object or a list")
    return text


def _wrong(path: JsonPath, found: str) -> InvalidValue:
    place = ".".join(map(str, path))
    return InvalidValue(f"the payload has {found} at {place[:80]!r}; expected a number or text")
