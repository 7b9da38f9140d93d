"""Keeps secrets out of what is shown, in whatever way they were written into a request."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from blynk_gateway.config.secret import HIDDEN

_MIN_WORD = 6
"""A shorter word of a text that is hidden is no secret itself: `Basic`, `Token`."""


class Hiding:
    """Hides some secrets.

    Args:
        secrets: texts that nobody must see.
        login: user and password, if the request has them in its head.
    """

    def __init__(self, secrets: Iterable[str], login: tuple[str, str] | None = None) -> None:
        texts = {form for secret in secrets for form in _forms(secret)}
        if login is not None:
            texts.add(encoded_login(login))
        # The longest first: one may be a part of another.
        ordered = sorted(filter(None, texts), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def hide(self, text: str) -> str:
        """The text without them."""
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)


def encoded_login(login: tuple[str, str]) -> str:
    """User and password as they stand in a header."""
    return base64.b64encode(":".join(login).encode("utf-8", "replace")).decode()


def _forms(secret: str) -> Iterator[str]:
    import html  # noqa: PLC0415  a table of 250 KB, for gateways with webhooks only

    for text in (secret, *(word for word in secret.split() if len(word) >= _MIN_WORD)):
        yield text
        yield quote(text, safe="")
        yield quote_plus(text)
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        # As PHP writes JSON, and as pages of faults do.
        yield json.dumps(text)[1:-1].replace("/", "\\/")
        yield html.escape(text)
