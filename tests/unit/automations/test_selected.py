"""A mailbox for some kinds of changes."""

from blynk_gateway.automations.selected import SelectedMailbox
from blynk_gateway.core.change import EventChange, EventKind, Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.mailbox import Overflow

ORIGIN = Origin(OriginKind.DEVICE, "1")


def test_only_what_is_wanted_comes_in_and_wakes() -> None:
    woken: list[int] = []
    mailbox = SelectedMailbox(2, Overflow.CONFLATE, wake=lambda: woken.append(1))
    mailbox.wanted = frozenset({EventChange})
    value = PinChange(1, "shed", "V1", ("1",), (), ORIGIN, Intent.REPORT, 0, None, 0)
    mailbox.put(value)
    assert woken == []
    events = [EventChange(2, "shed", EventKind.LOGGED, "hot", "", ORIGIN, 0)]
    mailbox.put(events[0])
    for seq in range(3, 100):
        mailbox.put(value._replace(seq=seq))
    assert mailbox.drain() == events
    assert woken == [1]
    assert mailbox.conflated == 0
