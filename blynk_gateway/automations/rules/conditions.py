"""Conditions: what must hold for a rule to run."""

from blynk_gateway.automations.rules import comparison
from blynk_gateway.automations.rules.device_trigger import is_device
from blynk_gateway.automations.schedule.sky import Sky
from blynk_gateway.automations.schedule.window import is_within
from blynk_gateway.automations.schedule.wording import describe_window
from blynk_gateway.config.automations.options import (
    AnyCondition,
    Condition,
    DeviceCondition,
    NotCondition,
    PinCondition,
    TimeCondition,
)
from blynk_gateway.runtime.parts import Parts


class Conditions:
    """Looks at how things are now."""

    def __init__(self, parts: Parts, sky: Sky) -> None:
        self._store = parts.store
        self._registry = parts.registry
        self._clock = parts.clock
        self._clock_quality = parts.clock_quality
        self._zone = parts.zone
        self._sky = sky

    def is_met(self, condition: Condition) -> bool:
        """Whether a condition is known to hold."""
        return self._holds(condition, unknown=False)

    def _holds(self, condition: Condition, *, unknown: bool) -> bool:
        """Whether it holds.

        Args:
            unknown: what to say of the time while nobody knows it. Inside of `not` it is the
                other way round: neither "at night" nor "not at night" is known to hold then.
        """
        match condition:
            case PinCondition():
                return self._is_value(condition)
            case DeviceCondition():
                device = self._registry.find(condition.device)
                return device is not None and is_device(device, condition.state)
            case TimeCondition():
                return self._is_time(condition) if self._clock_quality.is_trusted else unknown
            case AnyCondition():
                return any(self._holds(one, unknown=unknown) for one in condition.conditions)
            case NotCondition():
                return not self._holds(condition.condition, unknown=not unknown)

    def _is_value(self, condition: PinCondition) -> bool:
        state = self._store.find(*condition.pin)
        if state is None or not state.value:
            return False
        return comparison.holds(condition.test, state.value, (), was=False)

    def _is_time(self, condition: TimeCondition) -> bool:
        return is_within(condition, self._clock.now_ms(), self._zone, self._sky)


def describe(condition: Condition) -> str:
    """The condition in words: `greenhouse/V5 above 30`, `after 22:00 before 06:00`."""
    match condition:
        case PinCondition():
            return f"{condition.pin} {comparison.describe(condition.test)}"
        case DeviceCondition():
            return f"{condition.device} is {condition.state}"
        case TimeCondition():
            return describe_window(condition)
        case AnyCondition():
            return " or ".join(map(_inside, condition.conditions))
        case NotCondition():
            return f"not {_inside(condition.condition)}"


def _inside(condition: Condition) -> str:
    text = describe(condition)
    return f"({text})" if isinstance(condition, AnyCondition | NotCondition) else text
