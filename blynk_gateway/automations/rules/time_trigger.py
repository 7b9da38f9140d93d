"""Triggers of time: the agenda's, and the start of the gateway."""

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.rules.watcher import Fire, Stateless
from blynk_gateway.automations.schedule.agenda import Agenda, ScheduleTrigger
from blynk_gateway.config.automations.options import StartupTrigger


class TimeWatcher(Stateless):
    """Fires at the moments of a schedule; those that are missed while the gateway is off are."""

    __slots__ = ("_entry", "trigger")

    def __init__(self, trigger: ScheduleTrigger, fire: Fire, agenda: Agenda) -> None:
        self.trigger = trigger

        def due(cause: Cause) -> None:
            fire(cause)

        self._entry = agenda.add(trigger, due)

    @property
    def next_ms(self) -> int | None:
        """UTC of the next moment, None for none that is known."""
        return self._entry.next_ms

    def end(self) -> None:
        """Leave the agenda."""
        self._entry.cancel()


class StartupWatcher(Stateless):
    """Fires once the gateway has started."""

    __slots__ = ("_fire", "trigger")

    def __init__(self, trigger: StartupTrigger, fire: Fire) -> None:
        self.trigger = trigger
        self._fire = fire

    def see(self, now_ms: int) -> None:
        """The gateway has started."""
        self._fire(Cause("startup", now_ms))
