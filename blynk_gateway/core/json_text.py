"""JSON as peers send it: numbers stay as they were written."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeAlias

from blynk_gateway.core.value import PinValue, printable

Json: TypeAlias = Any
"""A decoded JSON text of any shape, numbers as `Literal`."""

WORDS: Final[Mapping[bool, str]] = {True: "true", False: "false"}
DIGITS: Final[Mapping[bool, str]] = {True: "1", False: "0"}

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")
"""Milliseconds since 1970 have 13 digits. `int` also takes blanks, `1_0` and other scripts."""


class Literal(str):
    """A number as it was written in JSON, so that `21.50` stays `21.50`."""

    __slots__ = ()


def decode_json(text: str) -> Json:
    """The JSON text as Python objects.

    Raises:
        ValueError: it is no JSON, has `NaN` or the like or a key twice in an object, or is nested
            too deep. The message says which, as a part of a sentence.
    """
    try:
        return _decode(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {error.pos}") from None


def scalar_text(item: Json, truths: Mapping[bool, str]) -> str | None:
    """A JSON string, number or boolean as the text that goes to a pin, else None.

    Args:
        truths: texts of booleans, `WORDS` or `DIGITS`.
    """
    if isinstance(item, bool):
        return truths[item]
    return printable(item) if isinstance(item, str) else None


def scalar_texts(item: Json, truths: Mapping[bool, str]) -> PinValue | None:
    """The texts of a JSON scalar or of an array of scalars; None for anything else."""
    items = item if isinstance(item, list) else [item]
    texts = tuple(text for one in items if (text := scalar_text(one, truths)) is not None)
    return texts if len(texts) == len(items) else None


def whole_number(item: Json) -> int | None:
    """A JSON whole number, or None."""
    if not isinstance(item, Literal) or not _WHOLE_NUMBER.fullmatch(item):
        return None
    return int(item)


def _pairs(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which is no number")


# Made once: `json.loads` with hooks makes one at each call, which takes longer than to decode.
_decode = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_int=Literal,
    parse_float=Literal,
    parse_constant=_refuse_constant,
).decode
