from typing import TYPE_CHECKING, cast

import pytest

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.doors import Doors
from blynk_gateway.automations.outbox import Done
from blynk_gateway.config.automations.options import NotifyAction
from blynk_gateway.core.automations import AutomationStopped, UnknownAutomation
from tests.helpers.rules import HeardMessages

if TYPE_CHECKING:
    from blynk_gateway.automations.notifications.notifier import Notifier
    from blynk_gateway.automations.rules.engine import Engine
    from blynk_gateway.automations.webhooks.webhooks import WebhookSender

CAUSE = Cause("test", 0)


class FakeRule:
    """A rule that is asked for by name."""

    def __init__(self, *, is_enabled: bool = True, stopped: str = "", skipped: str = "") -> None:
        self.is_enabled = is_enabled
        self.stopped = stopped
        self.skipped = skipped
        self.causes: list[Cause] = []

    def fire(self, cause: Cause) -> object:
        self.causes.append(cause)
        return None if self.skipped else object()

    def stop_for(self, reason: str) -> None:
        self.stopped = reason


class FakeEngine:
    def __init__(self, **rules: FakeRule) -> None:
        self.rules = rules
        self.depths: list[tuple[int, int]] = []
        self.switched: list[tuple[str, bool]] = []

    def note_depth(self, seq: int, depth: int) -> None:
        self.depths.append((seq, depth))

    def set_enabled(self, slug: str, is_enabled: bool) -> None:
        self.switched.append((slug, is_enabled))


class Taken:
    """Both ways out."""

    def __init__(self) -> None:
        self.webhooks: list[tuple[str, Cause, str]] = []
        self.notifications: list[tuple[object, ...]] = []

    def submit(self, name: str, cause: Cause, done: Done, rule: str) -> None:
        self.webhooks.append((name, cause, rule))

    def notify(self, *arguments: object) -> None:
        self.notifications.append(arguments[:-1])


def doors(**rules: FakeRule) -> tuple[Doors, FakeEngine, Taken]:
    taken, engine = Taken(), FakeEngine(**rules)
    made = Doors(HeardMessages(), cast("WebhookSender", taken), cast("Notifier", taken))
    made.engine = cast("Engine", engine)
    return made, engine, taken


def done(_result: str, _is_failed: bool) -> None:
    raise AssertionError("nothing is known yet")


def test_scene_runs_and_says_why_if_it_did_not() -> None:
    made, _, _ = doors(free=FakeRule(), held=FakeRule(skipped="limit"))
    assert made.run_scene("free", CAUSE) == ""
    assert made.run_scene("held", CAUSE) == "limit"


@pytest.mark.parametrize("rule", [FakeRule(is_enabled=False), FakeRule(stopped="a circle")])
def test_scene_that_is_off_does_not_run(rule: FakeRule) -> None:
    made, _, _ = doors(scene=rule)
    with pytest.raises(AutomationStopped):
        made.run_scene("scene", CAUSE)
    assert rule.causes == []


def test_scene_that_is_gone_is_unknown() -> None:
    made, _, _ = doors()
    with pytest.raises(UnknownAutomation):
        made.run_scene("scene", CAUSE)


def test_circle_stops_its_rule_if_that_is_still_there() -> None:
    rule = FakeRule()
    made, _, _ = doors(rule=rule)
    made.loop_detected("rule", "a circle")
    made.loop_detected("gone", "a circle")
    assert rule.stopped == "a circle"


def test_everything_else_goes_where_it_belongs() -> None:
    made, engine, taken = doors()
    made.set_enabled("rule", False)
    made.note_depth(7, 2)
    made.webhook("led", CAUSE, "Too hot", done)
    made.notify(NotifyAction("x", to=("phone",), limit_ms=60), "too-hot", "Title", "Text", done)
    assert engine.switched == [("rule", False)]
    assert engine.depths == [(7, 2)]
    assert taken.webhooks == [("led", CAUSE, "Too hot")]
    assert taken.notifications == [(("phone",), "Title", "Text", "too-hot", 60)]
