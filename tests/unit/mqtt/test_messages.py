import pytest

from blynk_gateway.broker.message import Message
from blynk_gateway.core.messages import TopicMessage
from blynk_gateway.errors import PeerDown
from blynk_gateway.mqtt.messages import PUBLISHED_BURST, RuleMessages
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import FakeOutlet


async def connected() -> tuple[RuleMessages, FakeOutlet, FakeClock]:
    clock = FakeClock()
    messages, outlet = RuleMessages(clock), FakeOutlet()
    await messages.connected(outlet)
    return messages, outlet, clock


async def test_publishes_by_the_connection_that_is_there() -> None:
    messages, outlet, _ = await connected()
    messages.publish("alarm", "on", qos=1, retain=True)
    (sent,) = outlet.sent
    assert (sent.topic, sent.payload, sent.qos, sent.retain) == ("alarm", "on", 1, True)


async def test_without_a_connection_says_so_and_keeps_nothing() -> None:
    messages, outlet, _ = await connected()
    messages.disconnected()
    with pytest.raises(PeerDown, match="not connected"):
        messages.publish("alarm", "on", qos=0, retain=False)
    await messages.connected(outlet)
    assert outlet.sent == []


async def test_rule_that_runs_away_does_not_fill_the_memory() -> None:
    messages, outlet, clock = await connected()
    for _ in range(PUBLISHED_BURST):
        messages.publish("a", "1", qos=0, retain=False)
    with pytest.raises(PeerDown, match="more than"):
        messages.publish("a", "1", qos=0, retain=False)
    clock.advance(1)
    messages.publish("a", "2", qos=0, retain=False)
    assert len(outlet.sent) == PUBLISHED_BURST + 1


async def test_each_filter_hears_its_messages_but_no_retained_ones() -> None:
    messages, _, _ = await connected()
    heard: list[tuple[str, TopicMessage]] = []
    messages.listen(["door/+", "door/+", "#"], lambda one, message: heard.append((one, message)))
    subscriptions = list(messages.subscriptions())
    assert [one.filter for one in subscriptions] == ["door/+", "#"]
    for one in subscriptions:
        one.handler(Message("door/front", b"open"))
        one.handler(Message("door/front", b"old", is_retained=True))
    message = TopicMessage("door/front", b"open")
    assert heard == [("door/+", message), ("#", message)]


async def test_nobody_listens_at_first() -> None:
    messages, _, _ = await connected()
    assert list(messages.subscriptions()) == []
