"""What a run may do besides writing pins, properties and events (met by the adapter)."""

from typing import Protocol

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.outbox import Done
from blynk_gateway.config.automations.options import NotifyAction
from blynk_gateway.core.messages import Messages


class Effects(Protocol):
    """Doors to everything else. All return at once; a GatewayError of any is a failed action."""

    @property
    def messages(self) -> Messages:
        """Publishes messages."""

    def run_scene(self, slug: str, cause: Cause) -> str:
        """Run another rule; returns why it did not run, empty if it did.

        Raises:
            UnknownAutomation, AutomationStopped: see there.
        """

    def set_enabled(self, slug: str, is_enabled: bool) -> None:
        """Switch a rule on or off.

        Raises:
            UnknownAutomation: there is none.
        """

    def loop_detected(self, slug: str, reason: str) -> None:
        """Stop the rule whose runs cause themselves."""

    def webhook(self, name: str, cause: Cause, rule: str, done: Done) -> None:
        """Hand a request over.

        Args:
            rule: name of the rule whose action it is.
        """

    def notify(self, action: NotifyAction, rule: str, title: str, text: str, done: Done) -> None:
        """Hand a notification over.

        Args:
            rule: slug of the rule whose action it is.
            title, text: with placeholders filled in.
        """

    def note_depth(self, seq: int, depth: int) -> None:
        """The change with this number, which has no depth of its own, was made by a run.

        Args:
            depth: how many changes led to it.
        """
