import pytest

from blynk_gateway.cli.chart import ASCII, BRAILLE, LABEL_WIDTH, ROWS, Style, draw, label_of

WIDTH = 80
SPAN = 69_000


def chart(points: list[tuple[int, float]], style: Style = ASCII, step_ms: int = 0) -> list[str]:
    return draw(points, 0, SPAN, style=style, width=WIDTH, step_ms=step_ms)


def columns_with_ink(lines: list[str]) -> set[int]:
    body = [line[LABEL_WIDTH + 1 :] for line in lines[:-1]]
    return {column for line in body for column, char in enumerate(line) if char != " "}


@pytest.mark.parametrize("style", [ASCII, BRAILLE])
def test_fits_the_width_and_names_highest_middle_and_lowest(style: Style) -> None:
    lines = chart([(at_ms, at_ms / 1000) for at_ms in range(0, SPAN, 100)], style)
    assert len(lines) == ROWS + 1
    assert max(map(len, lines)) <= WIDTH
    labels = [line[:LABEL_WIDTH].strip() for line in lines]
    assert labels[0] == "68.9"
    assert labels[ROWS - 1] == "0"
    assert labels[ROWS // 2] == "34.45"
    assert lines[-1].strip() == style.corner + style.floor * 69


def test_ascii_is_ascii() -> None:
    assert "".join(chart([(0, 1), (SPAN - 1, 2)])).isascii()


def test_rising_line_leads_from_the_lower_left_to_the_upper_right() -> None:
    lines = chart([(at_ms, at_ms) for at_ms in range(0, SPAN, 1000)])
    assert lines[ROWS - 1][LABEL_WIDTH + 1] == "."
    assert lines[0].rstrip()[-1] == "'"
    assert columns_with_ink(lines) == set(range(69))


def test_gap_stays_a_gap() -> None:
    points = [(at_ms, 5.0) for at_ms in range(0, SPAN, 1000) if not 20_000 <= at_ms < 40_000]
    ink = columns_with_ink(chart(points))
    assert ink == set(range(69)) - set(range(20, 40))
    ink = columns_with_ink(chart(points, step_ms=1000))
    assert ink == set(range(69)) - set(range(20, 40))


def test_sparse_but_regular_points_are_joined() -> None:
    assert columns_with_ink(chart([(0, 1), (20_000, 2), (40_000, 1)])) == set(range(41))


def test_one_point_is_a_dot_in_the_middle() -> None:
    lines = chart([(30_500, 21.5)])
    assert columns_with_ink(lines) == {30}
    assert [row for row in range(ROWS) if "." in lines[row][11:] or "'" in lines[row][11:]] in (
        [ROWS // 2 - 1],
        [ROWS // 2],
    )


def test_braille_has_eight_dots_a_character() -> None:
    lines = chart([(0, 0), (1, 1)], BRAILLE)
    assert lines[0][LABEL_WIDTH + 1] == "\N{BRAILLE PATTERN DOTS-1237}"
    assert lines[ROWS - 1][LABEL_WIDTH + 1] == "\N{BRAILLE PATTERN DOTS-1237}"


@pytest.mark.parametrize("extreme", [1e308, 5e-324])
def test_extreme_numbers_and_early_steps_are_drawn(extreme: float) -> None:
    lines = chart([(-500, -extreme), (SPAN - 1, extreme)])
    assert columns_with_ink(lines) >= {0, 68}
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (0, "0"),
        (21.0, "21"),
        (21.456789, "21.457"),
        (-1234567, "-1234567"),
        (12345678901, "1.235e+10"),
        (1234567.8, "1.235e+06"),
        (-0.00012346, "-0.000123"),
        (-0.00001234, "-1.23e-05"),
        (-1.2345e-308, "-1.2e-308"),
    ],
)
def test_labels_are_short(value: float, label: str) -> None:
    assert label_of(value) == label
    assert len(label) < LABEL_WIDTH
