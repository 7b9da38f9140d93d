"""What runs may do besides writing pins: each way leads to another part of the automations."""

from typing import TYPE_CHECKING

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.outbox import Done
from blynk_gateway.config.automations.options import NotifyAction
from blynk_gateway.core.automations import AutomationStopped, UnknownAutomation
from blynk_gateway.core.messages import Messages

if TYPE_CHECKING:
    from blynk_gateway.automations.notifications.notifier import Notifier
    from blynk_gateway.automations.rules.engine import Engine
    from blynk_gateway.automations.webhooks.webhooks import WebhookSender


class Doors:
    """Meets `automations.runs.effects.Effects`.

    Attributes:
        engine: set once, before anything runs: it is made of what is made of this.
    """

    engine: "Engine"

    def __init__(self, messages: Messages, webhooks: "WebhookSender", notifier: "Notifier") -> None:
        self._messages = messages
        self._webhooks = webhooks
        self._notifier = notifier

    @property
    def messages(self) -> Messages:
        """Publishes messages."""
        return self._messages

    def run_scene(self, slug: str, cause: Cause) -> str:
        """Run another rule; returns why it did not run, empty if it did.

        Raises:
            UnknownAutomation: there is none.
            AutomationStopped: it is switched off, or was stopped.
        """
        rule = self.engine.rules.get(slug)
        if rule is None:
            raise UnknownAutomation(f"no automation has the slug {slug[:64]!r}")
        if rule.stopped or not rule.is_enabled:
            raise AutomationStopped(f"{slug} is off: {rule.stopped or 'somebody switched it off'}")
        return "" if rule.fire(cause) is not None else rule.skipped

    def set_enabled(self, slug: str, is_enabled: bool) -> None:
        """Switch a rule on or off.

        Raises:
            UnknownAutomation: there is none.
        """
        self.engine.set_enabled(slug, is_enabled)

    def loop_detected(self, slug: str, reason: str) -> None:
        """Stop the rule whose runs cause themselves."""
        rule = self.engine.rules.get(slug)
        if rule is not None:
            rule.stop_for(reason)

    def webhook(self, name: str, cause: Cause, rule: str, done: Done) -> None:
        """Hand a request over."""
        self._webhooks.submit(name, cause, done, rule)

    def notify(self, action: NotifyAction, rule: str, title: str, text: str, done: Done) -> None:
        """Hand a notification over."""
        self._notifier.notify(action.to, title, text, rule, action.limit_ms, done)

    def note_depth(self, seq: int, depth: int) -> None:
        """The change with this number was made by a run of this depth."""
        self.engine.note_depth(seq, depth)
