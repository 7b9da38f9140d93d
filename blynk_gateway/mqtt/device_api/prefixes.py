"""Which device a topic belongs to: each has a prefix before `ds/…` and `downlink/…`.

A prefix may hold the device's token: topics are shown to people by `mqtt.shown` only.
"""

from blynk_gateway.config.mqtt.device_api import DEVICE, TOKEN
from blynk_gateway.config.mqtt.options import DeviceApiOptions
from blynk_gateway.core.device import Device, DeviceRegistry

HEADS = frozenset({"info", "ds", "batch_ds", "event", "meta", "get"})
"""First levels of what devices send. Source: blynk-protocol §11."""


class Prefixes:
    """The prefixes of all devices; the gateway's own device has none.

    Args:
        own: slug of the gateway's own device.
    """

    def __init__(self, options: DeviceApiOptions, registry: DeviceRegistry, own: str) -> None:
        self._options = options
        self._registry = registry
        self._own = own
        patterns = {options.prefix, *options.devices.values()}
        self._depths = sorted(map(_depth, patterns), reverse=True)
        self._slugs: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}
        self._is_read = False

    def filters(self) -> list[str]:
        """Topic filters for all that devices may send."""
        patterns = {self._options.prefix}
        for slug, pattern in self._options.devices.items():
            patterns.add(pattern.replace(DEVICE, slug))
        return [
            before + ending
            for before in sorted(map(_filter, patterns))
            for ending in ("info/mcu", "ds/#", "batch_ds", "event/#", "meta/#", "get/#")
        ]

    def find(self, topic: str) -> tuple[Device, list[str]] | None:
        """Whose topic it is, and its levels behind the prefix; None if it is nobody's."""
        self._read()
        levels = topic.split("/")
        for depth in self._depths:
            if depth < len(levels) and levels[depth] in HEADS:
                slug = self._slugs.get("".join(f"{level}/" for level in levels[:depth]))
                device = None if slug is None else self._registry.find(slug)
                if device is not None:
                    return device, levels[depth:]
        return None

    def of(self, slug: str) -> str | None:
        """What stands before `downlink/…` of a device, its last slash included.

        None for the gateway's own device, for one that is not known or has another one's prefix,
        and for one whose token cannot stand in a topic.
        """
        self._read()
        return self._prefixes.get(slug)

    def forget(self) -> None:
        """Look anew at the devices: one came or went, or has another token."""
        self._is_read = False

    def _read(self) -> None:
        if self._is_read:
            return
        self._is_read = True
        self._slugs.clear()
        for device in self._registry:
            prefix = self._prefix(device)
            if prefix is not None:
                # The first device has it: one that was paired later must not take it over.
                self._slugs.setdefault(prefix, device.slug)
        self._prefixes = {slug: prefix for prefix, slug in self._slugs.items()}

    def _prefix(self, device: Device) -> str | None:
        if device.slug == self._own:
            return None
        pattern = self._options.devices.get(device.slug, self._options.prefix)
        prefix = pattern.replace(DEVICE, device.slug).replace(TOKEN, device.definition.token)
        # A token may hold any of these; such topics cannot be published, or not be subscribed to.
        if "+" in prefix or "#" in prefix or prefix.startswith("$"):
            return None
        return prefix and f"{prefix}/"


def _depth(pattern: str) -> int:
    return len(pattern.split("/")) if pattern else 0


def _filter(pattern: str) -> str:
    levels = pattern.split("/")
    wild = ("+" if DEVICE in level or TOKEN in level else level for level in levels)
    return "/".join(wild) + "/" if pattern else ""
