"""Complaints about the configuration, and the list they are collected in."""

import re
from typing import NamedTuple

from blynk_gateway.errors import ConfigError

MAX_FAULTS = 100
"""More complaints than anybody reads at once; a file of garbage must not fill the screen."""

MAX_FOUND_LENGTH = 40
"""Characters of a wrong text that a complaint repeats."""

_LAST_OF_BYTE = 0xFF
_URL = re.compile(r"([A-Za-z][\w+.-]*)://([^/?#@]*)(.*)", re.ASCII | re.DOTALL)
_WITH_HOSTS = ("http", "https", "mqtt", "mqtts", "ws", "wss", "tcp")
"""Schemes of URLs that begin with a host; those of services often with a token."""


class Fault(NamedTuple):
    """One complaint: where, what was found and what is expected.

    `line` counts from 1 and is 0 if the file as a whole is meant; `key` is the dotted path, empty
    if there is none. With a warning the file can be used, but likely does not do what is meant.
    """

    file: str
    line: int
    key: str
    text: str
    is_warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        text = f"warning: {self.text}" if self.is_warning else self.text
        return f"{place}: {self.key}: {text}" if self.key else f"{place}: {text}"


class Rejected(Exception):
    """A value that cannot be used; reading goes on with the next one."""


class Report:
    """Collects the faults of one load, and the warnings apart from them."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Keep the fault or warning; warnings without limit, as few rules make any.

        Raises:
            ConfigError: if there are too many faults already; it holds those collected.
        """
        if fault.is_warning:
            self.warnings.append(fault)
            return
        if len(self.faults) == MAX_FAULTS:
            text = f"more than {MAX_FAULTS} faults; correct those above first"
            raise ConfigError(*sorted(self.faults), Fault(fault.file, 0, "", text))
        self.faults.append(fault)

    def error(self) -> ConfigError:
        """All faults as one error, in the order of file and line."""
        return ConfigError(*sorted(self.faults))


def quoted(text: str) -> str:
    """The text in double quotes, valid as YAML and harmless on a terminal."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def found(text: str) -> str:
    """The text as a complaint shows it: quoted, and cut if it is long.

    Of a URL only how it begins: those of services and webhooks have tokens in them.
    """
    if match := _URL.match(text):
        scheme, host, rest = match.groups()
        text = f"{scheme}://{host}{'/…' if rest else ''}"
        if scheme.lower() not in _WITH_HOSTS or "@" in rest:
            text = f"{scheme}://…"
    if len(text) > MAX_FOUND_LENGTH:
        return quoted(text[:MAX_FOUND_LENGTH]) + "…"
    return quoted(text)


def _escaped(character: str) -> str:
    if character in ('"', "\\"):
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code <= _LAST_OF_BYTE else f"\\U{code:08x}"
