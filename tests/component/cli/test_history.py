import json
import re
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from blynk_gateway.cli import main
from blynk_gateway.cli.commands import WIDTH
from tests.helpers.control import Control, control_server

HOUR = 3_600_000
NOW = 1_700_000_000_000
SPAN = ("--from", str(NOW - HOUR), "--to", str(NOW))


def run(data_dir: Path, *command: str) -> int:
    return main(["--data-dir", str(data_dir), "history", *command])


def answer(control: Control, query: str, points: object, **more: object) -> None:
    path = f"/api/v1/history/a/V1?from={NOW - HOUR}&to={NOW}&agg={query}"
    document = {"address": "a/V1", "step_ms": 0, "points": points, **more}
    control.answers[f"GET {path}"] = (200, document)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_draws_a_chart_of_eighty_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = [[NOW - HOUR + part * 60_000, part % 7] for part in range(60)]
    with control_server(tmp_path) as control:
        answer(control, "avg&width=138", points)
        answer(control, "avg&limit=1", points[-1:])
        assert run(tmp_path, "A/v1", *SPAN) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a/V1  2023-11-14 21:13 to 2023-11-14 22:13"
    assert max(map(len, lines)) <= WIDTH
    assert re.search("[\N{BRAILLE PATTERN DOTS-1}-\N{BRAILLE PATTERN DOTS-12345678}]", lines[1])
    assert lines[-2].split() == ["21:13:20", "21:43:20", "22:13:20"]
    assert lines[-1] == "min 0  max 6  last 3 at 22:12:20  (60 points)"


def test_extremes_are_those_of_all_points_and_not_of_the_averages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        answer(control, "avg&width=138", [[NOW - HOUR, 5], [NOW - 60_000, 6]], step_ms=60_000)
        answer(control, "min&step=60000", [[NOW - HOUR, -3], [NOW - 60_000, 1]])
        answer(control, "max&step=60000", [[NOW - HOUR, 40.5], [NOW - 60_000, 8]])
        answer(control, "avg&limit=1", [])
        assert run(tmp_path, "a/V1", *SPAN) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "min -3  max 40.5  last 6 at 22:12:20  (2 steps of 1m, avg)"


def test_thinned_points_have_the_extremes_of_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        points = [[NOW - HOUR, 5], [NOW - 60_000, 6]]
        answer(control, "avg&width=138", points, thinned=True)
        answer(control, "avg&limit=1", points[-1:])
        assert run(tmp_path, "a/V1", *SPAN) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "min 5  max 6  last 6 at 22:12:20  (2 points of more)"


def test_terminal_without_unicode_gets_ascii(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.cli.history._is_unicode", lambda: False)
    with control_server(tmp_path) as control:
        answer(control, "avg&width=69", [[NOW - HOUR, 5], [NOW - 1, 6]])
        answer(control, "avg&limit=1", [[NOW - 1, 6]])
        assert run(tmp_path, "a/V1", *SPAN) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert "|'" in out or "|." in out


def test_texts_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points = [[NOW - 2000, "on\x1b[2J"], [NOW - 1000, ["1", "2"]]]
    with control_server(tmp_path) as control:
        answer(control, "avg&width=138", points)
        answer(control, "avg&limit=20", points)
        assert run(tmp_path, "a/V1", *SPAN) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "No numbers to draw; the latest 2:",
        "2023-11-14 22:13:18  on\\x1b[2J",
        '2023-11-14 22:13:19  ["1", "2"]',
    ]


def test_nothing_is_said_plainly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with control_server(tmp_path) as control:
        answer(control, "avg&width=138", [])
        answer(control, "avg&limit=20", [])
        assert run(tmp_path, "a/V1", *SPAN) == 0
    assert "Nothing was written in this time." in capsys.readouterr().out


def test_default_range_is_the_last_day(tmp_path: Path) -> None:
    with control_server(tmp_path) as control:
        assert run(tmp_path, "a/V1") == 1
    query = parse_qs(urlsplit(control.requests[0][0].split(" ")[1]).query)
    assert int(query["to"][0]) - int(query["from"][0]) == 86_400_001


@pytest.mark.parametrize("options", [["--json"], ["--format", "json"]])
def test_json_is_what_the_gateway_sends(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        answer(control, "avg&step=raw&format=json", [[NOW - 1, 5]])
        assert run(tmp_path, "a/V1", *SPAN, *options) == 0
    assert json.loads(capsys.readouterr().out)["points"] == [[NOW - 1, 5]]


STATS = {
    "points": 7,
    "oldest_ms": NOW,
    "file_bytes": 3 * 1024 * 1024,
    "levels": {"minute": 1_700_000_000_000, "day": None},
    "streams": [{"address": "a/V1", "points": 7}],
    "doubtful": [
        *[{"from_ms": 0, "to_ms": 1, "quality": "untrusted"}] * 5,
        *[{"from_ms": 0, "to_ms": 60_000, "quality": "corrected"}] * 4,
        {"from_ms": 1_700_000_000_000, "to_ms": None, "quality": "untrusted"},
    ],
}


def test_stats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with control_server(tmp_path) as control:
        control.answers["GET /api/v1/history-stats"] = (200, STATS)
        assert run(tmp_path, "stats") == 0
        assert capsys.readouterr().out.splitlines() == [
            "Points   7",
            "Oldest   2023-11-14 22:13:20",
            "File     3.0 MiB",
            "Minutes  since 2023-11-14 22:13",
            "Days     none",
            *["Times    corrected 1970-01-01 00:00 to 1970-01-01 00:01"] * 4,
            "Times    untrusted 2023-11-14 22:13 to now",
            "",
            "PIN   POINTS",
            "a/V1  7",
        ]
        assert run(tmp_path, "stats", "--json") == 0
        assert json.loads(capsys.readouterr().out) == STATS
        control.answers["GET /api/v1/history-stats"] = (
            200,
            {
                "points": 0,
                "oldest_ms": None,
                "file_bytes": 4096,
                "levels": {},
                "streams": [],
                "doubtful": [],
            },
        )
        assert run(tmp_path, "stats") == 0
        assert capsys.readouterr().out.splitlines()[1:] == ["Oldest   none", "File     4 KiB"]


@pytest.mark.parametrize("options", [["a/V1"], ["a/V1", "--format", "csv"], ["stats"]])
def test_without_a_gateway_says_so(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, *options) == 1
    assert "no gateway listens" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["a/V1", "--output", "x"], "--output goes with --format"),
        (["a/V1", "--format", "parquet"], "expected --output FILE"),
        (["a/V1", "--format", "parquet", "--output", "-"], "expected --output FILE"),
        (["a/V1", "--from", "yesterday"], "'yesterday'"),
        (["a/V1", "--to", "-1"], "'-1'"),
        (["stats", "--format", "csv"], "stats is no export"),
        (["stats", "--json", "--output", "x"], "stats is no export"),
    ],
)
def test_bad_usage_is_two(
    tmp_path: Path, options: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, *options) == 2
    assert text in capsys.readouterr().err


def test_extremes_of_counts_are_those_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = [[NOW - HOUR, 5], [NOW - 60_000, 6]]
    with control_server(tmp_path) as control:
        answer(control, "count&step=1m", points, step_ms=60_000)
        answer(control, "count&limit=1", [[NOW - 60_000, 21.5]])
        assert run(tmp_path, "a/V1", *SPAN, "--agg", "count", "--step", "1m") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "min 5  max 6  last 21.5 at 22:12:20  (2 steps of 1m, count)"


def test_one_point_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with control_server(tmp_path) as control:
        answer(control, "avg&width=138", [[NOW - 60_000, 6]])
        answer(control, "avg&limit=1", [[NOW - 60_000, 6]])
        assert run(tmp_path, "a/V1", *SPAN) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "min 6  max 6  last 6 at 22:12:20  (1 point)"
