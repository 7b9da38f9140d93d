from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.gate import Gate
from blynk_gateway.core.mailbox import Mailbox, Overflow

ORIGIN = Origin(OriginKind.DEVICE, "1")

# A pin is written, or (None) the box is drained.
steps = st.lists(st.none() | st.sampled_from(["V1", "V2", "V3", "V4"]), max_size=60)


def change(seq: int, pin: str) -> PinChange:
    return PinChange(seq, "shed", pin, (str(seq),), (), ORIGIN, Intent.REPORT, 0, None, 0)


@given(steps, st.integers(0, 5))
def test_a_conflating_box_ends_with_the_latest_of_each_pin_and_forgets_no_pin(
    steps: list[str | None], limit: int
) -> None:
    mailbox = Mailbox(limit, Overflow.CONFLATE)
    pending: list[PinChange] = []
    conflated = 0
    for seq, pin in enumerate([*steps, None]):
        if pin is None:
            batch = mailbox.drain()
            assert batch == sorted(batch, key=lambda one: one.seq)
            assert set(batch) <= set(pending)
            latest = {one.pin: one for one in pending}
            assert set(latest.values()) <= set(batch)
            if len(pending) <= limit:
                assert batch == pending
            assert mailbox.conflated - conflated == len(pending) - len(batch)
            conflated = mailbox.conflated
            pending.clear()
        else:
            pending.append(change(seq, pin))
            mailbox.put(pending[-1])
            assert len(mailbox) <= max(limit, 2 * len({one.pin for one in pending}))


@given(steps, st.integers(0, 5))
def test_a_closing_box_gives_everything_or_is_closed(steps: list[str | None], limit: int) -> None:
    mailbox = Mailbox(limit, Overflow.CLOSE)
    pending: list[PinChange] = []
    has_overflowed = False
    for seq, pin in enumerate([*steps, None]):
        if pin is None:
            assert mailbox.drain() == ([] if has_overflowed else pending)
            pending.clear()
        else:
            pending.append(change(seq, pin))
            has_overflowed = has_overflowed or len(pending) > limit
            mailbox.put(pending[-1])
        assert mailbox.is_closed == has_overflowed


@given(steps, st.integers(0, 5))
def test_a_pausing_box_gives_everything_and_holds_the_gate_while_it_is_too_full(
    steps: list[str | None], limit: int
) -> None:
    gate = Gate()
    mailbox = Mailbox(limit, Overflow.PAUSE, gate=gate)
    pending: list[PinChange] = []
    for seq, pin in enumerate([*steps, None]):
        if pin is None:
            assert mailbox.drain() == pending
            pending.clear()
        else:
            pending.append(change(seq, pin))
            mailbox.put(pending[-1])
        assert gate.is_open == (len(pending) <= limit)


@given(steps)
def test_the_sink_is_woken_once_for_each_time_the_box_stops_being_empty(
    steps: list[str | None],
) -> None:
    woken = expected = 0

    def wake() -> None:
        nonlocal woken
        woken += 1

    mailbox = Mailbox(1000, Overflow.CLOSE, wake=wake)
    for seq, pin in enumerate(steps):
        if pin is None:
            mailbox.drain()
        else:
            expected += len(mailbox) == 0
            mailbox.put(change(seq, pin))
    assert woken == expected
