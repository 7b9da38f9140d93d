from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.config.upstream.options import MappedPin
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.trail import TrailPoint
from blynk_gateway.upstream.lanes.live import Live

A, B, C = (PinAddress("greenhouse", pin) for pin in ("V1", "V2", "V3"))

NOW = 1000.0


def point(seq: int, address: PinAddress = A, value: str = "1") -> TrailPoint:
    return TrailPoint(seq, seq * 1000, address, (value,))


def make(*, is_merging: bool = False, dead_band: float = 0.0, min_interval_ms: int = 0) -> Live:
    """A, with a dead band or an interval, beside two plain pins."""
    return Live(
        {
            A: MappedPin(A, "V1", dead_band=dead_band, min_interval_ms=min_interval_ms),
            B: MappedPin(B, "V2"),
            C: MappedPin(C, "V3"),
        },
        is_merging=is_merging,
    )


def add(live: Live, *points: TrailPoint, now: float = NOW) -> None:
    for one in points:
        live.add(one, now)


def seqs(points: list[TrailPoint]) -> list[int]:
    return [one.seq for one in points]


def go(live: Live, now: float = NOW) -> list[str]:
    """Send everything that is due; what it was."""
    points = live.take(100, now)
    live.sent(points, now)
    return [one.value[0] for one in points]


def test_without_a_budget_each_value_goes_in_order() -> None:
    live = make()
    add(live, point(1), point(2, B), point(3), point(4))
    assert len(live) == 4
    assert seqs(live.take(100, NOW)) == [1, 2, 3, 4]
    assert len(live) == 0
    assert live.merged == 0


def test_no_more_is_taken_than_asked_for() -> None:
    live = make()
    add(live, point(1), point(2, B), point(3))
    assert seqs(live.take(2, NOW)) == [1, 2]
    assert seqs(live.take(0, NOW)) == []
    assert seqs(live.take(2, NOW)) == [3]


def test_with_a_budget_the_latest_of_each_pin_goes() -> None:
    live = make(is_merging=True)
    add(live, point(1), point(2, B), point(3), point(4))
    assert len(live) == 2
    assert seqs(live.take(100, NOW)) == [4, 2]
    assert live.merged == 2


def test_a_pin_that_changes_often_keeps_its_turn() -> None:
    live = make(is_merging=True)
    told = []
    for seq in range(0, 60, 3):
        add(live, point(seq, C), point(seq + 1, B), point(seq + 2, A))
        taken = live.take(1, NOW)
        live.sent(taken, NOW)
        told.append(taken[0].address.pin)
    assert told[:6] == ["V3", "V2", "V1", "V3", "V2", "V1"]


def test_what_waits_is_due_at_once_and_nothing_is_due_when_nothing_waits() -> None:
    live = make()
    assert live.next_at(NOW) is None
    add(live, point(1))
    assert live.next_at(NOW) == NOW
    live.take(1, NOW)
    assert live.next_at(NOW) is None


def test_equal_values_are_news_where_there_is_no_dead_band() -> None:
    live = make()
    add(live, point(1, value="1"), point(2, value="1"))
    assert go(live) == ["1", "1"]


# Urgent ones.


def test_urgent_ones_go_first() -> None:
    live = make(is_merging=True)
    add(live, point(1), point(2, B))
    live.add(point(3, C), NOW, is_urgent=True)
    assert live.urgent == 1
    assert seqs(live.take(1, NOW)) == [3]
    assert live.urgent == 0
    assert seqs(live.take(100, NOW)) == [1, 2]


def test_an_urgent_one_does_not_overtake_its_own_pin() -> None:
    live = make()
    add(live, point(1, B), point(2), point(3, B))
    live.add(point(4), NOW, is_urgent=True)
    add(live, point(5))
    assert live.urgent == 2
    assert seqs(live.take(2, NOW)) == [2, 4]
    assert seqs(live.take(100, NOW)) == [1, 3, 5]


def test_what_takes_the_place_of_an_urgent_one_is_urgent_too() -> None:
    live = make(is_merging=True)
    live.add(point(1), NOW, is_urgent=True)
    add(live, point(2))
    assert live.urgent == 1


def test_an_urgent_one_that_is_put_back_is_still_urgent() -> None:
    for is_merging in (False, True):
        live = make(is_merging=is_merging)
        live.add(point(1), NOW, is_urgent=True)
        taken = live.take(1, NOW)
        add(live, point(2))
        live.put_back(taken)
        assert live.urgent == 1


def test_what_is_put_back_before_an_urgent_one_goes_with_it() -> None:
    live = make()
    add(live, point(1))
    taken = live.take(1, NOW)
    live.add(point(2), NOW, is_urgent=True)
    live.put_back(taken)
    assert live.urgent == 2
    assert seqs(live.take(live.urgent, NOW)) == [1, 2]


def test_an_urgent_one_that_is_not_due_yet_does_not_count() -> None:
    live = make(min_interval_ms=5000)
    add(live, point(1))
    go(live)
    live.add(point(2), NOW + 1, is_urgent=True)
    assert live.urgent == 0
    assert live.next_at(NOW + 5) == NOW + 5
    assert live.urgent == 1


def test_what_is_dropped_leaves_no_urgency_behind() -> None:
    live = make(is_merging=True, dead_band=0.5)
    live.tell(A, ("20",))
    live.add(point(1, value="25"), NOW, is_urgent=True)
    add(live, point(2, value="20.1"), point(3, value="30"))
    assert (live.urgent, len(live)) == (0, 1)


# Acknowledgements.


def test_what_is_put_back_waits_in_front() -> None:
    live = make()
    add(live, point(1), point(2), point(3, B))
    taken = live.take(100, NOW)
    add(live, point(4), point(5, B))
    live.put_back(taken)
    assert seqs(live.take(100, NOW)) == [1, 2, 3, 4, 5]


def test_with_a_budget_what_is_put_back_gives_way_to_a_later_one() -> None:
    live = make(is_merging=True)
    add(live, point(1), point(2, B))
    taken = live.take(100, NOW)
    add(live, point(3))
    live.put_back(taken)
    assert live.merged == 1
    assert seqs(live.take(100, NOW)) == [3, 2]


def test_all_before_the_first_that_waits_or_is_on_its_way_is_done() -> None:
    live = make()
    assert live.done_seq(50) == 50
    add(live, point(10), point(20, B), point(30))
    assert live.done_seq(50) == 9
    taken = live.take(1, NOW)
    assert live.done_seq(50) == 9
    live.sent(taken, NOW)
    assert live.done_seq(50) == 19
    assert live.done_seq(15) == 15
    live.sent(live.take(100, NOW), NOW)
    assert live.done_seq(50) == 50


def test_what_was_merged_is_done() -> None:
    live = make(is_merging=True)
    add(live, point(10), point(20))
    assert live.done_seq(50) == 19


def test_a_snapshot_older_than_what_waits_holds_the_place() -> None:
    live = make()
    add(live, point(10), point(5))
    assert live.done_seq(50) == 4
    assert seqs(live.take(100, NOW)) == [10, 5]


def test_what_is_cleared_is_neither_sent_nor_waited_for() -> None:
    live = make()
    add(live, point(1), point(2, B))
    taken = live.take(1, NOW)
    live.clear()
    assert (len(live), live.next_at(NOW), live.done_seq(9)) == (0, None, 9)
    live.put_back(taken)
    assert len(live) == 0


# Dead bands.


def test_numbers_within_the_dead_band_of_what_was_told_are_not_told() -> None:
    live = make(dead_band=0.5)
    add(live, point(1, value="20"))
    assert go(live) == ["20"]
    add(live, point(2, value="20.4"), point(3, value="19.6"))
    assert (live.merged, live.done_seq(9)) == (2, 9)
    add(live, point(4, value="20.5"))
    assert go(live) == ["20.5"]


def test_a_slow_drift_is_told_in_the_end() -> None:
    live = make(dead_band=1.0)
    told: list[str] = []
    for seq in range(31):
        add(live, point(seq, value=f"{20 + seq / 10}"))
        told += go(live)
    assert told == ["20.0", "21.0", "22.0", "23.0"]


def test_a_difference_is_judged_as_it_is_written() -> None:
    live = make(dead_band=0.1)
    add(live, point(1, value="0.2"))
    go(live)
    add(live, point(2, value="0.3"))
    add(live, point(3, value="0.2"))
    assert go(live) == ["0.3", "0.2"]


def test_a_changed_text_is_told_and_the_same_is_not() -> None:
    live = make(dead_band=10.0)
    for seq, value in enumerate(["dry", "dry", "wet", "5", "6", "wet"]):
        add(live, point(seq, value=value))
    assert go(live) == ["dry", "wet", "5", "wet"]


def test_what_is_on_its_way_counts_as_told() -> None:
    live = make(dead_band=0.5)
    add(live, point(1, value="20"))
    taken = live.take(1, NOW)
    add(live, point(2, value="20.1"))
    live.sent(taken, NOW)
    assert go(live) == []


def test_a_jump_and_back_before_anything_went_is_none_with_a_budget() -> None:
    live = make(dead_band=0.5, is_merging=True)
    add(live, point(1, value="20"))
    go(live)
    add(live, point(2, value="25"), point(3, value="20.1"))
    assert (go(live), live.merged, live.done_seq(9)) == ([], 2, 9)


def test_what_may_have_arrived_or_not_is_no_base_for_a_dead_band() -> None:
    live = make(dead_band=0.5, is_merging=True)
    add(live, point(1, value="20"))
    go(live)
    add(live, point(2, value="25"))
    live.put_back(live.take(1, NOW), is_doubtful=True)
    add(live, point(3, value="20.1"))
    assert go(live) == ["20.1"]


def test_what_was_only_looked_at_changes_nothing() -> None:
    live = make(dead_band=0.5, is_merging=True)
    add(live, point(1, value="20"))
    go(live)
    add(live, point(2, value="25"))
    live.put_back(live.take(1, NOW))
    add(live, point(3, value="20.1"))
    assert go(live) == []


def test_what_the_server_has_by_other_ways_is_the_base() -> None:
    live = make(dead_band=0.5)
    live.tell(A, ("20",))
    add(live, point(1, value="20.1"))
    assert go(live) == []
    live.tell(A, ("30",))
    add(live, point(2, value="20.1"))
    assert go(live) == ["20.1"]


def test_of_values_that_crossed_none_is_a_base() -> None:
    live = make(dead_band=0.5)
    add(live, point(1, value="20"))
    taken = live.take(1, NOW)
    live.tell(A, ("30",))
    live.sent(taken, NOW)
    add(live, point(2, value="20"))
    assert go(live) == ["20"]
    add(live, point(3, value="20"))
    assert go(live) == []


def test_what_was_on_its_way_when_all_was_cleared_is_no_base() -> None:
    live = make(dead_band=0.5)
    live.tell(A, ("20",))
    add(live, point(1, value="25"))
    live.take(1, NOW)
    live.clear()
    add(live, point(2, value="20"))
    assert go(live) == ["20"]


# Minimum intervals.


def test_between_two_values_there_is_the_interval_and_the_last_is_told_in_the_end() -> None:
    live = make(min_interval_ms=10_000)
    add(live, point(1, value="1"))
    assert go(live) == ["1"]
    add(live, point(2, value="2"), now=NOW + 1)
    add(live, point(3, value="3"), now=NOW + 2)
    assert live.next_at(NOW + 2) == NOW + 10
    assert go(live, NOW + 9.9) == []
    assert go(live, NOW + 10) == ["3"]
    assert live.merged == 1


def test_other_pins_do_not_wait_for_an_interval() -> None:
    live = make(min_interval_ms=10_000)
    add(live, point(1))
    go(live)
    add(live, point(2), point(3, B))
    assert live.next_at(NOW + 1) == NOW + 1
    assert seqs(live.take(100, NOW + 1)) == [3]


def test_the_interval_begins_when_the_value_has_arrived() -> None:
    live = make(min_interval_ms=10_000)
    add(live, point(1))
    taken = live.take(1, NOW)
    add(live, point(2))
    assert live.next_at(NOW + 60) is None
    live.sent(taken, NOW + 60)
    assert live.next_at(NOW + 60) == NOW + 70


def test_what_did_not_arrive_is_due_again_at_once() -> None:
    live = make(min_interval_ms=10_000)
    add(live, point(1))
    live.put_back(live.take(1, NOW))
    assert live.next_at(NOW) == NOW


class Lane:
    """A lane and what is known of it: what was added and what arrived, by pin."""

    def __init__(self, *, is_merging: bool, interval_s: int) -> None:
        self.live = make(is_merging=is_merging, min_interval_ms=1000 * interval_s)
        self.interval_s = interval_s
        self.now = NOW
        self.seq = 0
        self.added: dict[PinAddress, list[int]] = defaultdict(list)
        self.arrived: dict[PinAddress, list[int]] = defaultdict(list)
        self._taken: list[TrailPoint] = []
        self._a_at = -1000.0

    def do(self, what: str, address: PinAddress, count: int) -> None:
        match what:
            case "take" if not self._taken:
                self.take(count)
            case "sent":
                self.arrive()
            case "back":
                self.live.put_back(self._taken)
                self._taken = []
            case "wait":
                self.now += count
            case _:
                self.seq += 1
                self.live.add(point(self.seq, address), self.now, is_urgent=what == "urgent")
                self.added[address].append(self.seq)

    def take(self, count: int) -> None:
        self._taken = self.live.take(count, self.now)

    def arrive(self) -> None:
        self.live.sent(self._taken, self.now)
        for one in self._taken:
            self.arrived[one.address].append(one.seq)
            if one.address == A:
                assert self.now - self._a_at >= self.interval_s
                self._a_at = self.now
        self._taken = []

    def end(self) -> None:
        """Let everything arrive."""
        self.arrive()
        while (due_at := self.live.next_at(self.now)) is not None:
            self.now = due_at
            self.take(2)
            assert self._taken
            self.arrive()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "add", "urgent", "take", "sent", "back", "wait"]),
            st.sampled_from([A, B, C]),
            st.integers(1, 4),
        ),
        max_size=60,
    ),
    st.booleans(),
    st.sampled_from([0, 3]),
)
def test_whatever_happens_values_arrive_in_order_and_none_is_lost(
    steps: list[tuple[str, PinAddress, int]], is_merging: bool, interval_s: int
) -> None:
    lane = Lane(is_merging=is_merging, interval_s=interval_s)
    for step in steps:
        lane.do(*step)
        if not is_merging and not interval_s:
            arrived = {seq for some in lane.arrived.values() for seq in some}
            missing = set(range(1, lane.seq + 1)) - arrived
            assert lane.live.done_seq(lane.seq) == min(missing, default=lane.seq + 1) - 1
    lane.end()
    assert lane.live.done_seq(lane.seq) == lane.seq
    for address, added in lane.added.items():
        assert lane.arrived[address] == sorted(lane.arrived[address])
        assert lane.arrived[address][-1] == added[-1]
    assert sum(map(len, lane.arrived.values())) + lane.live.merged == lane.seq


def test_a_pin_that_is_not_mapped_is_none_of_its_business() -> None:
    with pytest.raises(KeyError):
        make().add(point(1, PinAddress("shed", "V1")), NOW)
