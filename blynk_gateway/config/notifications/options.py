"""Typed options of `notifications:`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from blynk_gateway.config.secret import Secret
from blynk_gateway.core.notifications import Channel


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """One way to reach people.

    Attributes:
        url: of Apprise; all of it is secret, as the token stands anywhere in it.
    """

    name: str
    url: Secret

    @property
    def kind(self) -> str:
        """What it is a URL of, `ntfy`, `mailto`; the one part that may be shown."""
        return self.url.reveal().partition("://")[0].lower()


@dataclass(frozen=True, slots=True)
class NotificationOptions:
    """Who is told, and by what.

    Attributes:
        services: by name.
        default: those that a rule uses which names none.
        push, email, tweet, sms: those that take what devices send by these ways.
        hourly_cap: most notifications of all rules and events together in an hour, 0 for no cap.
    """

    services: Mapping[str, ServiceOptions] = field(default_factory=dict)
    default: tuple[str, ...] = ()
    push: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    tweet: tuple[str, ...] = ()
    sms: tuple[str, ...] = ()
    hourly_cap: int = 20

    def services_of(self, channel: Channel) -> tuple[str, ...]:
        """Names of the services that take what devices send by a channel."""
        return {
            Channel.PUSH: self.push,
            Channel.EMAIL: self.email,
            Channel.TWEET: self.tweet,
            Channel.SMS: self.sms,
        }[channel]
