"""Fields of JSON bodies: checked on the way in, described in the OpenAPI document."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple

from aiohttp import web

from blynk_gateway.api.bodies import (
    MAX_VALUE_BODY_BYTES,
    json_value,
    only_field,
    parse_json,
    parse_query,
    read_body,
)
from blynk_gateway.api.faults import RequestError, WrongContentType
from blynk_gateway.core.json_text import Json, Literal, whole_number
from blynk_gateway.core.value import number, printable


class Kind(Enum):
    """Type of a field."""

    TEXT = "text"
    NUMBER = "number"
    VALUE = "value"
    FLAG = "flag"
    TEXTS = "texts"
    LIST = "list"


_TEXT_SCHEMA = {"type": "string"}
_NUMBER_SCHEMA = {"type": "number"}

JSON_SCHEMAS: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: _TEXT_SCHEMA,
    Kind.NUMBER: _NUMBER_SCHEMA,
    Kind.VALUE: {
        "oneOf": [
            {"type": "array", "items": _TEXT_SCHEMA},
            _TEXT_SCHEMA,
            _NUMBER_SCHEMA,
            {"type": "boolean"},
        ]
    },
    Kind.FLAG: {"type": "boolean"},
    Kind.TEXTS: {"type": "array", "items": _TEXT_SCHEMA},
    Kind.LIST: {"type": "array"},
}


class Field(NamedTuple):
    """One field of a body or query.

    Attributes:
        limits: what else the document says of it, in the words of JSON Schema; handlers check it.
        is_nullable: whether JSON's null will do too; the field is then None.
    """

    kind: Kind
    description: str
    is_required: bool = True
    limits: Mapping[str, Any] = MappingProxyType({})
    is_nullable: bool = False

    def schema(self) -> dict[str, Any]:
        """The field in the OpenAPI document."""
        nullable = {"nullable": True} if self.is_nullable else {}
        return {**JSON_SCHEMAS[self.kind], **self.limits, **nullable}


async def read_object(request: web.Request, fields: Mapping[str, Field]) -> dict[str, Any]:
    """The body as checked fields: `str`, `float`, `PinValue`, `bool` or `tuple[str, ...]` by kind.

    A field is None where null was sent and will do. Where no field is required no body is needed.

    Raises:
        WrongContentType: not declared as JSON.
        RequestError: no JSON object, an unknown or missing field, or one of another type.
    """
    if not request.body_exists and not any(field.is_required for field in fields.values()):
        return {}
    return checked_object(parse_json(await read_json_body(request, MAX_VALUE_BODY_BYTES)), fields)


async def read_json_body(request: web.Request, limit: int) -> bytes:
    """The bytes of a body that is declared as JSON.

    Raises:
        WrongContentType: it is not.
        TooLarge, TooSlow: as `read_body` has them.
    """
    if request.content_type != "application/json":
        raise WrongContentType(f"the body is {request.content_type}; expected application/json")
    return await read_body(request, limit)


def checked_object(document: Json, fields: Mapping[str, Field]) -> dict[str, Any]:
    """A parsed body as `read_object` gives it.

    Raises:
        RequestError: as there.
    """
    if not isinstance(document, dict):
        raise RequestError("the body is no JSON object; expected one")
    for name in document:
        if name not in fields:
            known = ", ".join(fields)
            raise RequestError(f"body.{printable(name)[:40]}: unknown field; expected {known}")
    for name, field in fields.items():
        if field.is_required and name not in document:
            raise RequestError(f"body.{name}: missing; expected {field.description}")
    return {name: _checked(name, fields[name], found) for name, found in document.items()}


def query_number(request: web.Request, name: str, default: int, limits: range) -> int:
    """A whole number of the query.

    Raises:
        RequestError: it is none, or not within the limits.
    """
    found = only_field(parse_query(request), name)
    if not found:
        return default
    given = whole_number(Literal(found))
    if given is None or given not in limits:
        raise RequestError(
            f"{name}: expected a whole number from {limits[0]} to {limits[-1]},"
            f" found {found[:40]!r}"
        )
    return given


def _checked(name: str, field: Field, found: object) -> object:
    if found is None and field.is_nullable:
        return None
    checked: object = None
    match field.kind:
        case Kind.TEXT:
            checked = _text(found)
        case Kind.NUMBER:
            checked = number((found,)) if isinstance(found, Literal) else None
        case Kind.VALUE:
            checked = json_value(found)
        case Kind.FLAG:
            checked = found if isinstance(found, bool) else None
        case Kind.TEXTS:
            texts = [_text(one) for one in found] if isinstance(found, list) else [None]
            checked = None if None in texts else tuple(texts)
        case Kind.LIST:
            checked = found if isinstance(found, list) else None
    if checked is None:
        raise RequestError(f"body.{name}: wrong type; expected {field.description}")
    return checked


def _text(found: object) -> str | None:
    is_text = isinstance(found, str) and not isinstance(found, Literal)
    return printable(found) if is_text and isinstance(found, str) else None
