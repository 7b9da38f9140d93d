"""Rules as people and other adapters see them (made by `automations`)."""

from enum import StrEnum
from typing import NamedTuple, Protocol

from blynk_gateway.core.value import PinValue, printable
from blynk_gateway.errors import GatewayError


class UnknownAutomation(GatewayError):
    """No rule has this slug or name."""

    code = "automation.unknown"
    hint = "List the rules with `blynk-gateway automation list`."


class AutomationStopped(GatewayError):
    """The rule cannot run now: it was stopped for a loop, or is switched off."""

    code = "automation.stopped"
    hint = "Mend what it says, then switch it on: `blynk-gateway automation enable NAME`."


class RunOutcome(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """At least one of its actions failed; the others were done."""

    ENDED = "ended"
    """It was broken off: by a restart of its rule, or because the rule changed."""


class ActionResult(NamedTuple):
    """One action of a run.

    Attributes:
        action: for people, `set pi/V1 to 1`.
        result: `` while nothing is known, `done`, `sent`, or why it failed; `broken off` and
            `not done` of a run that ended before.
    """

    action: str
    result: str
    is_failed: bool = False


class Run(NamedTuple):
    """One run of a rule.

    Attributes:
        id: rises with each run of any rule.
        cause: for people, `greenhouse/V5 = 30.5`.
        cause_seq: number of the change that started it, None for none.
        ended_ms: None while it is running.
    """

    id: int
    automation: str
    at_ms: int
    cause: str
    cause_seq: int | None
    outcome: RunOutcome
    actions: tuple[ActionResult, ...]
    ended_ms: int | None


class AutomationState(NamedTuple):
    """A rule at the moment.

    Attributes:
        is_enabled: by the file, or by who switched it since.
        stopped: why the gateway stopped it (a loop, an unknown device); empty if it did not.
        when, conditions, then: each trigger, condition and action in words.
        runs: since the gateway started.
        skipped: why it was to run last and did not (`condition: …`, `limit: … left`), empty for
            never.
        next_ms: the next moment of its schedules, None for none.
    """

    slug: str
    name: str
    is_enabled: bool
    stopped: str
    when: tuple[str, ...]
    conditions: tuple[str, ...]
    then: tuple[str, ...]
    runs: int
    is_running: bool
    last_run_ms: int | None
    skipped: str
    skipped_ms: int | None
    next_ms: int | None


class ConditionState(NamedTuple):
    """A condition in words, and whether it holds."""

    condition: str
    is_met: bool


class DryRun(NamedTuple):
    """What a run would do now.

    Attributes:
        obstacles: what would keep it from running besides conditions: switched off, limit, a run
            under way.
        actions: with placeholders filled in.
    """

    would_run: bool
    obstacles: tuple[str, ...]
    conditions: tuple[ConditionState, ...]
    actions: tuple[str, ...]


class Automations(Protocol):
    """All rules."""

    def states(self) -> list[AutomationState]:
        """How they are, in the order of the configuration."""

    def find(self, name: str) -> AutomationState:
        """The rule with this slug or name.

        Raises:
            UnknownAutomation: there is none.
        """

    async def runs(self, slug: str | None, limit: int) -> list[Run]:
        """The latest runs of one rule or of all, newest first."""

    def run(self, slug: str, by: str) -> Run | None:
        """Run a rule by hand; conditions and limit hold as always.

        Args:
            by: who wants it, for people.

        Returns:
            The run, None if conditions or limit kept it from running: `find` says why.

        Raises:
            UnknownAutomation, AutomationStopped: see there.
        """

    def test(self, slug: str, value: PinValue | None) -> DryRun:
        """What a run would do now; nothing is done.

        Args:
            value: of the trigger; None for what its pin has now.

        Raises:
            UnknownAutomation: there is none.
        """

    def set_enabled(self, slug: str, is_enabled: bool) -> AutomationState:
        """Switch a rule on or off; on also ends a stop.

        Raises:
            UnknownAutomation: there is none.
        """


class WebhookState(NamedTuple):
    """A webhook at the moment.

    Attributes:
        target: method and URL without secrets and placeholders filled in.
        is_off: it failed too often in a row and is tried no more.
        failures: in a row.
        waiting: values that wait for their turn.
        sent, merged: requests that arrived; values replaced by a later one before they were sent.
        last_ms, last_result: of the latest request; None and empty before the first.
    """

    name: str
    target: str
    is_off: bool
    failures: int
    waiting: int
    sent: int
    merged: int
    last_ms: int | None
    last_result: str


class WebhookAnswer(NamedTuple):
    """What became of one request.

    Attributes:
        request: method and URL as sent, secrets hidden.
        status: of HTTP, None if there was no answer.
        result: for people.
        body: the beginning of the answer.
    """

    is_ok: bool
    request: str
    status: int | None
    result: str
    took_ms: int
    body: str


class UnknownWebhook(GatewayError):
    """No webhook has this name."""

    code = "webhook.unknown"
    hint = "List the webhooks with `blynk-gateway webhook list`."


class Webhooks(Protocol):
    """All webhooks."""

    def states(self) -> list[WebhookState]:
        """How they are, in the order of the configuration."""

    async def test(self, name: str, value: PinValue | None) -> WebhookAnswer:
        """Send one request now; success switches a webhook that is off on again.

        Args:
            value: what is sent as the pin's value; None for what the pin of a rule has now.

        Raises:
            UnknownWebhook: there is none.
        """


class ServiceState(NamedTuple):
    """A notification service at the moment.

    Attributes:
        kind: of the service, `ntfy`, `mailto`.
        waiting: notifications that wait for it.
        detail: what is wrong, empty if nothing is.
    """

    name: str
    kind: str
    waiting: int
    sent: int
    failed: int
    last_ms: int | None
    detail: str


class UnknownService(GatewayError):
    """No notification service has this name."""

    code = "notification.unknown_service"
    hint = "List the services with `blynk-gateway notification list`."


class Notifications(Protocol):
    """All notification services."""

    def states(self) -> list[ServiceState]:
        """How they are, in the order of the configuration."""

    async def test(self, name: str) -> str:
        """Send a test message by one service now; returns what went wrong, empty if nothing did.

        Raises:
            UnknownService: there is none.
        """


MAX_NAME_SHOWN = 64
"""Characters of a name that a complaint repeats; a longer one is none of ours."""


class NoAutomations:
    """None."""

    def states(self) -> list[AutomationState]:
        """Nothing."""
        return []

    def find(self, name: str) -> AutomationState:
        """Never one.

        Raises:
            UnknownAutomation: always.
        """
        raise unknown_automation(name)

    async def runs(self, slug: str | None, limit: int) -> list[Run]:  # noqa: ARG002  port
        """Nothing."""
        return []

    def run(self, slug: str, by: str) -> Run | None:  # noqa: ARG002  port
        """Never one.

        Raises:
            UnknownAutomation: always.
        """
        raise unknown_automation(slug)

    def test(self, slug: str, value: PinValue | None) -> DryRun:  # noqa: ARG002  port
        """Never one.

        Raises:
            UnknownAutomation: always.
        """
        raise unknown_automation(slug)

    def set_enabled(self, slug: str, is_enabled: bool) -> AutomationState:  # noqa: ARG002  port
        """Never one.

        Raises:
            UnknownAutomation: always.
        """
        raise unknown_automation(slug)


class NoWebhooks:
    """None."""

    def states(self) -> list[WebhookState]:
        """Nothing."""
        return []

    async def test(self, name: str, value: PinValue | None) -> WebhookAnswer:  # noqa: ARG002  port
        """Never an answer.

        Raises:
            UnknownWebhook: always.
        """
        raise unknown_webhook(name)


class NoNotifications:
    """None."""

    def states(self) -> list[ServiceState]:
        """Nothing."""
        return []

    async def test(self, name: str) -> str:
        """Never a message.

        Raises:
            UnknownService: always.
        """
        raise unknown_service(name)


def unknown_automation(name: str, hint: str = "") -> UnknownAutomation:
    """The complaint about a rule that is not there, with what may have been meant."""
    return UnknownAutomation(
        f"there is no automation {_shown(name)}; expected a name or slug{hint}"
    )


def unknown_webhook(name: str, hint: str = "") -> UnknownWebhook:
    """The complaint about a webhook that is not there, with what may have been meant."""
    return UnknownWebhook(f"there is no webhook {_shown(name)}{hint}")


def unknown_service(name: str, hint: str = "") -> UnknownService:
    """The complaint about a notification service that is not there, with what may be meant."""
    return UnknownService(f"there is no notification service {_shown(name)}{hint}")


def _shown(name: str) -> str:
    return repr(printable(name)[:MAX_NAME_SHOWN])
