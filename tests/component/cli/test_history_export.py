import io
import sys
from pathlib import Path

import pytest

from blynk_gateway.cli import main
from blynk_gateway.cli.history_export import BAR_AFTER_S, Progress, Span
from blynk_gateway.core.address import PinAddress
from tests.helpers.clock import FakeClock
from tests.helpers.control import Control, control_server

NOW = 1_700_000_000_000
BEGIN = NOW - 1_000_000
SPAN = ("--from", str(BEGIN), "--to", str(NOW))
POINTS = 20_000


def run(data_dir: Path, *command: str) -> int:
    return main(["--data-dir", str(data_dir), "history", "a/V1", *SPAN, *command])


def answer(control: Control, form: str, body: object, *, step: str = "raw") -> None:
    path = f"/api/v1/history/a/V1?from={BEGIN}&to={NOW}&agg=avg&step={step}&format={form}"
    control.answers[f"GET {path}"] = (200, body)


@pytest.mark.parametrize("form", ["csv", "json", "influx"])
def test_file_is_what_the_gateway_sends(tmp_path: Path, form: str) -> None:
    body = "".join(f"{BEGIN + number},{number}\n" for number in range(POINTS))
    target = tmp_path / "x.out"
    target.write_text("old")
    with control_server(tmp_path) as control:
        answer(control, form, body)
        assert run(tmp_path, "--format", form, "--output", str(target)) == 0
    assert target.read_text() == body
    assert not (tmp_path / "x.out.part").exists()


@pytest.mark.parametrize("output", [[], ["--output", "-"]])
def test_standard_output_is_for_pipes(
    tmp_path: Path, output: list[str], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with control_server(tmp_path) as control:
        answer(control, "csv", "at_ms,value\n1,ü\n", step="1h")
        assert run(tmp_path, "--format", "csv", "--step", "1h", *output) == 0
    assert capfdbinary.readouterr() == ("at_ms,value\n1,ü\n".encode(), b"")


def test_failed_export_leaves_the_old_file_and_no_half_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "x.csv"
    target.write_text("old")
    with control_server(tmp_path) as control:
        error = {"error": {"code": "history.error", "message": "disk gone", "hint": "Mend it."}}
        answer(control, "csv", error)
        path = next(iter(control.answers))
        control.answers[path] = (503, error)
        assert run(tmp_path, "--format", "csv", "--output", str(target)) == 1
    assert target.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir() if one.suffix == ".part"] == []
    assert capsys.readouterr().err == "blynk-gateway: disk gone\n  Mend it.\n"


def test_parquet_is_read_back(tmp_path: Path) -> None:
    import pyarrow.parquet  # noqa: PLC0415  100 MB, for this test alone

    target = tmp_path / "x.parquet"
    body = "".join(f'[{BEGIN + number},"{number}\\n"]\n' for number in range(POINTS))
    with control_server(tmp_path) as control:
        answer(control, "ndjson", body + f"[{NOW},2.5]\n")
        assert run(tmp_path, "--format", "parquet", "--output", str(target)) == 0
    table = pyarrow.parquet.read_table(target)
    assert table.column("text").to_pylist() == [f"{number}\n" for number in range(POINTS)] + [None]
    assert table.column("value").to_pylist()[-1] == 2.5


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bar_is_for_terminals_and_long_exports(monkeypatch: pytest.MonkeyPatch) -> None:
    span = Span(PinAddress("a", "V1"), BEGIN, NOW, None, "avg")
    for terminal, is_wanted in ((io.StringIO(), True), (_Terminal(), False)):
        monkeypatch.setattr(sys, "stderr", terminal)
        clock = FakeClock()
        progress = Progress(span, clock, is_wanted=is_wanted)
        clock.advance(BAR_AFTER_S)
        progress.reached(NOW)
        progress.end()
        assert terminal.getvalue() == ""
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    clock = FakeClock()
    progress = Progress(span, clock, is_wanted=True)
    progress.reached(BEGIN + 1)
    assert terminal.getvalue() == ""
    clock.advance(BAR_AFTER_S)
    progress.reached((BEGIN + NOW) // 2)
    assert terminal.getvalue() == f"\r[{'#' * 20}{'.' * 20}]  50%"
    progress.reached(NOW)
    assert "100%" not in terminal.getvalue()
    progress.end()
    assert terminal.getvalue().endswith("\r" + " " * 47 + "\r")


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("csv", f"at_ms,value\n{BEGIN},1\n{NOW - 5},2\n"),
        ("json", f'{{"points":[[{BEGIN},1],[{NOW - 5},2]]}}'),
        ("influx", f"blynk,device=a,pin=V1 value=1 {NOW - 5}000000\n"),
    ],
)
def test_bar_finds_the_times_of_each_form(
    tmp_path: Path, form: str, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[int] = []
    monkeypatch.setattr(Progress, "reached", lambda _, at_ms: reached.append(at_ms))
    with control_server(tmp_path) as control:
        answer(control, form, body)
        assert run(tmp_path, "--format", form, "--output", str(tmp_path / "x")) == 0
    assert reached == [NOW - 5]
