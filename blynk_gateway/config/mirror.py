"""The section `history.mirror`: a copy of everything in a time-series engine elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

import yaml

from blynk_gateway.config.credentials import PASSWORD, SecretFile, SecretText
from blynk_gateway.config.fault import found, quoted
from blynk_gateway.config.kinds import Key, Kind, OrNull, Section
from blynk_gateway.config.options import DAY_MS, MirrorOptions
from blynk_gateway.config.scalars import duration
from blynk_gateway.config.scope import Scope

MAX_URL_LENGTH = 1024

MIN_KEEP_MS = 3_600_000
MAX_KEEP_MS = 365 * DAY_MS
"""Points that wait lie in the journal, which takes twice as much room as the archive."""

URL_EXPECTED = 'a URL such as "postgresql://blynk@nas/blynk" or "http://nas:8086/write?db=blynk"'

_POSTGRES = ("postgresql", "postgres")
_HTTP = ("http", "https")

_SECRET_PARAMETERS = frozenset({"p", "pass", "password", "sslpassword", "token"})


@dataclass(frozen=True, slots=True)
class MirrorUrl(Kind[str]):
    """Where to copy to, without secrets: it is shown and logged."""

    def read(self, node: yaml.Node, key: str, scope: Scope) -> str:
        """The URL as it is written."""
        text = scope.text_of(node, key, URL_EXPECTED)
        for fault in _faults(text):
            scope.reject(node, key, fault)
        return text

    def flow(self, value: str) -> str:
        """In quotes."""
        return quoted(value)


def _faults(text: str) -> Iterator[str]:
    """What is wrong with a URL; nothing is repeated that may be a secret."""
    if len(text) > MAX_URL_LENGTH or not text.isascii() or not text.isprintable() or " " in text:
        yield f"found {len(text)} characters that are no URL, expected {URL_EXPECTED}"
        return
    try:
        parts = urlsplit(text)
        has_port = parts.port != 0
        secrets = _SECRET_PARAMETERS & {name.lower() for name, _ in parse_qsl(parts.query)}
    except ValueError:
        yield f"found no valid host and port, expected {URL_EXPECTED}"
        return
    if parts.scheme not in (*_POSTGRES, *_HTTP):
        what = f"the scheme {found(parts.scheme)}" if parts.scheme else "no scheme"
        yield f"found {what}, expected {URL_EXPECTED}"
    elif parts.password is not None:
        yield "found a password in the URL, expected it in `password_file` or `password`"
    elif secrets:
        what = quoted(min(secrets))
        yield f"found {what} in the URL, expected it in `password_file` or `token_file`"
    elif not has_port:
        yield f"found port 0, expected {URL_EXPECTED}"
    elif parts.scheme in _HTTP:
        yield from _http_faults(parts)


def _http_faults(parts: SplitResult) -> Iterator[str]:
    if not parts.hostname:
        yield f"found no host, expected {URL_EXPECTED}"
    elif parts.path in ("", "/"):
        yield (
            "found no path, expected the one that takes points: /write?db=… of InfluxDB 1,"
            " /api/v2/write?org=…&bucket=… of InfluxDB 2"
        )
    elif parts.fragment:
        yield "found a #, expected none in a URL that is posted to"
    elif dict(parse_qsl(parts.query)).get("precision", "ns") not in ("ns", "n"):
        yield "found another precision than ns, expected none: times are sent in nanoseconds"


def _finish(options: MirrorOptions, key: str, scope: Scope) -> MirrorOptions:
    user = urlsplit(options.url).username
    if options.is_postgres:
        if options.token is not None:
            text = "found a token, expected a password: PostgreSQL knows no tokens"
            scope.fault_at(f"{key}.token", text)
    elif options.token is not None and (options.password is not None or user):
        scope.fault_at(f"{key}.token", "found beside a user or password, expected only one of them")
    elif (options.password is None) != (not user) and not scope.is_faulty(f"{key}.password"):
        has, lacks = ("user", "password") if user else ("password", "user in the URL")
        scope.fault_at(f"{key}.password", f"found a {has} and no {lacks}, expected both or none")
    return options


MIRROR = OrNull(
    Section(
        MirrorOptions,
        (
            Key("url", MirrorUrl()),
            Key("password", OrNull(SecretText(PASSWORD))),
            Key("password_file", SecretFile(PASSWORD), "password"),
            Key("token", OrNull(SecretText(PASSWORD))),
            Key("token_file", SecretFile(PASSWORD), "token"),
            Key("keep", duration(MIN_KEEP_MS, MAX_KEEP_MS), "keep_ms"),
        ),
        required=("url",),
        finish=_finish,
    )
)
