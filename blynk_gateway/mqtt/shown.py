"""Topics as people may see them: the prefixes of the device API may hold tokens."""

from blynk_gateway.config.mqtt.device_api import DEVICE, TOKEN
from blynk_gateway.config.mqtt.options import DeviceApiOptions
from blynk_gateway.core.device import DeviceRegistry
from blynk_gateway.runtime.logs import masked, safe


def shown_topic(
    topic: str, api: DeviceApiOptions | None, registry: DeviceRegistry | None = None
) -> str:
    """The topic, fit for logs and messages.

    Args:
        registry: masks what is some device's token wherever it stands, also where a prefix that
            is no longer in use put it.
    """
    levels = topic.split("/")
    secret = set()
    if api is not None:
        for prefix in (api.prefix, *api.devices.values()):
            if TOKEN in prefix:
                secret |= _secret_levels(prefix.split("/"), levels)
    if registry is not None:
        secret |= {
            index for index, level in enumerate(levels) if registry.find_by_token(level) is not None
        }
    shown = (masked(one) if index in secret else one for index, one in enumerate(levels))
    return safe("/".join(shown))


def _secret_levels(prefix: list[str], levels: list[str]) -> set[int]:
    """Where tokens stand if the topic begins with the prefix."""
    for wanted, level in zip(prefix, levels, strict=False):
        if wanted != level and DEVICE not in wanted and TOKEN not in wanted:
            return set()
    return {index for index, level in enumerate(prefix) if TOKEN in level}
