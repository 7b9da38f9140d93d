"""Typed options of `webhooks:`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from blynk_gateway.config.webhooks.mixed import MixedText
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.json_path import JsonPath

NONE: Mapping[str, MixedText] = MappingProxyType({})


class Method(StrEnum):
    """How a request is made."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class JsonWord:
    """A number, `true`, `false` or `null` of a JSON body, as it is written."""

    text: str


JsonBody: TypeAlias = MixedText | JsonWord | tuple["JsonBody", ...] | Mapping[str, "JsonBody"]
"""A JSON document of which texts may hold placeholders and secrets."""


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """A login in the way of HTTP itself."""

    username: MixedText
    password: MixedText


@dataclass(frozen=True, slots=True)
class ResponseOptions:
    """Where the answer goes.

    Attributes:
        pin: None for the one that the run is about.
        json: where the value stands in a JSON answer; None where the answer is the value.
        max_bytes: longest answer.
    """

    pin: PinAddress | None
    json: JsonPath | None = None
    max_bytes: int = 16_000


@dataclass(frozen=True, slots=True)
class WebhookOptions:
    """One request to another server. At most one of `form`, `json` and `body` is given.

    Attributes:
        method: None for POST with a body, else GET.
        headers, query, form: texts by name.
        content_type: of `body` or `json`; empty for what goes with it.
        min_interval_ms: the least time between two requests. What comes sooner waits; of what
            waits for one pin the last value goes out.
        timeout_ms: how long a request may take in all.
        retries: how often a request is made again that did not arrive.
    """

    name: str
    url: MixedText
    method: Method | None = None
    headers: Mapping[str, MixedText] = field(default_factory=lambda: NONE)
    query: Mapping[str, MixedText] = field(default_factory=lambda: NONE)
    form: Mapping[str, MixedText] | None = None
    json: JsonBody | None = None
    body: MixedText | None = None
    content_type: str = ""
    auth: BasicAuth | None = None
    min_interval_ms: int = 1000
    timeout_ms: int = 10_000
    retries: int = 3
    response: ResponseOptions | None = None

    @property
    def has_body(self) -> bool:
        """Whether it sends more than its address."""
        return any(one is not None for one in (self.form, self.json, self.body))

    @property
    def verb(self) -> Method:
        """The method that is used."""
        return self.method or (Method.POST if self.has_body else Method.GET)


def texts_of(body: JsonBody) -> Iterator[MixedText]:
    """Every text of a document."""
    match body:
        case MixedText():
            yield body
        case JsonWord():
            return
        case _:
            inner: Iterable[JsonBody] = body.values() if isinstance(body, Mapping) else body
            for one in inner:
                yield from texts_of(one)
