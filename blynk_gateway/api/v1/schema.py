"""Fields of JSON bodies: checked on the way in, described in the OpenAPI document."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple

from aiohttp import web

from blynk_gateway.api.bodies import MAX_VALUE_BODY_BYTES, json_value, parse_json, read_body
from blynk_gateway.api.faults import RequestError, WrongContentType
from blynk_gateway.core.json_text import Literal
from blynk_gateway.core.value import number, printable


class Kind(Enum):
    """Type of a field."""

    TEXT = "text"
    NUMBER = "number"
    VALUE = "value"


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
    """The body as checked fields: `str`, `float` or `PinValue` by kind, None where null will do.

    Raises:
        WrongContentType: not declared as JSON.
        RequestError: no JSON object, an unknown or missing field, or one of another type.
    """
    if request.content_type != "application/json":
        raise WrongContentType(f"the body is {request.content_type}; expected application/json")
    document = parse_json(await read_body(request, MAX_VALUE_BODY_BYTES))
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


def _checked(name: str, field: Field, found: object) -> object:
    if found is None and field.is_nullable:
        return None
    checked: object = None
    match field.kind:
        case Kind.TEXT:
            is_text = isinstance(found, str) and not isinstance(found, Literal)
            checked = printable(found) if is_text and isinstance(found, str) else None
        case Kind.NUMBER:
            checked = number((found,)) if isinstance(found, Literal) else None
        case Kind.VALUE:
            checked = json_value(found)
    if checked is None:
        raise RequestError(f"body.{name}: wrong type; expected {field.description}")
    return checked
