"""The section `webhooks`: what it takes."""

import re
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

import yaml

from blynk_gateway.config.credentials import PASSWORD, SecretFile
from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Key, MapOf, OrNull, Scalar, Section
from blynk_gateway.config.likely import likely_word
from blynk_gateway.config.mqtt.json_path import JSON_PATH
from blynk_gateway.config.scalars import PIN_ADDRESS, SLUG, duration, text_of, whole_number
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.webhooks.json_body import MAX_BODY, JsonBodyKind
from blynk_gateway.config.webhooks.mixed import MixedText, NamedSecret, is_sensitive, masked
from blynk_gateway.config.webhooks.options import (
    BasicAuth,
    Method,
    ResponseOptions,
    WebhookOptions,
)
from blynk_gateway.config.webhooks.texts import (
    MixedTextKind,
    MixedTexts,
    is_bare,
)
from blynk_gateway.core.address import PinAddress

MAX_WEBHOOKS = 1000
MAX_FIELDS = 100
"""Headers, and fields of a query or form."""

MAX_URL = 4096
MAX_HEADER = 4096
"""The vendor's cloud takes URLs of 1024; servers take lines of 8190 at most."""

MAX_INTERVAL_MS = 86_400_000
MIN_TIMEOUT_MS = 1000
MAX_TIMEOUT_MS = 60_000
MAX_RETRIES = 10
MIN_RESPONSE_BYTES = 1000
MAX_RESPONSE_BYTES = 1_000_000

SAME = "same"
"""The pin that the run is about."""

_UNITS_BYTES = {"": 1, "B": 1, "KB": 1000, "MB": 1_000_000}
_BYTES = re.compile(r"(\d{1,7})(B|KB|MB|)", re.ASCII)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", re.ASCII)
_OWN_HEADERS = frozenset({"connection", "content-length", "host", "transfer-encoding", "upgrade"})
_CONTENT_TYPE = re.compile(r"[!-.0-:<-~]{1,100}/[!-.0-:<-~]{1,100}(?: ?; ?[ -~]{1,100})?", re.ASCII)
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|/pin(?:\[\d\])?/|%s|/datetime_iso/|(?i:device_owner_email)")
_MARK = "\0"
_ORIGIN = re.compile(r"[^/?#]*//[^/?#]*")


@dataclass(frozen=True, slots=True)
class _Url(MixedTextKind):
    """An address with its scheme; placeholders only behind the host."""

    def read(self, node: yaml.Node, key: str, scope: Scope) -> MixedText:
        text = MixedTextKind.read(self, node, key, scope)

        def refuse(what: str) -> NoReturn:
            # Not repeated: many services take their token in it.
            scope.reject(node, key, f"found {what} the address, expected {_URL_EXPECTED}")

        if _MARK in _origin_of(text):
            refuse("a placeholder in the host of")
        whole = text.filled(str)
        parts, has_good_port = _split(whole)
        if parts is not None and "@" in parts.netloc:
            scope.reject(node, key, "found a login in the address, expected it below `auth`")
        if parts is None or parts.scheme.lower() not in ("http", "https"):
            refuse("no http:// or https:// at the beginning of")
        if not parts.hostname or not parts.hostname.isascii() or not has_good_port:
            refuse("no host name, or a wrong port, in")
        if any(character.isspace() for character in whole):
            refuse("a blank in")
        return text

    def flow(self, value: MixedText) -> str:
        """As it is written, but for what should be a secret."""
        return quoted(masked(str(value)))


_URL_EXPECTED = 'a URL such as "https://example.org/led?to={value}"'


def _origin_of(text: MixedText) -> str:
    """Scheme, host and port, marked where a placeholder is; holds secrets.

    `/pin/` takes its slashes with it: behind the host its value would become a part of that.
    """
    match = _ORIGIN.match(text.filled(lambda part: _PLACEHOLDER.sub(_MARK, part)))
    return match[0] if match else ""


def _split(url: str) -> tuple[SplitResult | None, bool]:
    """The parts of a URL, and whether its port is one."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None, False
    try:
        has_good_port = parts.port is None or parts.port > 0
    except ValueError:
        has_good_port = False
    return parts, has_good_port


def _parse_header_name(text: str) -> str:
    if not _HEADER_NAME.fullmatch(text) or text.lower() in _OWN_HEADERS:
        raise ValueError(text)
    return text


def _parse_content_type(text: str) -> str:
    if text and not _CONTENT_TYPE.fullmatch(text):
        raise ValueError(text)
    return text


def _parse_response_pin(text: str) -> PinAddress | None:
    return None if text.lower() == SAME else PIN_ADDRESS.parse(text)


def _parse_bytes(text: str) -> int:
    match = _BYTES.fullmatch(text)
    size = int(match[1]) * _UNITS_BYTES[match[2]] if match else 0
    if not MIN_RESPONSE_BYTES <= size <= MAX_RESPONSE_BYTES:
        raise ValueError(text)
    return size


def _format_bytes(size: int) -> str:
    return f"{size}B" if size % _UNITS_BYTES["KB"] else f"{size // _UNITS_BYTES['KB']}KB"


def _make_auth(username: MixedText, password: MixedText | Secret) -> BasicAuth:
    if isinstance(password, Secret):
        return BasicAuth(username, MixedText((NamedSecret("", password),), is_private=True))
    return BasicAuth(username, MixedText(password.parts, is_bare(password)))


def _check(webhook: WebhookOptions, key: str, scope: Scope) -> WebhookOptions:
    given = [name for name in ("form", "json", "body") if getattr(webhook, name) is not None]
    for name in given[1:]:
        text = f"found beside {given[0]}, expected only one of form, json and body"
        scope.fault_at(f"{key}.{name}", text)
    if given and webhook.method in (Method.GET, Method.DELETE):
        text = f"found a body with {webhook.method}, which many servers leave unread"
        scope.warn_at(f"{key}.method", f"{text}; expected POST, PUT or PATCH, or `query`")
    if webhook.content_type and (webhook.form is not None or not given):
        text = "found it without json or body, expected it with one of them"
        scope.fault_at(f"{key}.content_type", text)
    _check_headers(webhook, key, scope)
    return webhook


def _check_headers(webhook: WebhookOptions, key: str, scope: Scope) -> None:
    names: set[str] = set()
    for name in webhook.headers:
        path = f"{key}.headers.{name}"
        if name.lower() in names:
            scope.fault_at(path, "found a second time, expected once; its case does not matter")
        names.add(name.lower())
        if name.lower() == "authorization" and webhook.auth is not None:
            scope.fault_at(path, "found beside auth, expected only one of the two")
        if name.lower() == "content-type" and webhook.content_type:
            scope.fault_at(path, "found beside content_type, expected only one of the two")


_LINE = MixedTextKind("a text", MAX_HEADER)
_BODY = MixedTextKind("a text", MAX_BODY, may_have_lines=True)
_FIELDS = MixedTexts(text_of("a name"), _BODY, MAX_FIELDS, is_sensitive)
_HEADERS = MixedTexts(
    Scalar(
        _parse_header_name,
        f"the name of a header, but none that is made here: {', '.join(sorted(_OWN_HEADERS))}",
        quoted,
    ),
    _LINE,
    MAX_FIELDS,
    is_sensitive,
)
_METHOD = Scalar(
    lambda text: Method(text.upper()),
    f"one of {', '.join(Method)}",
    str,
    tuple(Method),
    likely_word,
)
_AUTH = Section(
    _make_auth,
    (
        Key("username", _LINE),
        Key("password", _LINE),
        Key("password_file", SecretFile(PASSWORD), "password"),
    ),
    required=("username", "password"),
)
_RESPONSE = Section(
    ResponseOptions,
    (
        Key(
            "pin",
            Scalar(
                _parse_response_pin,
                f"a pin address such as greenhouse/V5, or {SAME}",
                lambda pin: SAME if pin is None else str(pin),
                (SAME,),
            ),
        ),
        Key("json", OrNull(JSON_PATH)),
        Key("limit", Scalar(_parse_bytes, "a size from 1KB to 1MB", _format_bytes), "max_bytes"),
    ),
    required=("pin",),
)
_WEBHOOK = Section(
    WebhookOptions,
    (
        Key("url", _Url("a URL", MAX_URL, may_be_empty=False)),
        Key("method", OrNull(_METHOD)),
        Key("headers", _HEADERS),
        Key("query", _FIELDS),
        Key("form", OrNull(_FIELDS)),
        Key("json", OrNull(JsonBodyKind(_BODY))),
        Key("body", OrNull(_BODY)),
        Key("content_type", Scalar(_parse_content_type, "a type such as text/plain", quoted)),
        Key("auth", OrNull(_AUTH)),
        Key("min_interval", duration(0, MAX_INTERVAL_MS), "min_interval_ms"),
        Key("timeout", duration(MIN_TIMEOUT_MS, MAX_TIMEOUT_MS), "timeout_ms"),
        Key("retries", whole_number(0, MAX_RETRIES)),
        Key("response", OrNull(_RESPONSE)),
    ),
    required=("url",),
    finish=_check,
)

WEBHOOKS = MapOf(SLUG, ("name",), _WEBHOOK, MAX_WEBHOOKS)
