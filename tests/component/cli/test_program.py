from pathlib import Path

import pytest

from blynk_gateway.cli import program
from blynk_gateway.cli.program import ProgramFailed, output_of

SHELL = ("/bin/sh", "-c")


def test_output_is_text_whatever_its_bytes_are() -> None:
    assert output_of([*SHELL, "printf 'a\\377\\n'"]) == "a\N{REPLACEMENT CHARACTER}\n"


def test_programs_speak_english_and_in_no_colours() -> None:
    assert output_of([*SHELL, "echo $LC_ALL $SYSTEMD_COLORS"]) == "C.UTF-8 0\n"


def test_complaint_of_a_program_is_the_reason() -> None:
    with pytest.raises(ProgramFailed, match="ended with 3: no bus"):
        output_of([*SHELL, "echo; echo no bus >&2; echo more >&2; exit 3"])
    with pytest.raises(ProgramFailed, match="ended with 3: it does not say why"):
        output_of([*SHELL, "exit 3"])
    assert output_of([*SHELL, "echo x; exit 3"], fine=(0, 3)) == "x\n"


def test_missing_program_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ProgramFailed, match="there is no systemctl"):
        output_of(["systemctl", "show"])


def test_program_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(program, "WITHIN_S", 0.2)
    pid = tmp_path / "pid"
    with pytest.raises(ProgramFailed, match=r"did not end within 0\.2 s"):
        output_of([*SHELL, f"echo $$ >{pid}; exec sleep 60"])
    assert not Path(f"/proc/{pid.read_text().strip()}").exists()


def test_of_a_long_output_whole_lines_of_the_end_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "MOST_BYTES", 13)
    assert output_of([*SHELL, "printf 'first line\\nsecond\\nlast\\n'"]) == "second\nlast\n"
