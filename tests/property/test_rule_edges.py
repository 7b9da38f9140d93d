"""Whatever a pin is written: a test fires exactly where it becomes true."""

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from blynk_gateway.automations.rules.comparison import first_number, holds
from blynk_gateway.config.automations.options import Comparison, Op
from tests.helpers.rules import RuleRig, comparison, options, pin_trigger, rule_rig

NUMERIC = [Op.ABOVE, Op.BELOW, Op.BETWEEN, Op.OUTSIDE]
BOUNDS = st.tuples(st.integers(0, 10), st.integers(0, 10)).map(sorted)
VALUES = st.one_of(
    st.integers(-5, 15).map(str), st.sampled_from(["nan", "", "on", "off", "3.5", "1e1"])
)


class Write(tuple[str, float]):
    """A value and how long nothing happens after it, seconds."""

    __slots__ = ()


WRITES = st.lists(st.tuples(VALUES, st.integers(0, 8)).map(Write), max_size=30)


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    op = draw(st.sampled_from([*NUMERIC, Op.ON, Op.OFF, Op.EQUALS, Op.NOT_EQUALS]))
    low, high = draw(BOUNDS)
    hysteresis = draw(st.integers(0, max((high - low) // 2, 0))) if op in NUMERIC else 0
    text = str(low)
    return comparison(op, low, high, text, hysteresis=hysteresis)


def expected(test: Comparison, writes: Sequence[Write], for_s: float) -> list[float]:
    """Seconds at which it must fire, found by looking at the whole course of the value."""
    held_since: float | None = None
    is_held, now, fired = False, 0.0, []
    for value, pause_s in writes:
        says_something = test.op in (Op.EQUALS, Op.NOT_EQUALS) or (
            first_number((value,)) is not None
            or (test.op in (Op.ON, Op.OFF) and value in ("on", "off"))
        )
        if says_something:
            before, is_held = is_held, holds(test, (value,), (), was=is_held)
            if is_held is not before:
                held_since = now if is_held else None
        if held_since is not None and held_since + for_s <= now + (pause_s if for_s else 0):
            fired.append(held_since + for_s)
            held_since = None
        now += pause_s
    return fired


async def course(
    rig: RuleRig, test: Comparison, writes: Sequence[Write], for_s: int, restart_at: int
) -> list[float]:
    trigger = pin_trigger("a/V5", "any", for_ms=for_s * 1000)
    rule = options(type(trigger)(trigger.pin, test, trigger.for_ms))
    began_s = rig.clock.monotonic()
    fired: list[float] = []
    rig.runs.act = lambda _, __: fired.append(rig.clock.monotonic() - began_s)
    rig.define(rule)
    for number, (value, pause_s) in enumerate(writes):
        rig.write("a/V5", value)
        await rig.settled()
        if number == restart_at:
            state = rig.engine.state_of("rule")
            rig.define()
            rig.define(rule)
            rig.engine.restore("rule", state)
        for _ in range(round(pause_s)):
            rig.clock.advance(1)
            rig.timers.advance()
    return fired


@settings(deadline=None)
@given(test=comparisons(), writes=WRITES, for_s=st.integers(0, 10), restart_at=st.integers(-1, 30))
def test_a_test_fires_where_it_becomes_true_and_nowhere_else(
    test: Comparison, writes: list[Write], for_s: int, restart_at: int
) -> None:
    async def run() -> list[float]:
        async with rule_rig() as rig:
            return await course(rig, test, writes, for_s, restart_at)

    assert asyncio.run(run()) == expected(test, writes, for_s)


@given(test=comparisons(), value=st.lists(st.text(max_size=8), max_size=3), was=st.booleans())
def test_no_value_breaks_a_test(test: Comparison, value: list[str], was: bool) -> None:
    assert holds(test, tuple(value), (), was=was) in (True, False)


@given(value=st.text(max_size=8))
def test_equals_is_the_opposite_of_not_equals(value: str) -> None:
    one, other = comparison("equals", "1"), comparison("not_equals", "1")
    assert holds(one, (value,), (), was=False) is not holds(other, (value,), (), was=False)
