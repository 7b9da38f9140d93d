"""One service with processes that are made up, by a clock that stands still."""

import errno
from collections.abc import Callable

import pytest

from blynk_gateway.automations.notifications.message import Message
from blynk_gateway.automations.notifications.sender import Answer
from blynk_gateway.automations.notifications.service import MAX_WAITING, Service
from blynk_gateway.automations.timers import Timers
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted
from tests.helpers.notifications import (
    BAD_URL,
    DOWN,
    SENT,
    Post,
    Results,
    Sent,
    service_options,
    settled,
)


class Bench:
    """A service, and everything around it."""

    def __init__(self) -> None:
        self.clock = FakeClock(1_800_000_000_000)
        self.parts = Parts.new(self.clock, Zone.of("Europe/Berlin"), trusted(self.clock))
        self.timers = Timers(self.clock)
        self.post = Post()
        self.results = Results()
        self.forgotten: list[str] = []
        self.changes = 0
        self.service = Service(
            service_options(),
            self.parts,
            self.timers,
            lambda message: self.forgotten.append(message.key),
            self._changed,
            self.post.start,
        )

    def _changed(self) -> None:
        self.changes += 1

    def put(self, *texts: str, rule: str = "too-hot") -> None:
        for text in texts:
            self.service.put(self.message(text, rule))

    def message(self, text: str, rule: str = "too-hot") -> Message:
        return Message(
            key=text,
            service="phone",
            rule=rule,
            title="T",
            text=text,
            at_ms=self.clock.now_ms(),
            is_time_known=True,
            born=self.clock.monotonic(),
            done=self.results,
        )

    async def reached(self, condition: Callable[[], bool]) -> None:
        await settled(condition)

    async def tried(self, attempts: int) -> None:
        """So many attempts were made, and the service rests."""
        await settled(lambda: len(self.post.tried) == attempts and self.service._task is None)

    def after(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.timers.advance()


async def test_messages_go_in_their_order_by_one_process() -> None:
    bench = Bench()
    bench.put("a", "b", "c")
    await bench.tried(3)
    assert bench.post.tried == [Sent("ntfy://garden", "T", text, "") for text in "abc"]
    assert bench.forgotten == ["a", "b", "c"]
    assert bench.results.all == [("sent", False)] * 3
    assert bench.post.started == 1
    state = bench.service.state()
    assert (state.kind, state.waiting, state.sent, state.failed) == ("ntfy", 0, 3, 0)
    assert state.last_ms == bench.clock.now_ms()
    await bench.service.stop()
    assert bench.post.running == set()


async def test_a_service_that_is_down_is_tried_again_later_and_later() -> None:
    bench = Bench()
    bench.post.answer = lambda _: DOWN
    bench.put("a")
    await bench.tried(1)
    assert bench.service.detail == DOWN.reason
    for attempt, wait_s in enumerate((5, 10, 20, 40, 80, 160, 320, 600, 600), 2):
        bench.after(wait_s - 0.1)
        await bench.tried(attempt - 1)
        bench.after(0.1)
        await bench.tried(attempt)
    assert bench.results.all == []
    bench.post.answer = lambda _: SENT
    bench.after(600)
    await bench.tried(11)
    assert bench.results.all == [("sent", False)]
    assert bench.service.detail == ""
    await bench.service.stop()


async def test_a_message_that_comes_late_says_from_when_it_is() -> None:
    bench = Bench()
    bench.post.answer = lambda _: DOWN
    bench.put("a")
    await bench.tried(1)
    bench.after(600)
    await bench.tried(2)
    assert bench.post.texts == ["a", "a\n(late: of 2027-01-15T09:00:00+01:00)"]
    await bench.service.stop()


async def test_after_a_day_a_message_is_given_up_and_the_next_has_its_turn() -> None:
    bench = Bench()
    bench.post.answer = lambda _: DOWN
    bench.put("a")
    await bench.tried(1)
    bench.clock.advance(86_399)
    bench.put("b")
    bench.after(0)
    await bench.tried(2)
    bench.after(600)
    await bench.reached(lambda: bench.forgotten == ["a"])
    assert bench.results.all == [(f"given up after a day: {DOWN.reason}", True)]
    assert bench.service.state().waiting == 1
    assert bench.parts.health.counters["notifications_failed"] == 1
    await bench.service.stop()


async def test_a_bad_url_fails_at_once() -> None:
    bench = Bench()
    bench.post.answer = lambda _: BAD_URL
    bench.put("a", "b")
    await bench.tried(2)
    assert bench.results.all == [(BAD_URL.reason, True)] * 2
    assert bench.service.detail == BAD_URL.reason
    await bench.service.stop()


async def test_a_message_that_is_never_taken_does_not_keep_the_others_back() -> None:
    bench = Bench()

    def answer(sent: Sent) -> Answer:
        return DOWN if sent.text.startswith("poison") else SENT

    bench.post.answer = answer
    bench.put("poison", "b", "c")
    for attempt, wait_s in enumerate((5, 10, 20), 1):
        await bench.tried(attempt)
        bench.after(wait_s)
    await bench.tried(6)
    assert bench.post.texts == ["poison"] * 4 + ["b", "c"]
    assert bench.results.all == [
        ("sent", False),
        (f"{DOWN.reason}; others are taken, so it is not tried again", True),
        ("sent", False),
    ]
    assert bench.service.detail == ""
    await bench.service.stop()


async def test_while_all_fail_none_is_blamed() -> None:
    bench = Bench()
    bench.post.answer = lambda _: DOWN
    bench.put("a", "b")
    for attempt, wait_s in enumerate((5, 10, 20), 1):
        await bench.tried(attempt)
        bench.after(wait_s)
    await bench.tried(5)
    assert bench.post.texts == ["a", "a", "a", "a", "b"]
    assert bench.service.state().waiting == 2
    assert bench.results.all == []
    await bench.service.stop()


async def test_a_full_queue_drops_the_oldest_of_the_same_rule() -> None:
    bench = Bench()
    bench.post.gate.clear()
    bench.put("hand")
    await bench.reached(lambda: bench.post.texts == ["hand"])
    bench.put("other", rule="cold")
    bench.put(*(str(number) for number in range(MAX_WAITING - 2)))
    assert bench.service.state().waiting == MAX_WAITING
    bench.put("new")
    assert bench.forgotten == ["0"], "and not the one that is just being sent"
    bench.put("newer", rule="nobody's")
    assert bench.forgotten == ["0", "other"]
    assert bench.results.all[0] == ("dropped: 100 wait for phone", True)
    assert bench.parts.health.counters["notifications_dropped"] == 2
    bench.post.gate.set()
    await bench.tried(MAX_WAITING)
    assert bench.post.texts[-2:] == ["new", "newer"]
    await bench.service.stop()


async def test_an_idle_process_is_ended_and_a_new_one_made_when_it_is_needed() -> None:
    bench = Bench()
    bench.put("a")
    await bench.tried(1)
    bench.after(299)
    bench.put("b")
    await bench.tried(2)
    bench.after(299)
    assert len(bench.post.running) == 1
    bench.after(1)
    await bench.reached(lambda: bench.post.running == set())
    bench.put("c")
    await bench.tried(3)
    assert bench.post.started == 2
    await bench.service.stop()


async def test_during_a_long_outage_no_process_waits_along() -> None:
    bench = Bench()
    bench.post.answer = lambda _: DOWN
    bench.put("a")
    for attempt, wait_s in enumerate((5, 10, 20, 40, 80, 160), 1):
        await bench.tried(attempt)
        bench.after(wait_s)
    await bench.tried(7)
    assert len(bench.post.running) == 1
    bench.after(300)
    await bench.reached(lambda: bench.post.running == set() and bench.service._task is None)
    bench.after(20)
    await bench.tried(8)
    assert bench.post.started == 2
    await bench.service.stop()


async def test_a_system_that_starts_no_process_is_tried_again() -> None:
    bench = Bench()
    bench.post.fault = OSError(errno.EAGAIN, "Resource temporarily unavailable")
    bench.put("a")
    await bench.reached(lambda: bench.service.detail != "")
    assert "cannot be started: Resource temporarily unavailable" in bench.service.detail
    bench.post.fault = None
    bench.after(5)
    await bench.tried(1)
    assert bench.results.all == [("sent", False)]
    await bench.service.stop()


async def test_another_url_is_tried_at_once_and_the_same_one_changes_nothing() -> None:
    bench = Bench()
    bench.post.answer = lambda sent: SENT if sent.url == "ntfy://other" else DOWN
    bench.put("a")
    await bench.tried(1)
    bench.service.redefine(service_options())
    assert bench.service.detail == DOWN.reason
    assert bench.service._task is None
    bench.service.redefine(service_options(url="ntfy://other"))
    assert bench.service.detail == ""
    await bench.tried(2)
    assert bench.results.all == [("sent", False)]
    await bench.service.stop()


@pytest.mark.parametrize("first", [SENT, DOWN, BAD_URL])
async def test_what_the_old_url_said_during_a_reload_does_not_count(first: Answer) -> None:
    bench = Bench()
    bench.post.answer = lambda sent: SENT if sent.url == "ntfy://other" else first
    bench.post.gate.clear()
    bench.put("a")
    await bench.reached(lambda: bench.post.texts == ["a"])
    bench.service.redefine(service_options(url="ntfy://other"))
    bench.post.gate.set()
    await bench.tried(1 if first is SENT else 2)
    assert bench.results.all == [("sent", False)]
    assert bench.service.detail == ""
    await bench.service.stop()


async def test_a_stop_waits_for_the_message_that_is_just_being_sent() -> None:
    bench = Bench()
    bench.post.gate.clear()
    bench.put("a", "b")
    await bench.reached(lambda: bench.post.texts == ["a"])
    bench.post.answer = lambda _: BAD_URL if "b" in bench.post.texts else SENT
    stopping = bench.service.stop()
    bench.post.gate.set()
    await stopping
    assert bench.forgotten[0] == "a"
    assert bench.post.running == set()


async def test_a_stop_leaves_what_hangs_in_the_outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blynk_gateway.automations.notifications.service.STOP_S", 0.01)
    bench = Bench()
    bench.post.gate.clear()
    bench.put("a")
    await bench.reached(lambda: bench.post.texts == ["a"])
    await bench.service.stop()
    assert bench.forgotten == []
    assert bench.results.all == []
    assert bench.post.running == set()


async def test_what_an_earlier_run_left_goes_first() -> None:
    bench = Bench()
    bench.post.answer = lambda _: DOWN
    bench.put("new")
    await bench.tried(1)
    bench.post.answer = lambda _: SENT
    bench.service.restore([bench.message("old"), bench.message("older")])
    bench.after(5)
    await bench.tried(4)
    assert bench.post.texts == ["new", "old", "older", "new"]
    await bench.service.stop()


async def test_a_service_that_is_gone_fails_what_waits() -> None:
    bench = Bench()
    bench.post.answer = lambda _: DOWN
    bench.put("a", "b")
    await bench.tried(1)
    bench.service.fail_all("the service phone is gone")
    assert bench.results.all == [("the service phone is gone", True)] * 2
    assert bench.forgotten == ["a", "b"]
    bench.after(5)
    await bench.service.stop()
    assert bench.post.texts == ["a"]
