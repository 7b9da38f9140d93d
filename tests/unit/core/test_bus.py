import pytest

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.gate import Gate
from blynk_gateway.core.mailbox import Mailbox, Overflow

ONE = Origin(OriginKind.DEVICE, "1")
TWO = Origin(OriginKind.DEVICE, "2")


def box() -> Mailbox:
    return Mailbox(10, Overflow.CLOSE)


def change(seq: int, origin: Origin, device: str = "shed") -> PinChange:
    return PinChange(seq, device, "V1", ("1",), (), origin, Intent.COMMAND, 0, None, 0)


def test_numbers_rise_by_one_from_the_first() -> None:
    bus = PinBus(first_seq=7)
    assert [bus.take_seq(), bus.take_seq()] == [7, 8]
    assert bus.next_seq == 9


def test_numbering_continues_an_earlier_run() -> None:
    bus = PinBus()
    bus.renumber(4711)
    assert bus.take_seq() == 4711


def test_numbering_never_goes_back() -> None:
    bus = PinBus(first_seq=5)
    with pytest.raises(AssertionError, match="never go back"):
        bus.renumber(4)


def test_every_sink_gets_each_change_in_order() -> None:
    bus = PinBus()
    boxes = [box(), box()]
    for one in boxes:
        bus.subscribe(one, origin=None, echo=False)
    changes = [change(seq, ONE) for seq in (1, 2, 3)]
    for one_change in changes:
        bus.publish(one_change)
    assert [one.drain() for one in boxes] == [changes, changes]


def test_a_sink_without_echo_does_not_hear_itself() -> None:
    bus = PinBus()
    mailbox = box()
    bus.subscribe(mailbox, origin=ONE, echo=False)
    bus.publish(change(1, ONE))
    bus.publish(change(2, TWO))
    assert [one.seq for one in mailbox.drain()] == [2]


def test_a_sink_with_echo_hears_itself() -> None:
    bus = PinBus()
    mailbox = box()
    bus.subscribe(mailbox, origin=ONE, echo=True)
    bus.publish(change(1, ONE))
    assert [one.seq for one in mailbox.drain()] == [1]


def test_a_command_reaches_the_connections_of_its_device_but_its_origin() -> None:
    bus = PinBus()
    first, second, elsewhere = box(), box(), box()
    bus.subscribe_commands(first, device="shed", origin=ONE)
    bus.subscribe_commands(second, device="shed", origin=TWO)
    bus.subscribe_commands(elsewhere, device="attic", origin=Origin(OriginKind.DEVICE, "3"))
    bus.publish_command(change(1, ONE))
    assert [len(first), len(second), len(elsewhere)] == [0, 1, 0]


def test_a_command_reaches_the_sinks_of_all_changes_too() -> None:
    bus = PinBus()
    mailbox = box()
    bus.subscribe(mailbox, origin=None, echo=True)
    bus.publish_command(change(1, ONE))
    assert len(mailbox) == 1


def test_a_report_does_not_go_to_devices() -> None:
    bus = PinBus()
    mailbox = box()
    bus.subscribe_commands(mailbox, device="shed", origin=ONE)
    bus.publish(change(1, TWO))
    assert len(mailbox) == 0


def test_an_unsubscribed_mailbox_gets_nothing_more_and_others_stay() -> None:
    bus = PinBus()
    gone, stays = box(), box()
    for mailbox in (gone, stays):
        bus.subscribe(mailbox, origin=None, echo=True)
        bus.subscribe(mailbox, origin=TWO, echo=False)
        bus.subscribe_commands(mailbox, device="shed", origin=TWO)
    bus.subscribe_commands(gone, device="attic", origin=TWO)
    bus.unsubscribe(gone)
    for device in ("shed", "attic"):
        bus.unsubscribe_commands(gone, device=device)
    bus.publish_command(change(1, ONE))
    bus.publish_command(change(2, ONE, device="attic"))
    assert len(gone) == 0
    assert [one.seq for one in stays.drain()] == [1, 1, 1, 2, 2]


def test_unsubscribing_a_stranger_changes_nothing() -> None:
    bus = PinBus()
    mailbox = box()
    bus.subscribe(mailbox, origin=None, echo=True)
    bus.unsubscribe(box())
    bus.unsubscribe_commands(box(), device="nowhere")
    bus.publish(change(1, ONE))
    assert len(mailbox) == 1


def test_a_sink_may_unsubscribe_while_it_is_woken() -> None:
    bus = PinBus()

    def leave() -> None:
        bus.unsubscribe(leaving)
        bus.unsubscribe_commands(leaving, device="shed")

    leaving = Mailbox(10, Overflow.CLOSE, wake=leave)
    behind = box()
    for mailbox in (leaving, behind):
        bus.subscribe(mailbox, origin=None, echo=True)
        bus.subscribe(mailbox, origin=TWO, echo=False)
        bus.subscribe_commands(mailbox, device="shed", origin=TWO)
    bus.publish_command(change(1, ONE))
    bus.publish_command(change(2, ONE))
    assert [one.seq for one in behind.drain()] == [1, 1, 1, 2, 2, 2]
    assert 2 not in [one.seq for one in leaving.drain()]


def test_a_token_goes_to_those_who_must_see_every_change() -> None:
    bus = PinBus()
    journal, others = Mailbox(10, Overflow.PAUSE, gate=Gate()), box()
    for one in (journal, others):
        bus.subscribe(one, origin=None, echo=True)
    heard: list[str] = []
    bus.publish_token(lambda: heard.append("token"))
    for token in [*journal.take_tokens(), *others.take_tokens()]:
        token()
    assert heard == ["token"]
    bus.unsubscribe(journal)
    bus.publish_token(lambda: heard.append("second"))
    assert journal.take_tokens() == []
