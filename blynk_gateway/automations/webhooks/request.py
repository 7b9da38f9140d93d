"""A request, made of a webhook's options and what a run is about.

Values are escaped for the place they go to: percent-encoded in addresses and forms, as JSON in
JSON, without line breaks in headers. Secrets go in as they are.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol
from urllib.parse import quote, quote_plus

from blynk_gateway.automations.webhooks.hiding import Hiding, encoded_login
from blynk_gateway.config.webhooks.mixed import MixedText, masked
from blynk_gateway.config.webhooks.options import JsonBody, JsonWord, WebhookOptions, texts_of
from blynk_gateway.core.value import number
from blynk_gateway.formats.plain import plain_number

FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"

TOKEN = "{device_authToken}"  # noqa: S105  the placeholder

_URL_SAFE = "%/:?#[]@!$&'()*+,;=-._~"
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_ORIGIN = re.compile(r"[A-Za-z]+://([^/?#]+)")


class Fill(Protocol):
    """Fills the placeholders of a text in; every value is escaped."""

    def __call__(self, text: str, escape: Callable[[str], str]) -> str:
        """The filled text."""


class Request(NamedTuple):
    """What is sent; only `shown` and `place` are for people.

    Attributes:
        shown: method and URL, secrets by their names.
        place: host and port, or that they are secret.
        hiding: hides everything secret that went into it.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    shown: str
    place: str
    hiding: Hiding


def make_request(
    options: WebhookOptions, fill: Fill, agent: str, token: str, *, is_text: bool
) -> Request:
    """The request.

    Args:
        agent: who we are, if the headers do not say it.
        token: of the device that the run is about, which a placeholder may tell.
        is_text: the pin's datastream says that its value is no number, even if it looks like one.
    """
    login = None
    if options.auth is not None:
        login = _filled(options.auth.username, fill), _filled(options.auth.password, fill)
    hiding = Hiding(_secrets(options, token), login)
    url = _url(
        options,
        lambda text: text.filled(lambda part: fill(part, _encoded)),
        lambda text: _encoded(_filled(text, fill)),
    )
    shown = _url(
        options,
        lambda text: text.shown(lambda part: fill(part, _encoded)),
        lambda text: text.shown(lambda part: _encoded(fill(part, str))),
    )
    headers = {"User-Agent": agent, "Accept-Encoding": "identity"}
    body, content_type = _body(options, fill, is_text)
    if body is not None:
        headers["Content-Type"] = content_type
    if login is not None:
        headers["Authorization"] = f"Basic {encoded_login(login)}"
    for name, text in options.headers.items():
        for given in [one for one in headers if one.lower() == name.lower()]:
            del headers[given]
        headers[name] = _CONTROL.sub(" ", text.filled(lambda part: fill(part, _one_line))).strip()
    return Request(
        method=options.verb,
        url=quote(url, safe=_URL_SAFE),
        headers=headers,
        body=body,
        shown=f"{options.verb} {hiding.hide(masked(shown))}",
        place=place_of(options.url),
        hiding=hiding,
    )


def place_of(url: MixedText) -> str:
    """Host and port of an address for people; none if a secret may tell them."""
    first = url.parts[0] if url.parts else ""
    match = _ORIGIN.match(first) if isinstance(first, str) else None
    is_whole = match is not None and (len(url.parts) == 1 or match.end() < len(first))
    return match[1] if match is not None and is_whole else "the server"


def target_of(options: WebhookOptions) -> str:
    """Method and URL as they are written."""
    return f"{options.verb} {masked(_url(options, str, str))}"


def _url(
    options: WebhookOptions,
    address: Callable[[MixedText], str],
    field: Callable[[MixedText], str],
) -> str:
    """The URL with its query.

    Args:
        address, field: make the text of the URL itself, and of a field of the query.
    """
    url = address(options.url)
    fields = "&".join(f"{_encoded(name)}={field(text)}" for name, text in options.query.items())
    if not fields:
        return url
    return f"{url}{'&' if '?' in url else '?'}{fields}"


def _body(options: WebhookOptions, fill: Fill, is_text: bool) -> tuple[bytes | None, str]:
    """The body and its type."""
    given = next((t for n, t in options.headers.items() if n.lower() == "content-type"), None)
    content_type = options.content_type or ("" if given is None else str(given))
    if options.form is not None:
        fields = (
            f"{quote_plus(name)}={quote_plus(_filled(text, fill))}"
            for name, text in options.form.items()
        )
        return "&".join(fields).encode(), FORM_TYPE
    if options.json is not None:
        text = _json(options.json, fill, is_text)
        return text.encode("utf-8", "replace"), content_type or JSON_TYPE
    if options.body is not None:
        escape = _escape_for(content_type)
        text = options.body.filled(lambda part: fill(part, escape))
        return text.encode("utf-8", "replace"), content_type or TEXT_TYPE
    return None, ""


def _filled(text: MixedText, fill: Fill) -> str:
    return text.filled(lambda part: fill(part, str))


def _json(body: JsonBody, fill: Fill, is_text: bool) -> str:
    match body:
        case MixedText():
            return _json_text(body, fill, is_text)
        case JsonWord():
            return body.text
        case Mapping():
            pairs = (
                f"{json.dumps(name, ensure_ascii=False)}: {_json(one, fill, is_text)}"
                for name, one in body.items()
            )
            return "{" + ", ".join(pairs) + "}"
        case _:
            return "[" + ", ".join(_json(one, fill, is_text) for one in body) + "]"


def _json_text(text: MixedText, fill: Fill, is_text: bool) -> str:
    """A text; a number if it is nothing but one placeholder, whose value is a number."""
    if len(text.parts) == 1 and not text.has_secrets and not is_text:
        values: list[str] = []

        def keep(value: str) -> str:
            values.append(value)
            return ""

        rest = text.filled(lambda part: fill(part, keep))
        if len(values) == 1 and not rest:
            if _NUMBER.fullmatch(values[0]):
                return values[0]
            found = number((values[0],))
            if found is not None:
                return json.dumps(plain_number(found))
    return json.dumps(_filled(text, fill), ensure_ascii=False)


def _secrets(options: WebhookOptions, token: str) -> Iterator[str]:
    texts = [options.url, *options.headers.values(), *options.query.values()]
    texts += (options.form or {}).values()
    if options.json is not None:
        texts += texts_of(options.json)
    if options.body is not None:
        texts.append(options.body)
    if options.auth is not None:
        texts += [options.auth.username, options.auth.password]
    for text in texts:
        yield from text.secrets
        if TOKEN in str(text):
            yield token


def _escape_for(content_type: str) -> Callable[[str], str]:
    """How a value is written into a text of this type."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")):
        return lambda value: json.dumps(value, ensure_ascii=False)[1:-1]
    if kind == FORM_TYPE:
        return quote_plus
    if kind.endswith(("/xml", "+xml", "/html")):
        import html  # noqa: PLC0415  a table of 250 KB, for very few

        return html.escape
    return str


def _encoded(value: str) -> str:
    return quote(value, safe="")


def _one_line(value: str) -> str:
    return _CONTROL.sub(" ", value)
