"""The manual page and the completion say what the parser of the command line says."""

import shutil
import subprocess
from pathlib import Path

import pytest

from docs.generate_from_parser import commands, completion, man_page

BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "blynk-gateway.1"
    path.write_text(man_page())
    return path


def rendered(page: Path) -> str:
    """What `man` shows on a terminal of 80 columns; it must have nothing to complain of."""
    man = shutil.which("man")
    if man is None:
        pytest.skip("man is not installed (package man-db)")
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}
    command = [man, "--warnings", "--local-file", str(page)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_every_command_and_option_is_in_the_manual_page(page: Path) -> None:
    shown = rendered(page)
    for command in commands():
        if command.path and not command.subcommands:
            assert f"\n   {' '.join(command.path)}" in shown
        for option in command.options:
            assert option.option_strings[-1] in shown


def test_the_manual_page_fits_the_terminal(page: Path) -> None:
    # An example stays as it is, wider or not.
    wide = [line for line in rendered(page).splitlines() if len(line) > 80]
    assert [line for line in wide if "blynk-gateway" not in line] == []


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "blynk-gateway"
    path.write_text(completion())
    return path


def completed(script: Path, line: str) -> list[str]:
    """What the Tab key offers at the end of a line."""
    if not BASH_COMPLETION.exists():
        pytest.skip("bash-completion is not installed")
    program = (
        f'source {BASH_COMPLETION}; source "$1"; COMP_LINE=$2; COMP_POINT=${{#COMP_LINE}};'
        ' read -ra COMP_WORDS <<<"$COMP_LINE"; [[ $COMP_LINE != *" " ]] || COMP_WORDS+=("");'
        " COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _blynk_gateway;"
        ' printf "%s\\n" "${COMPREPLY[@]}"'
    )
    command = ["bash", "--norc", "-c", program, "bash", str(script), line]
    done = subprocess.run(
        command, cwd=script.parent, capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("blynk-gateway che", ["check-config"]),
        ("blynk-gateway device r", ["remove"]),
        ("blynk-gateway --config device.yaml device r", ["remove"]),
        ("blynk-gateway device add Shed --te", ["--template"]),
        ("blynk-gateway user add ann --role ", ["admin", "operator", "viewer"]),
        ("blynk-gateway device add Shed --token ", []),
        ("blynk-gateway backup bl", ["blynk-gateway"]),
        ("blynk-gateway --config bl", ["blynk-gateway"]),
        ("blynk-gateway bogus x", []),
    ],
)
def test_the_tab_key_offers_what_can_stand_there(
    script: Path, line: str, offered: list[str]
) -> None:
    assert completed(script, line) == offered


def test_every_command_is_offered(script: Path) -> None:
    for command in commands():
        line = " ".join(["blynk-gateway", *command.path, ""])
        assert set(command.subcommands) <= set(completed(script, line))


def test_the_completion_is_clean(script: Path) -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run([shellcheck, script], capture_output=True, text=True, check=False)
    assert done.stdout == ""
