import json
import os
from pathlib import Path

import pytest

from blynk_gateway.cli.support_bundle import storage
from blynk_gateway.cli.support_bundle.part import NotCollected
from blynk_gateway.cli.support_bundle.storage import MOST_FILES, database, files
from tests.component.cli.doctor.conftest import Machine
from tests.component.history.system import System


async def test_database_is_told_by_numbers_alone(machine: Machine) -> None:
    async with System(machine.data_dir) as system:
        system.add("cellar")
        system.write("cellar", "V1", "42")
    text = database(machine.case)
    facts = json.loads(text)
    assert facts["quick_check"] == "ok"
    assert facts["rows"]["device"] == 1
    assert facts["rows"]["api_token"] == 0
    assert facts["bytes"]["gateway.db"] == facts["page_size"] * facts["page_count"]
    assert facts["journal_mode"] == "wal"
    assert facts["user_version"] > 0
    assert "cellar" not in text


async def test_what_takes_too_long_is_unknown(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with System(machine.data_dir) as system:
        system.add("cellar")
    monkeypatch.setattr(storage, "CHECK_WITHIN_S", -1.0)
    monkeypatch.setattr(storage, "_STEPS", 1)
    facts = json.loads(database(machine.case))
    assert facts["quick_check"] == "unknown (interrupted)"
    assert facts["rows"]["device"] == 1


def test_missing_database_is_told(machine: Machine) -> None:
    with pytest.raises(NotCollected, match=r"there is no .*gateway\.db"):
        database(machine.case)


def test_files_are_listed_two_levels_deep(machine: Machine) -> None:
    inner = machine.data_dir / "uploads" / "shed"
    inner.mkdir(parents=True)
    (inner / "deep").touch()
    (machine.data_dir / "gateway.db").write_bytes(b"12345")
    (machine.data_dir / "gateway.db").chmod(0o600)
    os.utime(machine.data_dir / "gateway.db", (0, 0))
    (machine.data_dir / "link").symlink_to("/etc")
    lines = files(machine.case).splitlines()
    assert [line.split(maxsplit=4)[4] for line in lines] == [
        str(machine.data_dir),
        "gateway.db",
        "link",
        "uploads",
        "uploads/shed",
    ]
    owner = lines[1].split()[1]
    assert lines[1] == f"-rw------- {owner:<14}            5 1970-01-01T00:00:00Z gateway.db"


def test_list_of_files_is_bounded(machine: Machine) -> None:
    for number in range(MOST_FILES + 5):
        (machine.data_dir / f"{number:04}").touch()
    lines = files(machine.case).splitlines()
    assert len(lines) == MOST_FILES + 2
    assert lines[-1] == "… and more than these 500"


def test_file_name_that_is_no_text_is_shown(machine: Machine) -> None:
    Path(os.fsdecode(os.fsencode(machine.data_dir) + b"/\xff")).touch()
    assert "\N{REPLACEMENT CHARACTER}" in files(machine.case)
