"""Names of rules and what commands, routes and other rules call them by."""

from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Scalar
from blynk_gateway.config.scalars import MAX_TEXT_LENGTH, parse_text
from blynk_gateway.core.address import slug_of
from blynk_gateway.errors import DeviceError

MAX_SLUG_LENGTH = 64


def rule_slug(name: str) -> str:
    """The slug of a rule with this name; of a slug itself.

    Raises:
        ValueError: if no letter a–z or digit is left.
    """
    try:
        return slug_of(parse_text(name), MAX_SLUG_LENGTH)
    except DeviceError as error:
        raise ValueError(name) from error


def _parse_name(text: str) -> str:
    rule_slug(text)
    return text


RULE_NAME = Scalar(
    _parse_name,
    f"a name of 1 to {MAX_TEXT_LENGTH} characters in one line, with a letter a–z or a digit",
    quoted,
)
RULE = Scalar(rule_slug, "the name of an automation", quoted)
"""Another rule, by its name or slug; read as the latter."""
