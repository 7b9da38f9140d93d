from pathlib import Path

import pytest

from blynk_gateway.core.change import EventChange
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.notifications import Channel, Notification
from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import encode_frame
from tests.helpers.clock import FakeClock
from tests.helpers.devices import API, OTHER_TOKEN, Bench, running
from tests.helpers.notifications import MemoryNotifier
from tests.helpers.wire import TOKEN, Frame

SUMMER_MS = 1_720_000_000_123


class StoppedClock(FakeClock):
    """Wall clock that stands still; deadlines never come."""

    def __init__(self) -> None:
        super().__init__(SUMMER_MS)


async def test_sync_of_some_pins_answers_those_that_have_a_value(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add("greenhouse", TOKEN, Datastream("V3", "Fan", default=("0",)))
        bench.command("V10", "a", "b")
        async with await bench.log_in() as peer:
            peer.send(encode_frame(16, 44, b"vr\x0010\x003\x0099"))
            assert await peer.fence() == [
                Frame(20, 44, b"vw\x0010\0a\0b"),
                Frame(20, 44, b"vw\x003\x000"),
            ]


async def test_sync_all_answers_in_pin_order_without_unsynced_datastreams(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        hidden = Datastream("V2", "Button", default=("1",), is_synced=False)
        bench.add("greenhouse", TOKEN, hidden, Datastream("V4", "Empty"))
        for pin in ("V10", "D4", "V9", "A0"):
            bench.command(pin, "1")
        bench.store.set_mode("greenhouse", "D5", DirectPin(PinMode.PWM), API)
        bench.command("D5", "9")
        async with await bench.log_in() as peer:
            await peer.fence()
            peer.send(encode_frame(16, 5, b""))
            assert [one.body for one in await peer.fence()] == [
                b"vw\x009\x001",
                b"vw\x0010\x001",
                b"dw\x004\x001",
                b"aw\x005\x009",
                b"aw\x000\x001",
            ]


async def test_sync_all_never_drives_inputs_and_pins_that_nobody_commanded(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        pins = {"D4": DirectPin(PinMode.PULL_UP), "A0": DirectPin(PinMode.IN)}
        bench.registry.add(DeviceDefinition("greenhouse", "G", TOKEN, pins=pins), API)
        async with await bench.log_in() as peer:
            for body in (b"dw\x004\x001", b"aw\x000\x00512", b"dw\x007\x001"):
                peer.send(encode_frame(20, 9, body))
            await peer.fence()
            peer.send(encode_frame(16, 5, b""))
            assert await peer.fence() == []
            peer.send(encode_frame(16, 6, b"dr\x004"))
            assert await peer.fence() == [Frame(20, 6, b"dw\x004\x001")]


async def test_unknown_property_is_answered_by_11_and_changes_nothing(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = bench.add()
        async with await bench.log_in() as peer:
            peer.send(encode_frame(19, 8, b"1\0volume\x0011"))
            assert await peer.fence() == [Frame(0, 8, b"11")]
            assert device.properties == {}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (b"rtc\0sync", b"rtc\x001720007200"),
        (b"utc\0time", b"utc\0time\x001720000000123"),
        (b"utc\0iso", b"utc\0iso\x002024-07-03T11:46:40+02:00"),
        (b"utc\0tz", b"utc\0tz\x0060\x0060"),
        (b"utc\0tz_name", b"utc\0tz_name\0Europe/Berlin"),
        (b"utc\0tz_rule", b"utc\0tz_rule\0CET-1CEST,M3.5.0,M10.5.0/3"),
        (b"utc\0dst_next", b"utc\0dst_next\x001729990800\x0060\x001743296400\x00120"),
    ],
)
async def test_time_is_told_in_every_form(tmp_path: Path, question: bytes, answer: bytes) -> None:
    async with running(Bench(tmp_path, clock=StoppedClock())) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            peer.send(encode_frame(17, 6, question))
            assert await peer.fence() == [Frame(17, 6, answer)]


async def test_time_is_told_as_soon_as_it_is_known(tmp_path: Path) -> None:
    async with running(Bench(tmp_path, clock=StoppedClock())) as bench:
        bench.add()
        quality = bench.parts.clock_quality
        quality.is_trusted = False
        async with await bench.log_in() as peer, await bench.log_in() as silent:
            for message_id, question in enumerate((b"rtc\0sync", b"utc\0time", b"rtc\0sync"), 6):
                peer.send(encode_frame(17, message_id, question))
            peer.send(encode_frame(17, 9, b"utc\0tz_name"))
            assert await peer.fence() == [Frame(17, 9, b"utc\0tz_name\0Europe/Berlin")]
            quality.resume(was_trusted=True, was_set=False)
            assert not quality.is_trusted, "2024 is before this program was made"
            quality._trust()
            assert await peer.fence() == [
                Frame(17, 8, b"rtc\x001720007200"),
                Frame(17, 7, b"utc\0time\x001720000000123"),
            ]
            assert await silent.fence() == []
            peer.send(encode_frame(17, 10, b"rtc\0sync"))
            assert await peer.fence() == [Frame(17, 10, b"rtc\x001720007200")]


async def test_metadata_is_set_told_and_unknown_fields_are_met_by_silence(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = bench.add()
        async with await bench.log_in() as peer:
            peer.send(encode_frame(17, 6, b"meta\0set\0Serial\x0012345"))
            peer.send(encode_frame(17, 7, b"meta\0get\0Serial"))
            peer.send(encode_frame(17, 8, b"meta\0get\0Nothing"))
            assert await peer.fence() == [Frame(17, 7, b"meta\0Serial\x0012345")]
            assert device.metadata == {"Serial": "12345"}


async def test_the_auth_token_field_yields_the_token_and_cannot_be_set(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = bench.add()
        async with await bench.log_in() as peer:
            peer.send(encode_frame(17, 6, b"meta\0set\0Auth Token\0mine"))
            peer.send(encode_frame(17, 7, b"meta\0get\0Auth Token"))
            assert await peer.fence() == [
                Frame(0, 6, b"6"),
                Frame(17, 7, b"meta\0Auth Token\0" + TOKEN.encode()),
            ]
            assert device.metadata == {}


async def test_metadata_that_is_too_long_is_answered_by_11(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            peer.send(encode_frame(17, 6, b"meta\0set\0Serial\0" + b"x" * 300))
            assert await peer.fence() == [Frame(0, 6, b"11")]


async def test_events_go_into_the_timeline_within_their_limits(tmp_path: Path) -> None:
    clock = StoppedClock()
    async with running(Bench(tmp_path, clock=clock)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            peer.send(encode_frame(64, 6, b"hot\0Too hot"))
            peer.send(encode_frame(64, 7, b"hot"))
            peer.send(encode_frame(64, 8, b"cold"))
            peer.send(encode_frame(65, 9, b"hot\0all"))
            peer.send(encode_frame(64, 10, b"long\0" + b"x" * 301))
            statuses = [one.body for one in await peer.fence()]
            assert statuses == [b"200", b"1", b"200", b"200", b"11"]
            clock.advance(1)
            peer.send(encode_frame(64, 11, b"hot"))
            assert await peer.fence() == [Frame(0, 11, b"200")]
        found = [one for one in bench.changes.drain() if isinstance(one, EventChange)]
        # Conflated by code, as displays see them.
        assert {(one.kind.value, one.code, one.description) for one in found} == {
            ("logged", "hot", "Too hot"),
            ("logged", "cold", ""),
            ("resolved", "hot", "all"),
            ("logged", "hot", ""),
        }


@pytest.mark.parametrize(
    ("command", "body", "code", "text"),
    [
        (Command.NOTIFY, b"Alarm", "notify", "Alarm"),
        (Command.TWEET, b"Hello", "tweet", "Hello"),
        (Command.SMS, b"Hi", "sms", "Hi"),
        (Command.EMAIL, b"me@example.org\0Subj\0Body", "email", "me@example.org: Subj: Body"),
        (Command.EMAIL, b"Subj\0" + b"x" * 400, "email", "Subj: " + "x" * 294),
    ],
)
async def test_a_notification_becomes_an_event_once_in_five_seconds(
    tmp_path: Path, command: Command, body: bytes, code: str, text: str
) -> None:
    clock = StoppedClock()
    async with running(Bench(tmp_path, clock=clock)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            peer.send(encode_frame(command, 6, body))
            peer.send(encode_frame(command, 7, body))
            assert await peer.fence() == [Frame(0, 6, b"200"), Frame(0, 7, b"1")]
        found = [one for one in bench.changes.drain() if isinstance(one, EventChange)]
        assert [(one.kind.value, one.code, one.description) for one in found] == [
            ("notification", code, text)
        ]


async def test_a_bridge_writes_another_devices_pin_with_the_senders_message_id(
    tmp_path: Path,
) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.add("other", OTHER_TOKEN)
        async with await bench.log_in() as peer, await bench.log_in(OTHER_TOKEN) as other:
            peer.send(encode_frame(15, 6, b"64\0i\0" + OTHER_TOKEN.encode()))
            assert await peer.receive() == Frame(0, 6, b"200")
            for number in range(2000):
                peer.send(encode_frame(15, 77, b"64\0vw\x001\0%d" % number))
            assert await peer.fence() == []
            assert bench.value("V1", "other") == ("1999",)
            assert await other.fence() == [
                Frame(15, 77, b"vw\x001\0%d" % number) for number in range(2000)
            ]


async def test_a_bridge_to_itself_reaches_the_sibling_but_not_the_sender(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer, await bench.log_in() as sibling:
            peer.send(encode_frame(15, 6, b"64\0i\0" + TOKEN.encode()))
            peer.send(encode_frame(15, 7, b"64\0dw\x004\x001"))
            assert await peer.fence() == [Frame(0, 6, b"200")]
            assert await sibling.fence() == [
                Frame(20, 1, b"pm\x004\0out"),
                Frame(15, 7, b"dw\x004\x001"),
            ]


async def test_bridge_errors_have_the_originals_statuses(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        read_only = Datastream("V9", "Sensor", is_writable=False)
        bench.add("other", OTHER_TOKEN, read_only)
        async with await bench.log_in() as peer:
            peer.send(encode_frame(15, 5, b"1\0i\0no-such-token"))
            peer.send(encode_frame(15, 6, b"1\0vw\x001\x001"))
            peer.send(encode_frame(15, 7, b"1\0i\0" + OTHER_TOKEN.encode()))
            peer.send(encode_frame(15, 8, b"1\0vw\x001\x005"))
            peer.send(encode_frame(15, 9, b"1\0vw\x009\x005"))
            assert [(one.message_id, one.body) for one in await peer.fence()] == [
                (5, b"6"),
                (6, b"6"),
                (7, b"200"),
                (8, b"7"),
                (9, b"2"),
            ]
            assert bench.value("V1", "other") == ("5",)


async def test_a_bridge_ends_with_the_token_it_was_bound_by(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        other = bench.add("other", OTHER_TOKEN)
        async with await bench.log_in() as peer:
            peer.send(encode_frame(15, 5, b"1\0i\0" + OTHER_TOKEN.encode()))
            assert await peer.fence() == [Frame(0, 5, b"200")]
            bench.registry.remove(other.slug, API)
            peer.send(encode_frame(15, 6, b"1\0vw\x001\x001"))
            assert await peer.fence() == [Frame(0, 6, b"6")]


async def test_a_connection_has_at_most_a_hundred_bridges(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            for bridge in range(101):
                peer.send(encode_frame(15, bridge + 1, b"%d\0i\0%s" % (bridge, TOKEN.encode())))
            statuses = [one.body for one in await peer.fence()]
            assert statuses == [b"200"] * 100 + [b"6"]


async def test_a_mail_goes_to_one_address_or_nowhere(tmp_path: Path) -> None:
    notifier = MemoryNotifier()
    recipients = [b"", b"not an address", b"a@b\r\nBcc: c@d", b"a@b|c@d", b"a@b,c@d", b"\xff@b"]
    async with running(Bench(tmp_path, notifier=notifier)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            for number, recipient in enumerate(recipients, 5):
                peer.send(encode_frame(Command.EMAIL, number, recipient + b"\0Subj\0Body"))
            assert [one.body for one in await peer.fence()] == [b"2"] * len(recipients)
            # Nothing of it counts.
            peer.send(encode_frame(Command.EMAIL, 50, b"a@b\0Subj\0Body"))
            assert [one.body for one in await peer.fence()] == [b"200"]
    assert [one.recipient for _, one in notifier.taken] == ["a@b"]


async def test_notifications_are_handed_over_whole(tmp_path: Path) -> None:
    notifier = MemoryNotifier()
    async with running(Bench(tmp_path, notifier=notifier)) as bench:
        bench.add()
        body = "x" * 400
        async with await bench.log_in() as peer:
            peer.send(encode_frame(Command.NOTIFY, 5, b"Alarm"))
            peer.send(encode_frame(Command.NOTIFY, 6, b"too soon"))
            peer.send(encode_frame(Command.NOTIFY, 7, b"x" * 256))
            peer.send(encode_frame(Command.EMAIL, 8, f"me@example.org\0Hot\0{body}".encode()))
            peer.send(encode_frame(Command.TWEET, 9, b"Hello"))
            peer.send(encode_frame(Command.SMS, 10, b"Hello"))
            statuses = [one.body for one in await peer.fence()]
            assert statuses == [b"200", b"1", b"13", b"200", b"200", b"200"]
    assert [device for device, _ in notifier.taken] == ["greenhouse"] * 4
    assert [notification for _, notification in notifier.taken] == [
        Notification(Channel.PUSH, "Alarm"),
        Notification(Channel.EMAIL, body, "Hot", "me@example.org"),
        Notification(Channel.TWEET, "Hello"),
        Notification(Channel.SMS, "Hello"),
    ]
