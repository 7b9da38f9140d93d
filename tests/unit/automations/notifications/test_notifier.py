"""All services with processes that are made up, by a clock that stands still."""

import errno
import logging

import pytest

from blynk_gateway.automations.notifications.notifier import Notifier
from blynk_gateway.automations.notifications.sender import MISSING, Answer, Outcome
from blynk_gateway.automations.timers import Timers
from blynk_gateway.config.notifications.options import NotificationOptions
from blynk_gateway.core.automations import UnknownService
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.device import Device
from blynk_gateway.core.notifications import Channel, Notification
from blynk_gateway.runtime.health import ComponentHealth, HealthState
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted
from tests.helpers.notifications import (
    BAD_URL,
    DOWN,
    SENT,
    MemoryOutbox,
    Post,
    Results,
    Sent,
    options,
    service_options,
    settled,
)

ANNA = Device(DeviceDefinition("greenhouse", "Greenhouse", "0" * 32))


class Bench:
    """A notifier, and everything around it."""

    def __init__(
        self, defined: NotificationOptions | None, outbox: MemoryOutbox | None = None
    ) -> None:
        self.clock = FakeClock(1_800_000_000_000)
        self.parts = Parts.new(self.clock, Zone.of("Europe/Berlin"), trusted(self.clock))
        self.timers = Timers(self.clock)
        self.post = Post()
        self.outbox = outbox or MemoryOutbox()
        self.results = Results()
        self.notifier = Notifier(self.parts, self.timers, self.outbox, self.post.start)
        self.notifier.define(defined)

    def notify(self, text: str = "hot", *, rule: str = "too-hot", to: tuple[str, ...] = ()) -> None:
        self.notifier.notify(to, "Title", text, rule, 5000, self.results)

    async def told(self, count: int = 1) -> list[tuple[str, bool]]:
        """So many results are known."""
        await settled(lambda: len(self.results.all) >= count)
        return self.results.all

    @property
    def health(self) -> ComponentHealth:
        return self.parts.health.components["notifications"]


async def test_a_rule_tells_by_the_default_services_or_by_those_it_names() -> None:
    bench = Bench(options("phone", "mail", "pager", default=("phone", "mail")))
    bench.notify()
    bench.notify(rule="other", to=("pager", "pager"))
    assert sorted(await bench.told(2)) == [
        ("pager: sent", False),
        ("phone: sent; mail: sent", False),
    ]
    assert sorted(one.url for one in bench.post.tried) == [
        "ntfy://mail",
        "ntfy://pager",
        "ntfy://phone",
    ]
    assert bench.outbox.entries == {}
    await bench.notifier.stop()


async def test_a_rule_without_a_title_has_that_of_the_program() -> None:
    bench = Bench(options("phone"))
    bench.notifier.notify((), "", "hot", "too-hot", 0, bench.results)
    await bench.told()
    assert bench.post.tried == [Sent("ntfy://phone", "Blynk Gateway", "hot", "")]
    await bench.notifier.stop()


async def test_what_a_device_wrote_into_the_text_of_a_rule_is_text_alone() -> None:
    bench = Bench(options("phone"))
    title = "at 3\r\nBcc: me@example.org\0\x1b" + "x" * 3000
    bench.notifier.notify((), title, "a\r\nb\0c\udcff", "too-hot", 0, bench.results)
    bench.notifier.notify((), "\r\n", "hot", "other", 0, bench.results)
    await bench.told(2)
    first, second = bench.post.tried
    assert first.title == ("at 3 Bcc: me@example.org" + "x" * 3000)[:250]
    assert first.text == "a\nbc\N{REPLACEMENT CHARACTER}"
    assert second.title == "Blynk Gateway"
    await bench.notifier.stop()


@pytest.mark.parametrize(
    ("defined", "to", "result"),
    [
        (None, (), "no service: notifications.default names none"),
        (options("phone", default=()), (), "no service: notifications.default names none"),
        (options("phone"), ("phon",), "phon: no service phon"),
    ],
)
async def test_nobody_to_tell_is_a_failure(
    defined: NotificationOptions | None, to: tuple[str, ...], result: str
) -> None:
    bench = Bench(defined)
    bench.notify(to=to)
    assert bench.results.all == [(result, True)]
    await bench.notifier.stop()


async def test_one_of_several_services_that_fails_is_named() -> None:
    bench = Bench(options("phone", "mail", default=("phone", "mail")))
    bench.post.answer = lambda sent: BAD_URL if sent.url == "ntfy://mail" else SENT
    bench.notify()
    assert await bench.told() == [("phone: sent; mail: its URL is none", True)]
    await bench.notifier.stop()


async def test_a_rule_that_tells_too_often_is_held_back_which_is_no_failure() -> None:
    bench = Bench(options("phone"))
    bench.notify("first")
    bench.notify("second")
    bench.notify("another rule's", rule="cold")
    bench.clock.advance(5)
    bench.notify("third")
    assert len(await bench.told(4)) == 4
    assert bench.results.all[0] == ("held back: less than 5 s after the last", False)
    assert bench.post.texts == ["first", "another rule's", "third"]
    assert bench.parts.health.counters["notifications_limited"] == 1
    await bench.notifier.stop()


async def test_a_rule_that_tells_two_services_apart_tells_both() -> None:
    bench = Bench(options("phone", "mail"))
    for to in ("phone", "mail", "phone"):
        bench.notify(to, to=(to,))
    await bench.told(3)
    assert sorted(bench.post.texts) == ["mail", "phone"]
    await bench.notifier.stop()


async def test_over_the_cap_people_are_told_once_an_hour_that_more_is_held_back() -> None:
    bench = Bench(options("phone", "mail", cap=2))
    for number in range(5):
        bench.notify(str(number), rule=f"rule-{number}", to=("mail",))
    assert (await bench.told(5))[:3] == [("over the hourly cap of 2", True)] * 3
    await settled(lambda: len(bench.post.tried) == 3)
    assert bench.post.texts[:2] == ["0", "1"]
    assert "hourly cap of 2 is reached" in bench.post.texts[2]
    assert bench.post.tried[2].url == "ntfy://mail"
    assert bench.parts.health.counters["notifications_over_cap"] == 3
    bench.clock.advance(3600)
    bench.notify("later", rule="rule-0", to=("mail",))
    assert (await bench.told(6))[5] == ("mail: sent", False)
    await bench.notifier.stop()


async def test_a_device_tells_by_the_services_of_its_channel_without_a_cap() -> None:
    bench = Bench(options("phone", "mail", cap=1, push=("phone",), email=("mail",)))
    bench.notify()
    for channel in Channel:
        notification = Notification(channel, "t", "Subject", "me@example.org")
        bench.notifier.device_notification(ANNA, notification)
    bench.notifier.device_notification(ANNA, Notification(Channel.PUSH, "again"))
    await settled(lambda: len(bench.post.tried) == 4)
    assert sorted(bench.post.tried) == [
        Sent("ntfy://mail", "Subject", "t", "me@example.org"),
        Sent("ntfy://phone", "Greenhouse", "again", ""),
        Sent("ntfy://phone", "Subject", "t", "me@example.org"),
        Sent("ntfy://phone", "Title", "hot", ""),
    ]
    await bench.notifier.stop()


async def test_what_waits_survives_a_restart_in_its_order() -> None:
    bench = Bench(options("phone", "mail"))
    bench.post.answer = lambda _: DOWN
    bench.notify("one", rule="a")
    bench.notify("two", rule="b")
    bench.notify("three", rule="c", to=("mail",))
    await settled(lambda: len(bench.post.tried) == 2)
    await bench.notifier.stop()
    assert bench.outbox.texts == ["one", "two", "three"]
    assert bench.results.all == []
    again = Bench(options("phone"), bench.outbox)
    await again.notifier.start()
    await settled(lambda: len(again.post.tried) == 2)
    assert again.post.texts == ["one", "two"]
    assert again.parts.health.counters["notifications_failed"] == 1, "its service is gone"
    await settled(lambda: again.outbox.entries == {})
    await again.notifier.stop()


async def test_what_is_no_notification_in_the_outbox_is_dropped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(options("phone"))
    bench.outbox.put("notification", "k", {"service": "phone"})
    await bench.notifier.start()
    assert bench.outbox.entries == {}
    assert "dropped" in caplog.text
    await bench.notifier.stop()


async def test_every_url_is_looked_at_by_one_process_which_is_ended() -> None:
    bench = Bench(options("phone", "mail"))
    bench.post.check = lambda url: BAD_URL if url == "ntfy://mail" else SENT
    await bench.notifier.start()
    await settled(lambda: len(bench.post.checked) == 2 and not bench.post.running)
    assert bench.post.started == 1
    assert bench.health == (HealthState.DEGRADED, f"mail: {BAD_URL.reason}")
    bench.notifier.define(options("phone", "mail", cap=1))
    assert len(bench.post.checked) == 2, "nothing changed there"
    bench.post.check = lambda _: SENT
    mended = NotificationOptions({"mail": service_options("mail", "ntfy://new")})
    bench.notifier.define(mended)
    await settled(lambda: len(bench.post.checked) == 3 and not bench.post.running)
    assert bench.health == (HealthState.OK, "")
    await bench.notifier.stop()


async def test_a_good_url_does_not_excuse_what_a_message_complained_about() -> None:
    bench = Bench(options("phone"))
    bench.post.answer = lambda _: DOWN
    bench.notify()
    await settled(lambda: bench.health == (HealthState.DEGRADED, f"phone: {DOWN.reason}"))
    await bench.notifier.start()
    await settled(lambda: len(bench.post.checked) == 1 and len(bench.post.running) == 1)
    assert bench.health == (HealthState.DEGRADED, f"phone: {DOWN.reason}")
    await bench.notifier.stop()


async def test_without_apprise_health_says_how_to_get_it_once() -> None:
    bench = Bench(options("phone", "mail"))
    bench.post.check = lambda _: Answer(Outcome.REFUSED, MISSING)
    await bench.notifier.start()
    await settled(lambda: len(bench.post.checked) == 2)
    await settled(lambda: bench.health == (HealthState.DEGRADED, MISSING))
    bench.post.check = lambda _: SENT
    bench.notifier.define(options("phone", "mail"))
    await settled(lambda: bench.health == (HealthState.OK, ""))
    await bench.notifier.stop()


async def test_urls_that_nothing_can_look_at_are_only_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    bench = Bench(options("phone"))
    bench.post.fault = OSError(errno.ENOMEM, "Cannot allocate memory")
    await bench.notifier.start()
    await settled(lambda: "not checked" in caplog.text)
    assert bench.health == (HealthState.OK, "")
    await bench.notifier.stop()


async def test_a_stop_ends_a_look_at_urls() -> None:
    bench = Bench(options("phone"))
    await bench.notifier.start()
    await bench.notifier.stop()
    assert bench.post.running == set()


async def test_a_reload_keeps_what_waits_and_fails_what_has_no_service_any_more() -> None:
    bench = Bench(options("phone", "mail"))
    await bench.notifier.start()
    bench.post.answer = lambda _: DOWN
    bench.notify("one", rule="a")
    bench.notify("two", rule="b", to=("mail",))
    await settled(lambda: len(bench.post.tried) == 2)
    bench.notifier.define(options("phone"))
    assert await bench.told() == [("mail: the service mail is gone", True)]
    assert [state.name for state in bench.notifier.states()] == ["phone"]
    assert bench.outbox.texts == ["one"]
    bench.notifier.define(None)
    assert bench.notifier.states() == []
    assert bench.outbox.texts == []
    await bench.notifier.stop()
    assert bench.post.running == set()


async def test_a_test_has_a_process_of_its_own_and_its_success_hurries_the_rest() -> None:
    bench = Bench(options("phone"))
    bench.post.answer = lambda _: DOWN
    bench.notify()
    await settled(lambda: bench.notifier.states()[0].detail != "")
    assert await bench.notifier.test("phone") == DOWN.reason
    bench.post.answer = lambda _: SENT
    assert await bench.notifier.test("phone") == ""
    assert await bench.told() == [("phone: sent", False)]
    assert bench.post.texts[1:3] == ["This is a test. Notifications by this service work."] * 2
    bench.post.fault = OSError(errno.EAGAIN, "Resource temporarily unavailable")
    assert "cannot be started" in await bench.notifier.test("phone")
    with pytest.raises(UnknownService):
        await bench.notifier.test("phon")
    await bench.notifier.stop()
    assert bench.post.running == set()
