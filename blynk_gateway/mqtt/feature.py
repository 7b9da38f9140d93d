"""What the adapter and its features ask of each other.

A feature does one thing on the broker: it publishes values, takes commands, follows bindings. It
lives as long as the adapter's options do, which is longer than a connection.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from blynk_gateway.broker.message import Subscription
from blynk_gateway.config.mqtt.options import MqttOptions
from blynk_gateway.core.change import Change
from blynk_gateway.mqtt.topics import Topics
from blynk_gateway.runtime.parts import Parts


class Outlet(Protocol):
    """A connection as features see it (made by `broker.connection`)."""

    def publish(
        self,
        topic: str,
        payload: str | bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        done: Callable[[], None] | None = None,
    ) -> None:
        """Hand over a message; what the connection's end interrupts is lost.

        Args:
            done: called on the loop's thread when the message is sent, or with `qos` 1 and 2 when
                the broker has it.
        """

    async def room(self) -> None:
        """Return when the broker has taken enough of what it was given; to be awaited between
        messages by who publishes many. Returns at once when the connection has ended."""  # noqa: D205, D209  one sentence

    async def collect(self, *filters: str) -> dict[str, bytes]:
        """The retained messages that the broker has for these filters, empty ones left out.

        Returns when none came for a while: a broker does not say which is the last.
        """


class Feature(Protocol):
    """One thing that is done on the broker."""

    def subscriptions(self) -> Iterable[Subscription]:
        """What it wants to hear on the connection that was just made."""

    async def connected(self, outlet: Outlet) -> None:
        """Publish what has to stand there, as if the broker had forgotten all of it.

        Changes that happen meanwhile come to `changed` afterwards.
        """

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Follow a change of the core; called while there is a connection only."""

    def disconnected(self) -> None:
        """The connection has ended: end what was begun for it. May be called twice."""


@dataclass(slots=True, kw_only=True)
class MqttParts(Parts):
    """Everything a feature may use.

    Attributes:
        instance_id: random, 32 hexadecimal digits, for the life of the data directory.
        run_id: random, for this run of the program.
        started_at: monotonic seconds at which the program began.
        own: slug of the gateway's own device.
        options: of the section `mqtt`.
        topics: names of all topics below the base.
    """

    instance_id: str
    run_id: str
    started_at: float
    own: str
    options: MqttOptions
    topics: Topics
