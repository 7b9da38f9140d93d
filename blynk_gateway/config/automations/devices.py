"""Which devices a rule names, wherever it does."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from blynk_gateway.config.automations.options import AutomationOptions
from blynk_gateway.core.address import PinAddress


def names_device(rule: AutomationOptions, slug: str) -> bool:
    """Whether a trigger, condition or action is about a device; placeholders do not count."""
    return slug in _devices((rule.when, rule.conditions, rule.then))


def _devices(part: object) -> Iterator[str]:
    match part:
        case PinAddress():
            yield part.device
        case tuple():
            for one in part:
                yield from _devices(one)
        case Mapping():
            for name, one in part.items():
                yield from _devices(name)
                yield from _devices(one)
        case _ if is_dataclass(part):
            for field in fields(part):
                inner = getattr(part, field.name)
                if field.name == "device":
                    yield str(inner)
                else:
                    yield from _devices(inner)
        case _:
            pass
