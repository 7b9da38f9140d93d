import pytest

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.rules.message_trigger import MAX_JSON_BYTES, MAX_TEXT_BYTES
from blynk_gateway.automations.rules.rule import FUSE_BURST
from blynk_gateway.config.automations.options import Comparison, MessageTrigger
from blynk_gateway.core.json_path import JsonPath
from tests.helpers.rules import RuleRig, comparison, options


def trigger(
    test: Comparison | None = None, json: JsonPath | None = None, topic: str = "house/button"
) -> MessageTrigger:
    return MessageTrigger(topic, json, test)


def test_each_message_that_passes_fires_though_it_is_the_same(rig: RuleRig) -> None:
    rig.define(options(trigger(comparison("equals", "press"))))
    assert rig.messages.filters == ("house/button",)
    for payload in ("press", "press", "release", "press"):
        rig.messages.bring("house/button", payload)
    assert rig.runs.take() == ["rule"] * 3


def test_without_a_test_every_message_fires(rig: RuleRig) -> None:
    rig.define(options(trigger()), options(trigger(comparison("any")), slug="any"))
    rig.messages.bring("house/button", b"")
    assert rig.runs.take() == ["rule", "any"]


@pytest.mark.parametrize(
    ("payload", "is_fired"),
    [
        ('{"t": {"now": 30.50}}', True),
        ('{"t": {"now": "31"}}', True),
        ('{"t": {"now": 29}}', False),
        ('{"t": {}}', False),
        ('{"other": 31}', False),
        ('{"t": [31]}', False),
        ('{"t": {"now": {}}}', False),
        ("31", False),
        ("no json", False),
        (b"\xff", False),
        ("[" * 100_000, False),
        ('{"t": {"now": 31}}' + " " * MAX_JSON_BYTES, False),
    ],
)
def test_a_path_finds_the_value_in_json(rig: RuleRig, payload: str | bytes, is_fired: bool) -> None:
    rig.define(options(trigger(comparison("above", 30), ("t", "now"))))
    rig.messages.bring("house/button", payload)
    assert rig.runs.take() == ["rule"] * is_fired
    assert rig.parts.health.counters["rules_faulty"] == 0


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"on\xff", "on\N{REPLACEMENT CHARACTER}"),
        (b"a\0b", "a\N{REPLACEMENT CHARACTER}b"),
        (b"x" * 5000, "x" * MAX_TEXT_BYTES),
        ("grün".encode(), "grün"),
    ],
)
def test_a_payload_is_a_text_whatever_it_is(rig: RuleRig, payload: bytes, text: str) -> None:
    rig.define(options(trigger()))
    rig.messages.bring("house/button", payload)
    ((_, cause),) = rig.runs.causes
    assert cause.value == (text,)


def test_a_run_knows_the_message(rig: RuleRig) -> None:
    rig.define(
        options(trigger(json=("t",), topic="house/+")),
        options(trigger(json=("t", 0), topic="house/+"), slug="first"),
    )
    rig.messages.bring("house/1", '{"t": [21.50, true]}', "house/+")
    at_ms = rig.clock.now_ms()
    assert rig.runs.causes == [
        ("rule", Cause("house/1 = 21.50, 1", at_ms, value=("21.50", "1"))),
        ("first", Cause("house/1 = 21.50", at_ms, value=("21.50",))),
    ]


def test_a_message_that_fits_two_filters_runs_the_rules_of_each(rig: RuleRig) -> None:
    rig.define(
        options(trigger(topic="house/+"), slug="one"), options(trigger(topic="#"), slug="all")
    )
    rig.messages.bring("house/1", "x", "house/+", "#")
    assert rig.runs.take() == ["one", "all"]


def test_a_rule_that_hears_itself_is_stopped_with_its_reason(rig: RuleRig) -> None:
    rig.define(options(trigger()), options(trigger(topic="other"), slug="other"))
    for _ in range(FUSE_BURST + 10):
        rig.messages.bring("house/button", "x")
    assert rig.runs.take() == ["rule"] * (FUSE_BURST + 1)
    assert "house/button = x; expected fewer: does it hear what it sends?" in rig.rule.stopped
    assert rig.parts.health.components["rules"].state == "degraded"
    rig.messages.bring("other", "x")
    assert rig.runs.take() == ["other"]


def test_a_busy_topic_is_no_loop_where_a_limit_keeps_the_rule_back(rig: RuleRig) -> None:
    rig.define(options(trigger(), limit_ms=1000))
    for _ in range(2 * FUSE_BURST):
        rig.messages.bring("house/button", "x")
    assert rig.runs.take() == ["rule"]
    assert rig.rule.stopped == ""


def test_a_stopped_rule_goes_on_when_it_is_switched_on(rig: RuleRig) -> None:
    rig.define(options(trigger()))
    for _ in range(FUSE_BURST + 1):
        rig.messages.bring("house/button", "x")
    rig.runs.take()
    rig.engine.set_enabled("rule", True)
    rig.messages.bring("house/button", "x")
    assert rig.runs.take() == ["rule"]
    assert rig.parts.health.components["rules"].state == "ok"
