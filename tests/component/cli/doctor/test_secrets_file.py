from pathlib import Path

import pytest

from blynk_gateway.cli.doctor.finding import Level
from blynk_gateway.cli.doctor.secrets_file import check_secrets
from tests.component.cli.doctor.conftest import Machine


@pytest.fixture
def file(machine: Machine) -> Path:
    machine.change(config=machine.root / "etc/gateway.yaml")
    return machine.file("etc/secrets.yaml", mode=0o600)


def test_file_of_its_reader_alone_is_fine(machine: Machine, file: Path) -> None:
    level, text, _ = machine.only(check_secrets)
    assert (level, text) == (Level.OK, f"{file}, which only gateway and root read")


def test_file_that_others_may_read_is_a_fault(machine: Machine, file: Path) -> None:
    file.chmod(0o644)
    level, text, advice = machine.only(check_secrets)
    assert level is Level.FAULT
    assert "has mode 0644; expected nothing for others" in text
    assert f"chmod o= {file}" in advice


def test_file_that_the_daemon_may_not_read_is_a_fault(machine: Machine, file: Path) -> None:
    machine.be_stranger()
    level, text, advice = machine.only(check_secrets)
    assert level is Level.FAULT
    assert "may not be read by gateway" in text
    assert f"chgrp gateway {file}" in advice
    machine.be_stranger(file.stat().st_gid)
    file.chmod(0o640)
    assert machine.only(check_secrets)[0] is Level.OK


def test_without_such_a_file_there_is_nothing_to_say(machine: Machine, file: Path) -> None:
    file.unlink()
    assert machine.find(check_secrets) == []
    machine.change(config=None)
    assert machine.find(check_secrets) == []
