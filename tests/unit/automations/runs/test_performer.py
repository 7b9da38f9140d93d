"""Each kind of action, by a runner: what it does, and how it fails."""

import pytest

from blynk_gateway.config.automations.options import (
    Action,
    EnableAction,
    EventAction,
    NotifyAction,
    PropertyAction,
    PublishAction,
    SceneAction,
    SetAction,
    ToggleAction,
    WebhookAction,
)
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.automations import RunOutcome
from blynk_gateway.core.change import (
    EventChange,
    EventKind,
    Intent,
    Origin,
    OriginKind,
    PinChange,
    PropertyChange,
)
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import PeerDown
from tests.unit.automations.runs.system import System, results, rule, setting

ORIGIN = Origin(OriginKind.AUTOMATION, "hot")
V5 = PinAddress("a", "V5")


def test_set_commands_the_pin_with_its_cause() -> None:
    system = System()
    run = system.start(rule("Hot", setting(a_V1="1")), system.cause(seq=7, depth=2))
    (change,) = system.changes
    assert isinstance(change, PinChange)
    assert (change.device, change.pin, change.value) == ("a", "V1", ("1",))
    assert (change.origin, change.intent) == (ORIGIN, Intent.COMMAND)
    assert (change.cause, change.depth) == (7, 3)
    assert results(run) == [("set a/V1 to 1", "done", False)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(("{value}",), ("3", "4")), (("{value[1]}", "x"), ("4", "x")), (("T{previous}",), ("T1",))],
)
def test_set_fills_in_what_started_the_run(value: PinValue, expected: PinValue) -> None:
    system = System()
    cause = system.cause(device="a", pin="V5", value=("3", "4"), previous=("1",))
    system.start(rule("Hot", SetAction({PinAddress("pi", "V1"): value})), cause)
    (change,) = system.changes
    assert isinstance(change, PinChange)
    assert change.value == expected


def test_pin_that_refuses_keeps_no_other_from_its_value() -> None:
    system = System()
    run = system.start(rule("Hot", setting(a_V9="1", gone_V1="1", a_V2="1")))
    assert system.writes == ["a/V2 = 1"]
    assert results(run) == [
        (
            "set a/V9 to 1, gone/V1 to 1, a/V2 to 1",
            "a/V9: a/V9 (Meter) is read-only; gone/V1: no device has the slug 'gone'",
            True,
        )
    ]


def test_set_without_a_value_to_take_fails() -> None:
    system = System()
    run = system.start(rule("Hot", setting(a_V1="{value}")))
    assert system.writes == []
    assert results(run) == [
        (
            "set a/V1 to nothing",
            "the value has no parameter; expected at least one",
            True,
        )
    ]


def test_properties_are_set_and_a_wrong_one_is_named() -> None:
    system = System()
    action = PropertyAction({V5: {"color": ("#D3435C",), "colour": ("red",)}})
    run = system.start(rule("Hot", action))
    (change,) = system.changes
    assert isinstance(change, PropertyChange)
    assert (change.pin, change.name, change.value) == ("V5", "color", ("#D3435C",))
    assert change.origin == ORIGIN
    ((_, result, is_failed),) = results(run)
    assert is_failed
    assert result == "colour of a/V5: 'colour' is no widget property"


@pytest.mark.parametrize(
    ("action", "about", "device"),
    [
        (EventAction("hot", "it is {value}"), "a", "a"),
        (EventAction("hot", "it is {value}"), "", "pi"),
        (EventAction("hot", "it is {value}", "pi"), "a", "pi"),
    ],
)
def test_event_is_logged_at_the_device_it_is_about(action: Action, about: str, device: str) -> None:
    system = System()
    system.start(rule("Hot", action), system.cause(device=about, value=("30",), depth=1))
    (change,) = system.changes
    assert isinstance(change, EventChange)
    assert (change.device, change.kind) == (device, EventKind.LOGGED)
    assert (change.code, change.description) == ("hot", "it is 30")
    assert change.origin == ORIGIN
    assert system.doors.depths == [(change.seq, 2)]


def test_event_is_resolved() -> None:
    system = System()
    system.start(rule("Log", EventAction("hot", device="a")))
    # The second finds nothing open.
    for _ in range(2):
        system.start(rule("Hot", EventAction("hot", is_resolved=True, device="a")))
    assert [one.kind for one in system.changes if isinstance(one, EventChange)] == [
        EventKind.LOGGED,
        EventKind.RESOLVED,
    ]


def test_event_text_that_grew_is_cut() -> None:
    system = System()
    cause = system.cause(value=("x" * 1000,))
    run = system.start(rule("Hot", EventAction("hot", "{value}")), cause)
    (change,) = system.changes
    assert isinstance(change, EventChange)
    assert change.description == "x" * 300
    assert results(run)[0][1:] == ("done", False)


def test_message_is_published() -> None:
    system = System()
    action = PublishAction("home/{device}/pin/", "{value}", retain=True, qos=1)
    run = system.start(rule("Hot", action), system.cause(device="a", value=("30",)))
    assert system.doors.messages.published == [("home/a/pin/", "30", 1, True)]
    assert results(run) == [("publish home/a/pin/: 30 (retained)", "sent", False)]


@pytest.mark.parametrize("value", ["+", "#", "a\0b", "a\nb", "\x7f", "\x85", "\ufffe"])
def test_value_that_makes_no_topic_is_a_failed_action(value: str) -> None:
    system = System()
    action = PublishAction("{value}", "1")
    run = system.start(rule("Hot", action), system.cause(value=(value,)))
    assert system.doors.messages.published == []
    ((_, result, is_failed),) = results(run)
    assert is_failed
    assert "is no topic" in result


def test_broker_that_is_away_is_a_failed_action() -> None:
    system = System()
    system.doors.messages.failure = PeerDown("the broker cannot be reached")
    run = system.start(rule("Hot", PublishAction("a", "1"), setting(a_V1="1")))
    assert [one[1:] for one in results(run)] == [
        ("the broker cannot be reached", True),
        ("done", False),
    ]
    assert system.writes == ["a/V1 = 1"]


def test_scene_runs_with_the_same_cause_one_deeper() -> None:
    system = System()
    system.doors.scenes["night"] = rule("Night", setting(a_V1="{value}"))
    cause = system.cause(value=("30",), seq=7, depth=1)
    run = system.start(rule("Hot", SceneAction("night")), cause)
    (change,) = system.changes
    assert isinstance(change, PinChange)
    assert (change.value, change.cause, change.depth) == (("30",), 7, 3)
    assert results(run) == [("run night", "done", False)]
    (scene,) = system.runner.runs("night", 1)
    assert scene.cause == "rule Hot"


def test_scene_that_does_not_run_says_why() -> None:
    system = System()
    system.doors.scenes["hot"] = rule("Hot", SceneAction("hot"))
    run = system.start(system.doors.scenes["hot"])
    assert results(run) == [("run hot", "not run: running", False)]
    unknown = system.start(rule("Cold", SceneAction("gone")))
    assert results(unknown)[0][2]


def test_rule_is_switched() -> None:
    system = System()
    actions = EnableAction("night", is_enabled=True), EnableAction("day", is_enabled=False)
    system.start(rule("Hot", *actions))
    assert system.doors.switched == [("night", True), ("day", False)]


def test_what_is_handed_over_is_known_later() -> None:
    system = System()
    actions = WebhookAction("x"), NotifyAction("{value}", "{rule}", limit_ms=0)
    run = system.start(rule("Hot", *actions), system.cause(value=("30",)))
    assert run is not None
    ((name, cause, rule_name, sent),) = system.doors.webhooks
    assert (name, cause.value, rule_name) == ("x", ("30",), "Hot")
    ((slug, title, text, told),) = system.doors.notices
    assert (slug, title, text) == ("hot", "Hot", "30")
    assert [one[1:] for one in results(run)] == [("", False), ("", False)]
    assert run.view().outcome is RunOutcome.DONE
    told("sent by phone", False)
    assert run.view().outcome is RunOutcome.DONE
    sent("502 Bad Gateway", True)
    assert [one[1:] for one in results(run)] == [
        ("502 Bad Gateway", True),
        ("sent by phone", False),
    ]
    assert run.view().outcome is RunOutcome.FAILED


def test_webhook_that_is_off_is_a_failed_action() -> None:
    system = System()
    system.doors.webhook_failure = PeerDown("it is off")
    run = system.start(rule("Hot", WebhookAction("x")))
    assert results(run) == [("send webhook x", "it is off", True)]


@pytest.mark.parametrize(
    ("limits", "stands", "expected"),
    [
        (None, "", "1"),
        (None, "0", "1"),
        (None, "1", "0"),
        (None, "on", "1"),
        ((0, 255), "0", "255"),
        ((0, 255), "3", "0"),
        ((1, 4), "1", "4"),
        ((1, 4), "4", "1"),
        ((-0.5, 0.5), "-0.5", "0.5"),
    ],
)
def test_toggle_makes_it_the_other_one(
    limits: tuple[float, float] | None, stands: str, expected: str
) -> None:
    system = System()
    if limits is not None:
        low, high = limits
        stream = Datastream("V1", "Lamp", DatastreamType.DOUBLE, low, high)
        system.parts.store.define("a", {"V1": stream})
    if stands:
        system.parts.store.write("a", "V1", (stands,), ORIGIN, Intent.REPORT)
    run = system.start(rule("Hot", ToggleAction(PinAddress("a", "V1"))), system.cause())
    state = system.parts.store.get("a", "V1")
    assert state.value == (expected,)
    assert results(run) == [("toggle a/V1", f"to {expected}", False)]
