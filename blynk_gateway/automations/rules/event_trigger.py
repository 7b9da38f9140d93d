"""Triggers of the event timeline; each entry fires."""

from blynk_gateway.automations.rules.causes import of_event
from blynk_gateway.automations.rules.watcher import Fire, Stateless
from blynk_gateway.config.automations.options import EventTrigger
from blynk_gateway.core.change import EventChange, EventKind


class EventWatcher(Stateless):
    """Fires at each entry that fits."""

    __slots__ = ("_fire", "trigger")

    def __init__(self, trigger: EventTrigger, fire: Fire) -> None:
        self.trigger = trigger
        self._fire = fire

    def see(self, change: EventChange, depth: int) -> None:
        """Look at an entry with this code.

        Args:
            depth: how many changes led to it.
        """
        trigger = self.trigger
        is_resolved = change.kind is EventKind.RESOLVED
        if (
            is_resolved is trigger.is_resolved
            and trigger.device in ("", change.device)
            and trigger.text in (None, change.description)
        ):
            self._fire(of_event(change, depth))
