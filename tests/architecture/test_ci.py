"""CI's entry fails unless tests ran and passed."""

import os
import subprocess
from pathlib import Path

import pytest

ENTRY = Path(__file__).parents[2] / ".ci/run"


def run(directory: Path, make: str) -> subprocess.CompletedProcess[str]:
    """Run CI's entry with a script in place of make, on a machine where nothing is missing."""
    there = (
        *("node", "npm", "python3", "pg_ctlcluster", "influxd", "mosquitto", "chromium", "git"),
        *("dpkg", "dpkg-buildpackage", "dh", "dh_python3", "lintian", "man", "shellcheck"),
    )
    for name, script in {"make": make, **dict.fromkeys(there, "")}.items():
        program = directory / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    environment = {"PATH": f"{directory}:{os.environ['PATH']}"}
    return subprocess.run(
        [ENTRY], env=environment, capture_output=True, text=True, timeout=30, check=False
    )


def test_ci_ends_with_the_summary_of_the_tests(tmp_path: Path) -> None:
    result = run(tmp_path, "echo '12 passed, 1 xfailed in 3.21s'")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == ("make check passed: 12 passed, 1 xfailed in 3.21s")


@pytest.mark.parametrize(
    "make",
    [
        "true",
        "echo 'no tests ran in 0.01s'",
        "echo '0 passed in 0.01s'",
        "echo '12 passed in 3.21s'; exit 1",
    ],
)
def test_ci_fails_where_no_test_passed_or_make_failed(tmp_path: Path, make: str) -> None:
    assert run(tmp_path, make).returncode != 0
