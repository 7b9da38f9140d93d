from pathlib import Path

import pytest

from blynk_gateway.cli.support_bundle.part import NotCollected
from blynk_gateway.cli.support_bundle.programs import doctor, journal, kernel, service
from tests.component.cli.doctor.conftest import Machine


class Programs:
    """Scripts in place of systemd's programs."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def make(self, name: str, script: str) -> None:
        path = self._directory / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    return Programs(directory)


def test_units_are_asked_for_harmless_properties(machine: Machine, made: Programs) -> None:
    made.make("systemctl", 'echo "$@"')
    asked = service(machine.case)
    assert "blynk-gateway.service" in asked
    assert "NRestarts" in asked
    assert "Environment" not in asked


def test_journal_is_asked_for_our_units_without_the_host(machine: Machine, made: Programs) -> None:
    made.make("journalctl", 'echo "$@"')
    asked = journal(machine.case)
    assert "--no-hostname" in asked
    assert "--unit=blynk-gateway.service" in asked


def test_empty_journal_is_told(machine: Machine, made: Programs) -> None:
    made.make("journalctl", "true")
    with pytest.raises(NotCollected, match="does not show it to this user"):
        journal(machine.case)


def test_kernel_says_nothing_of_networks(machine: Machine, made: Programs) -> None:
    made.make(
        "journalctl", "printf 'Under-voltage detected!\\nwlan0: joined MyHome\\nEXT4-fs: x\\n'"
    )
    assert kernel(machine.case) == "Under-voltage detected!\nEXT4-fs: x\n"


def test_doctor_reports_on_the_same_data(machine: Machine) -> None:
    path = machine.data_dir.parent / "gateway.yaml"
    path.write_text("logging: {level: error}\n")
    machine.change(config=path)
    report = doctor(machine.case)
    assert f"configuration: {path}" in report.replace("\n         ", "")
    assert "none runs on" in report
