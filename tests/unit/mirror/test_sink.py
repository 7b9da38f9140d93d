import pytest

from blynk_gateway.formats.plain import PlainValue
from blynk_gateway.mirror.sink import MAX_REASON, Piece, encoded_by_stream, place_of, said
from tests.helpers.feeds import batch_of

PIECE = Piece([b"a", b"b", b"c"], [5, 6, 7], [50, 60, 70])


def test_piece_is_cut_in_order_with_all_of_its_columns() -> None:
    assert list(PIECE.cut(2)) == [
        Piece([b"a", b"b"], [5, 6], [50, 60]),
        Piece([b"c"], [7], [70]),
    ]
    assert list(PIECE.cut(3)) == [PIECE]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://blynk@nas:5433/db?sslmode=require", "postgresql://nas:5433/db"),
        ("https://user@nas/write?db=x&rp=y", "https://nas/write"),
        ("postgresql:///db?host=/run/postgresql", "postgresql:///db"),
    ],
)
def test_place_says_where_and_neither_who_nor_how(url: str, place: str) -> None:
    assert place_of(url) == place


def test_what_a_server_says_is_one_short_line() -> None:
    assert said("no such file.\n") == "no such file"
    assert said(" a\n\tb\x1b[31m ") == "a b\N{REPLACEMENT CHARACTER}[31m"
    assert len(said("x" * 10_000)) == MAX_REASON + 1


def test_each_value_is_encoded_once_and_numbers_of_text_streams_apart() -> None:
    made: list[PlainValue] = []

    def make(value: PlainValue) -> bytes:
        made.append(value)
        return b"%d" % len(made)

    batch = batch_of("21", "21", "21")
    values = encoded_by_stream(make, batch, frozenset({3}))
    assert [values[1]["21"], values[2]["21"], values[3]["21"]] == [b"1", b"1", b"2"]
    assert [values[1]["a\0b"], values[1]["nan"]] == [b"3", b"4"]
    assert made == [21, "21", ["a", "b"], "nan"]
