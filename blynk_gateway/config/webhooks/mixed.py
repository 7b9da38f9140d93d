"""Texts with secrets in them, as options: `Bearer !secret particle`.

Such a text is shown as it is written, with the name of the secret and never with its content.
Nothing here knows YAML: `config.options` is made of it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from blynk_gateway.config.secret import HIDDEN, Secret

_SENSITIVE = re.compile(
    r"(?:proxy-)?authorization|cookie|key|.*(?:token|secret|passw|api[-_]?key|access[-_]?key).*",
    re.IGNORECASE,
)
_FIELD = re.compile(r"([?&])([^=&#]+)=([^&#]*)")


class NamedSecret(NamedTuple):
    """A secret, and what it is called where it is kept."""

    name: str
    secret: Secret

    def __str__(self) -> str:
        return f"!secret {self.name}"


@dataclass(frozen=True, slots=True)
class MixedText:
    """A text of which parts may be secrets. `str` shows it as it is written.

    Attributes:
        is_private: a text in the file itself that has to be hidden as a secret is.
    """

    parts: tuple[str | NamedSecret, ...]
    is_private: bool = False

    def __str__(self) -> str:
        return HIDDEN if self.is_private else "".join(map(str, self.parts))

    def __repr__(self) -> str:
        return f"MixedText({str(self)!r})"

    @property
    def has_secrets(self) -> bool:
        """Whether a part of it is kept elsewhere."""
        return any(isinstance(part, NamedSecret) for part in self.parts)

    @property
    def secrets(self) -> Iterator[str]:
        """Everything in it that nobody must see; never log, print or store it."""
        for part in self.parts:
            if isinstance(part, NamedSecret):
                yield part.secret.reveal()
            elif self.is_private:
                yield part

    def filled(self, fill: Callable[[str], str]) -> str:
        """The whole text with its secrets; never log, print or store it.

        Args:
            fill: is given every part that is no secret, and makes of it what shall stand there.
        """
        return "".join(
            part.secret.reveal() if isinstance(part, NamedSecret) else fill(part)
            for part in self.parts
        )

    def shown(self, fill: Callable[[str], str]) -> str:
        """As `filled`, with the names of secrets in place of them."""
        if self.is_private:
            return HIDDEN
        return "".join(str(p) if isinstance(p, NamedSecret) else fill(p) for p in self.parts)


def is_sensitive(name: str) -> bool:
    """Whether a header or field of this name holds a secret, by its looks."""
    return _SENSITIVE.fullmatch(name) is not None


def masked(url: str) -> str:
    """A URL as it is written, without what looks like a secret that stands in it."""

    def mask(match: re.Match[str]) -> str:
        is_hidden = is_sensitive(match[2]) and not match[3].startswith(("!", "{"))
        return f"{match[1]}{match[2]}={HIDDEN if is_hidden else match[3]}"

    return _FIELD.sub(mask, url)
