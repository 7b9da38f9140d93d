"""Ids that Home Assistant keeps: of devices, entities and their messages.

They are made of the gateway's random instance id, the device's slug and the pin: never of names,
which people change. All of them begin with `blynk_<instance>_`, and nothing else is ours.
"""

import hashlib
import re
import unicodedata

INSTANCE_CHARACTERS = 12
"""Of the instance id: 48 random bits tell apart all gateways that will ever share a broker."""

_FORBIDDEN = re.compile(r"[^a-zA-Z0-9_-]")
"""What an id in a discovery topic cannot have. Source: Home Assistant's `TOPIC_MATCHER`."""


class Ids:
    """The ids of one gateway.

    Args:
        instance_id: at least 12 hexadecimal digits.
    """

    __slots__ = ("_prefix",)

    def __init__(self, instance_id: str) -> None:
        self._prefix = f"blynk_{instance_id[:INSTANCE_CHARACTERS]}_"

    def device(self, slug: str) -> str:
        """Of a device: `blynk_0123456789ab_shed`."""
        return self._prefix + slug

    def entity(self, slug: str, subject: str) -> str:
        """Of an entity: `blynk_0123456789ab_shed_v5`."""
        return f"{self._prefix}{slug}_{subject}"

    def find_slug(self, device_id: str) -> str | None:
        """The inverse of `device`; None for an id that is not ours."""
        slug = device_id.removeprefix(self._prefix)
        return None if slug == device_id else slug


def plain(text: str) -> str:
    """The text with nothing in it that an id cannot have; different texts stay different."""
    clean = _FORBIDDEN.sub("_", text)
    if clean == text:
        return text
    return f"{clean}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"


def object_id(slug: str, name: str, otherwise: str) -> str:
    """What an entity is called in Home Assistant until somebody renames it: `shed_fan`.

    Args:
        otherwise: stands for a name without any letter or digit of the Latin alphabet.
    """
    letters = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", letters) or re.findall(r"[a-z0-9]+", otherwise)
    return "_".join((slug.replace("-", "_"), *words))
