"""Takes out of a text what nobody else is to see. Three nets, each for what slips through others.

1. Every secret that the configuration and the database hold, in each form it may be written in.
2. What looks like a secret: long random words, what follows `password=`, logins in URLs, links that
   make the first user.
3. What tells who somebody is: public and hardware addresses, mail addresses.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable
from itertools import pairwise

from blynk_gateway.automations.webhooks.hiding import Hiding
from blynk_gateway.config.secret import HIDDEN

LEAST_SECRET = 4
"""Characters. A shorter one stands in many words, and would make the rest unreadable."""

_LONG_WORD = 24
"""Our own tokens have 32 characters; keys of most services have no fewer than this."""

_SWITCHES = 8
"""Between capitals, small letters and digits: a token of 32 has some 15, a name with a date 4."""

_WORD = re.compile(rf"[A-Za-z0-9_-]{{{LEAST_SECRET},}}")

_VALUE = (
    # To its closing quote, which has a backslash in a text within a text; or one word.
    r"\\*[\"']?\s*[:=]\s*(?P<quote>\\*[\"'])?)(?:(?:Bearer|Basic|Token)\s+)?"
    r"(?P<text>(?(quote)(?:(?!(?P=quote))(?:\\.|[^\n]))+|[^\s\"',;&}]+))"
)
_NAMED = re.compile(
    r"(?P<name>(?:authorization|cookie|passw(?:or)?d|passphrase|psk|secret|api[-_]?key|access[-_]?key"
    rf"|auth[-_]?token|token){_VALUE}",
    re.IGNORECASE,
)
_USER = re.compile(rf"(?P<name>(?<![\w-])user(?:name)?{_VALUE}")
"""Who logs in, and what else was typed there. With a capital it is systemd's user of the Pi."""

_BEARER = re.compile(r"\b(?P<name>(?:Bearer|Basic)\s+)(?P<text>[A-Za-z0-9._~+/=-]{8,})")
_LOGIN = re.compile(r"(?P<name>[a-z][a-z0-9+.-]{0,30}://)(?P<text>[^\s/@\"']+)@", re.IGNORECASE)
_LINK = re.compile(r"(?P<name>#/[a-z]+/)(?P<text>[A-Za-z0-9_-]{8,})")

_COUNT = re.compile(r"\d{1,7}(?:\.\d+)?")
"""What stands behind the name of a table or a counter, such as `api_token`."""

_NO_SECRETS = frozenset({"!secret", "null"})

_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b")
_UNIT_ENDINGS = ("service", "socket", "timer", "slice", "scope", "mount", "target")
_HARDWARE = re.compile(r"\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b", re.IGNORECASE)
_IP = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:\.\d{1,3}){0,3})"
    r"(?![\w.]*\w)",
    re.IGNORECASE,
)


class Cleaner:
    """Cleans texts; the same address gets the same name in all of them.

    Args:
        secrets: those that are known from the configuration, looked for in every form.
        tokens: those of the database, of which there may be thousands: looked for as words.
    """

    def __init__(self, secrets: Iterable[str] = (), tokens: Collection[str] = ()) -> None:
        words = {token for token in tokens if _WORD.fullmatch(token)}
        odd = (token for token in tokens if token not in words)
        known = {text for text in (*secrets, *odd) if len(text) >= LEAST_SECRET}
        self._hiding = Hiding(known)
        self._words = words
        self._addresses: dict[str, str] = {}

    def clean(self, text: str) -> str:
        """The text, with something harmless in place of each secret."""
        text = self._hiding.hide(text)
        for pattern in (_LOGIN, _LINK, _BEARER, _NAMED, _USER):
            text = pattern.sub(_hidden, text)
        text = _WORD.sub(self._word, text)
        text = _MAIL.sub(_mail, text)
        text = _HARDWARE.sub("xx:xx:xx:xx:xx:xx", text)
        return _IP.sub(self._address, text)

    def _word(self, match: re.Match[str]) -> str:
        word = match[0]
        return HIDDEN if word in self._words or _looks_random(word) else word

    def _address(self, match: re.Match[str]) -> str:
        text = match[0]
        try:
            if not ipaddress.ip_address(text).is_global:
                return text
        except ValueError:
            return text
        return self._addresses.setdefault(text, f"<public address {len(self._addresses) + 1}>")


def _hidden(match: re.Match[str]) -> str:
    text = match["text"]
    is_count = _COUNT.fullmatch(text) and "pass" not in match["name"].lower()
    if is_count or text.startswith(HIDDEN) or text in _NO_SECRETS:
        return match[0]
    end = "@" if match.re is _LOGIN else ""
    return f"{match['name']}{HIDDEN}{end}"


def _looks_random(word: str) -> bool:
    """Whether it is long, and letters and digits are mixed as in no name."""
    if len(word) < _LONG_WORD:
        return False
    kinds = [(char.isdigit(), char.isupper()) for char in word if char.isalnum()]
    return sum(one != other for one, other in pairwise(kinds)) >= _SWITCHES


def _mail(match: re.Match[str]) -> str:
    return match[0] if match[0].endswith(_UNIT_ENDINGS) else "<mail address>"
