import pytest

from blynk_gateway.automations.runs.words import MAX_TEXT, describe, duration
from blynk_gateway.config.automations.options import (
    Action,
    DelayAction,
    EnableAction,
    EventAction,
    NotifyAction,
    PropertyAction,
    PublishAction,
    PulseAction,
    SceneAction,
    SetAction,
    ToggleAction,
    WebhookAction,
)
from blynk_gateway.core.address import PinAddress

PUMP = PinAddress("pi", "V1")
LAMP = PinAddress("a", "V6")


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (SetAction({PUMP: ("1",), LAMP: ("1", "2")}), "set pi/V1 to 1, a/V6 to 1, 2"),
        (SetAction({PUMP: ()}), "set pi/V1 to nothing"),
        (
            PropertyAction({LAMP: {"color": ("#D3435C",), "label": ("hot",)}}),
            "set color of a/V6 to #D3435C, label of a/V6 to hot",
        ),
        (DelayAction(90_000), "wait 1 min 30 s"),
        (ToggleAction(PUMP), "toggle pi/V1"),
        (PulseAction(PUMP, 500), "pulse pi/V1 for 500 ms"),
        (PulseAction(PUMP, on=("255",), off=("10",)), "pulse pi/V1 for 500 ms (255, then 10)"),
        (
            PulseAction(PUMP, 500, 1000, times=3),
            "blink pi/V1 3 times, 500 ms on and 1 s off",
        ),
        (SceneAction("night"), "run night"),
        (WebhookAction("particle"), "send webhook particle"),
        (PublishAction("a/b", "{value}"), "publish a/b: {value}"),
        (PublishAction("a/b", "1", retain=True), "publish a/b: 1 (retained)"),
        (NotifyAction("It is hot"), "notify: It is hot"),
        (
            NotifyAction("Hot", "Greenhouse", ("phone", "mail")),
            "notify phone, mail: Greenhouse: Hot",
        ),
        (EventAction("hot"), "log event hot"),
        (EventAction("hot", "30", "a"), "log event hot of a: 30"),
        (EventAction("hot", is_resolved=True), "resolve event hot"),
        (EnableAction("night", is_enabled=True), "enable night"),
        (EnableAction("night", is_enabled=False), "disable night"),
    ],
)
def test_action_in_words(action: Action, words: str) -> None:
    assert describe(action) == words


def test_long_text_is_cut_and_its_end_kept() -> None:
    words = describe(PublishAction("a/b", "x" * 1000, retain=True))
    assert len(words) == MAX_TEXT
    assert words.endswith("x… (retained)")


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert describe(SetAction({PUMP: ("\udcff",)})) == "set pi/V1 to \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (500, "500 ms"),
        (1500, "1 s 500 ms"),
        (60_000, "1 min"),
        (3_600_000, "1 h"),
        (90_000_000, "1 d 1 h"),
    ],
)
def test_duration_in_its_largest_units(ms: int, text: str) -> None:
    assert duration(ms) == text
