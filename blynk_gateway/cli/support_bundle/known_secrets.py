"""Every secret that this machine's gateway has, so that each can be looked for in what goes out."""

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import fields, is_dataclass
from pathlib import Path

from blynk_gateway.config.secret import Secret
from blynk_gateway.config.webhooks.mixed import MixedText
from blynk_gateway.config.webhooks.options import WebhookOptions
from blynk_gateway.history.file.known_devices import DATABASE, read_only_uri

BUSY_TIMEOUT_S = 2.0

_ORIGIN = re.compile(r"^[^/]*//[^/?#]*")
_BETWEEN = re.compile(r"[/?&=#]|\{[^}]*\}")
_LEAST_WORD = 10
"""Shorter ones are `services`, `webhook`, `id`."""


def secrets_of(options: object) -> Iterator[str]:
    """Those anywhere in the options of a configuration. Never log, print or store them."""
    if isinstance(options, Secret):
        yield options.reveal()
    elif isinstance(options, MixedText):
        yield from options.secrets
    elif isinstance(options, Mapping):
        for value in options.values():
            yield from secrets_of(value)
    elif is_dataclass(options) and not isinstance(options, type):
        for field in fields(options):
            yield from secrets_of(getattr(options, field.name))
    elif isinstance(options, list | tuple | set | frozenset):
        for value in options:
            yield from secrets_of(value)


def private_texts_of(webhooks: Mapping[str, WebhookOptions]) -> Iterator[str]:
    """What of webhooks may be a secret, though the file does not say so.

    Many services have it in the path of their address. Never log, print or store it.
    """
    for webhook in webhooks.values():
        path = _ORIGIN.sub("", webhook.url.filled(str))
        yield from (word for word in (path, *_BETWEEN.split(path)) if len(word) >= _LEAST_WORD)
        for text in webhook.headers.values():
            yield from (
                part for part in text.parts if isinstance(part, str) and len(part) >= _LEAST_WORD
            )


def tokens_of(data_dir: Path) -> frozenset[str]:
    """Auth tokens of the gateway and of devices that commands added; all else is kept as digests.

    Raises:
        OSError, sqlite3.Error: the database cannot be read.
    """
    path = data_dir / DATABASE
    if not path.exists():
        return frozenset()
    with closing(
        sqlite3.connect(read_only_uri(path), uri=True, timeout=BUSY_TIMEOUT_S)
    ) as connection:
        own = connection.execute("SELECT value FROM setting WHERE name = 'gateway_token'")
        tokens = {str(token) for (token,) in own}
        for (definition,) in connection.execute("SELECT definition FROM device"):
            tokens.add(str(json.loads(definition)["token"]))
    return frozenset(tokens)
