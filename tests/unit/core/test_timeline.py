"""Which events are resolved, and by what."""

from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.core.change import EventChange, EventKind, Origin, OriginKind
from blynk_gateway.core.events import ALL
from blynk_gateway.core.timeline import resolutions

ORIGIN = Origin(OriginKind.DEVICE, "1")


def timeline(words: str) -> list[EventChange]:
    """L: logged; r: the latest resolved; a: all resolved; oldest first, numbered from 1."""
    kinds = {"L": EventKind.LOGGED, "r": EventKind.RESOLVED, "a": EventKind.RESOLVED}
    return [
        EventChange(seq, "shed", kinds[word], "hot", ALL if word == "a" else "", ORIGIN, 10 * seq)
        for seq, word in enumerate(words, 1)
    ]


def resolved(words: str) -> dict[int, int]:
    """When, by number."""
    found = resolutions(reversed(timeline(words)))
    return {seq: one.at_ms for seq, one in sorted(found.items())}


def test_the_latest_open_one_is_resolved() -> None:
    assert resolved("LLr") == {2: 30}
    assert resolved("LLrr") == {1: 40, 2: 30}
    assert resolved("LrL") == {1: 20}


def test_all_open_ones_are_resolved() -> None:
    assert resolved("LLa") == {1: 30, 2: 30}
    assert resolved("LLraL") == {1: 40, 2: 30}
    assert resolved("LaLa") == {1: 20, 3: 40}


def test_a_resolution_of_nothing_resolves_nothing_later() -> None:
    assert resolved("rraL") == {}
    assert resolved("LrrL") == {1: 20}


def test_other_codes_and_devices_and_kinds_are_left_alone() -> None:
    event, end = timeline("Lr")
    others = [
        event._replace(seq=3, code="cold"),
        event._replace(seq=4, device="barn"),
        event._replace(seq=5, kind=EventKind.SYSTEM),
    ]
    found = resolutions([end._replace(seq=6), *reversed(others), event])
    assert list(found) == [1]
    assert found[1].origin == ORIGIN


@given(st.text(alphabet="Lra", max_size=30))
def test_reading_backwards_gives_what_happened(words: str) -> None:
    wanted: dict[int, int] = {}
    stack: list[int] = []
    for seq, word in enumerate(words, 1):
        if word == "L":
            stack.append(seq)
        elif word == "r" and stack:
            wanted[stack.pop()] = 10 * seq
        elif word == "a":
            wanted.update(dict.fromkeys(stack, 10 * seq))
            stack.clear()
    assert resolved(words) == dict(sorted(wanted.items()))


@given(st.text(alphabet="Lra", max_size=30), st.integers(0, 30))
def test_the_latest_alone_are_enough_for_themselves(words: str, count: int) -> None:
    whole = resolutions(reversed(timeline(words)))
    latest = timeline(words)[::-1][:count]
    assert resolutions(latest) == {
        seq: one for seq, one in whole.items() if seq in {event.seq for event in latest}
    }
