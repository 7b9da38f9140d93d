"""The block `device` of discovery payloads: what an entity belongs to."""

from blynk_gateway import __version__
from blynk_gateway.core.device import Device
from blynk_gateway.core.value import printable
from blynk_gateway.mqtt.discovery.entities.place import Fields
from blynk_gateway.mqtt.discovery.ids import Ids

PRODUCT = "Blynk Gateway"

MAX_TEXT = 64
"""Characters of what a device tells of itself."""

ORIGIN: Fields = {"name": PRODUCT, "sw_version": __version__}
"""Who tells Home Assistant of it."""

_FIRMWARE = ("fw", "mcu", "ncp")
_LIBRARY = ("ver", "blynk")
_BOARD = ("dev",)


def device_block(device: Device, ids: Ids, own: str, url: str | None) -> Fields:
    """What Home Assistant shows of a device.

    Args:
        own: slug of the gateway's own device, by which the others are reached.
        url: where the dashboard is, None if that is not known.
    """
    block: Fields = {
        "ids": [ids.device(device.slug)],
        "name": printable(device.definition.name) or device.slug,
    }
    if device.slug == own:
        block |= {"manufacturer": PRODUCT, "model": PRODUCT, "sw_version": __version__}
        return block | ({"configuration_url": url} if url else {})
    block |= {"manufacturer": "Blynk", "via_device": ids.device(own)}
    info = dict(device.info)
    if model := _told(info, _BOARD):
        block["model"] = model
    if firmware := _told(info, _FIRMWARE):
        block["sw_version"] = firmware
    elif library := _told(info, _LIBRARY):
        block["sw_version"] = f"Blynk {library}"
    return block


def _told(info: dict[str, str], keys: tuple[str, ...]) -> str:
    """The first of some fields of the info message that has a text."""
    texts = (
        "".join(one for one in printable(info.get(key, "")) if one.isprintable()) for key in keys
    )
    return next((text.strip()[:MAX_TEXT] for text in texts if text.strip()), "")
