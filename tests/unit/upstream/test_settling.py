"""Who wins after a break."""

import pytest

from blynk_gateway.core.datastream import Authority
from blynk_gateway.core.value import PinValue
from blynk_gateway.upstream.settling import Winner, is_same, settle, settle_poll

ONE, TWO, THREE = ("1",), ("2",), ("3",)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("1",), ("1.0",), True),
        (("21.5",), ("21.50000",), True),
        (("21.123456789",), ("21.12346",), True),
        (("21.1",), ("21.2",), False),
        (("on",), ("on",), True),
        (("on",), ("off",), False),
        (("1", "2"), ("1", "2"), True),
        (("1", "2"), ("1",), False),
        (("13.40", "52.5"), ("13.4", "52.50"), True),
        (("13.4", "52.5"), ("13.4", "52.6"), False),
        ((), ("0",), False),
    ],
)
def test_numbers_are_compared_as_numbers(one: PinValue, other: PinValue, same: bool) -> None:
    assert is_same(one, other) is same


@pytest.mark.parametrize("authority", list(Authority))
def test_equal_values_have_no_winner(authority: Authority) -> None:
    assert settle(authority, ONE, ("1.0",), None) is Winner.NOBODY


@pytest.mark.parametrize("authority", list(Authority))
def test_who_has_a_value_wins_over_who_has_none(authority: Authority) -> None:
    assert settle(authority, ONE, (), None) is Winner.HERE
    assert settle(authority, (), ONE, None) is Winner.ABOVE
    assert settle(authority, (), (), None) is Winner.NOBODY


def test_gateway_and_cloud_win_always() -> None:
    assert settle(Authority.GATEWAY, ONE, TWO, agreed=ONE) is Winner.HERE
    assert settle(Authority.CLOUD, ONE, TWO, agreed=TWO) is Winner.ABOVE


@pytest.mark.parametrize(
    ("here", "above", "agreed", "winner"),
    [
        (ONE, TWO, ONE, Winner.ABOVE),
        (ONE, TWO, TWO, Winner.HERE),
        (ONE, TWO, THREE, Winner.HERE),
        (ONE, TWO, None, Winner.HERE),
    ],
)
def test_the_newest_is_whose_value_alone_changed(
    here: PinValue, above: PinValue, agreed: PinValue | None, winner: Winner
) -> None:
    assert settle(Authority.NEWEST, here, above, agreed) is winner


@pytest.mark.parametrize("authority", list(Authority))
def test_a_poll_takes_what_was_written_above(authority: Authority) -> None:
    assert settle_poll(authority, ONE, TWO, ONE, is_told=True) is Winner.ABOVE


@pytest.mark.parametrize("authority", list(Authority))
def test_a_poll_leaves_alone_what_is_on_its_way(authority: Authority) -> None:
    assert settle_poll(authority, TWO, ONE, ONE, is_told=False) is Winner.NOBODY


def test_a_poll_settles_by_authority_where_both_ends_were_written() -> None:
    assert settle_poll(Authority.GATEWAY, TWO, THREE, ONE, is_told=False) is Winner.HERE
    assert settle_poll(Authority.CLOUD, TWO, THREE, ONE, is_told=False) is Winner.ABOVE


def test_a_poll_finds_what_was_lost_above() -> None:
    assert settle_poll(Authority.CLOUD, ONE, (), ONE, is_told=True) is Winner.HERE


def test_what_a_server_went_back_to_when_it_crashed_is_no_news() -> None:
    assert settle(Authority.NEWEST, ONE, TWO, ONE, doubtful=[THREE, TWO]) is Winner.HERE
    assert settle(Authority.NEWEST, ONE, TWO, ONE, doubtful=[THREE]) is Winner.ABOVE
    assert settle(Authority.CLOUD, ONE, TWO, ONE, doubtful=[TWO]) is Winner.ABOVE
