"""The reader that is furthest behind decides what is kept."""

from blynk_gateway.history.segments.holds import Holds


def test_without_readers_nothing_is_held() -> None:
    assert Holds().seq is None


def test_the_furthest_behind_decides() -> None:
    holds = Holds()
    holds.hold("mirror", 9)
    holds.hold("upstream", 5)
    assert holds.seq == 5
    holds.hold("upstream", 12)
    assert holds.seq == 9


def test_number_0_holds_everything() -> None:
    holds = Holds()
    holds.hold("mirror", 9)
    holds.hold("upstream", 0)
    assert holds.seq == 0


def test_who_holds_nothing_any_more_does_not_count() -> None:
    holds = Holds()
    holds.hold("mirror", 9)
    holds.hold("upstream", 5)
    holds.hold("upstream", None)
    assert holds.seq == 9
    holds.hold("mirror", None)
    holds.hold("mirror", None)
    assert holds.seq is None
