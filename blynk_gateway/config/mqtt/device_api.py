"""The schema of `mqtt.device_api`: the prefixes of devices that speak the vendor's device API."""

import re

from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Key, Scalar, Section, Table
from blynk_gateway.config.mqtt.options import DeviceApiOptions
from blynk_gateway.config.mqtt.topics import BASE_TOPIC, likely_prefix
from blynk_gateway.config.scalars import SLUG
from blynk_gateway.config.switch import Switch
from blynk_gateway.core.device import MAX_DEVICES

DEVICE = "{device}"
TOKEN = "{token}"  # noqa: S105  stands for one

_BRACES = re.compile(r"\{[^{}]*\}|[{}]")


def _parse_device_prefix(text: str) -> str:
    """Empty, or levels with placeholders.

    Raises:
        ValueError: if it is neither, or has braces around anything else.
    """
    if set(_BRACES.findall(text)) - {DEVICE, TOKEN}:
        raise ValueError(text)
    return BASE_TOPIC.parse(text) if text else text


_PREFIX = Scalar(
    _parse_device_prefix,
    'levels such as device/{device} or dev/{token}, without + and #, or "" for none',
    quoted,
    likely=likely_prefix,
)

DEVICE_API = Switch(
    Section(
        DeviceApiOptions,
        (
            Key("prefix", _PREFIX),
            Key("devices", Table(SLUG, _PREFIX, MAX_DEVICES)),
        ),
    )
)
