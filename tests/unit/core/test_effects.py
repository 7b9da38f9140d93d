import pytest

from blynk_gateway.core.effects import Effect, EffectKind, find_effect, parse_effect
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import InvalidValue


def parse(*value: str) -> Effect:
    kind = find_effect(value)
    assert kind is not None
    return parse_effect(value, kind)


@pytest.mark.parametrize("value", [(), ("1",), ("blinking",), ("",), ("1", "blink")])
def test_plain_values_are_no_effects(value: PinValue) -> None:
    assert find_effect(value) is None


def test_every_parameter_may_be_given_or_left_out() -> None:
    assert parse("toggle") == Effect(EffectKind.TOGGLE)
    assert parse("BLINK") == Effect(EffectKind.BLINK, 500, 500, 0)
    assert parse("blink", "200") == Effect(EffectKind.BLINK, 200, 200, 0)
    assert parse("blink", "200", "800", "5") == Effect(EffectKind.BLINK, 200, 800, 5)
    assert parse("pulse") == Effect(EffectKind.PULSE, 500)
    assert parse("pulse", "30") == Effect(EffectKind.PULSE, 30)
    assert parse("fade", "12.5") == Effect(EffectKind.FADE, 1000, target=12.5)
    assert parse("fade", "255", "2000") == Effect(EffectKind.FADE, 2000, target=255)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (("toggle", "1"), "toggle was given 1 parameters; expected at most 0"),
        (("blink", "1", "2", "3", "4"), "expected at most 3"),
        (("blink", "9"), "'9'; expected a whole number from 10"),
        (("blink", "-500"), "'-500'; expected a whole number"),
        (("blink", "500", "500", "many"), "as parameter 3"),
        (("pulse", "99999999999999999999"), "as parameter 1"),
        (("pulse", "²"), "expected a whole number"),
        (("fade",), "fade was given no target"),
        (("fade", "full"), "fade was given no target"),
        (("fade", "1", "x"), "as parameter 2"),
    ],
)
def test_nonsense_is_refused_with_what_was_found(value: PinValue, complaint: str) -> None:
    with pytest.raises(InvalidValue, match=complaint):
        parse(*value)
