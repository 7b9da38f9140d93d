import json
import os
import stat
import tarfile
from pathlib import Path

import pytest

from blynk_gateway.cli import main
from blynk_gateway.cli.support_bundle import command
from blynk_gateway.cli.support_bundle.part import NotCollected
from tests.component.history.system import System
from tests.helpers.control import control_server


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without other programs, which have tests of their own."""
    names = {"journal.txt", "service.txt", "kernel.txt", "doctor.txt"}
    monkeypatch.setattr(command, "_PARTS", [one for one in command._PARTS if one[0] not in names])


def run(tmp_path: Path, *options: str) -> int:
    path = tmp_path / "gateway.yaml"
    if not path.exists():
        path.write_text("logging: {level: error}\n")
    own = ["--config", str(path), "--data-dir", str(tmp_path / "data")]
    return main([*own, "support-bundle", *options])


def texts(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        found = {}
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            assert (member.uname, member.gname, member.uid, member.mode) == ("", "", 0, 0o600)
            found[member.name.partition("/")[2]] = file.read().decode()
    return found


async def test_bundle_without_a_gateway_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with System(tmp_path / "data") as system:
        system.add("cellar")
    file = tmp_path / "b.tar.gz"
    assert run(tmp_path, str(file)) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    printed = capsys.readouterr().out
    assert printed.startswith(f"{file}, ")
    assert "health.json                 -  state of every part, counters" in printed
    assert "not collected: no gateway runs" in printed
    assert f"tar -xzOf {file} | less" in printed
    assert max(map(len, printed.replace(str(file), "").splitlines())) <= 80
    found = texts(file)
    assert {"README.txt", "about.json", "database.json", "configuration.yaml"} < found.keys()
    assert "health.json" not in found
    assert "not collected: no gateway runs" in found["README.txt"]


def test_bundle_of_a_running_gateway_has_what_it_tells(tmp_path: Path) -> None:
    with control_server(tmp_path / "data") as control:
        control.answers["GET /api/health"] = (200, {"status": "degraded"})
        assert run(tmp_path, str(tmp_path / "b")) == 0
    found = texts(tmp_path / "b")
    assert json.loads(found["health.json"]) == {"status": "degraded"}
    assert "metrics.txt" not in found
    assert "no answer to GET /metrics" in found["README.txt"].replace("\n" + " " * 33, " ")


def test_json_lists_the_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").mkdir()
    assert run(tmp_path, str(tmp_path / "out"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    (file,) = (tmp_path / "out").iterdir()
    assert told["file"] == str(file)
    assert told["bytes"] == file.stat().st_size
    assert told["warning"] == ""
    sizes = {part["name"]: part["bytes"] for part in told["parts"]}
    assert sizes["about.json"] == len(texts(file)["about.json"].encode())
    assert sizes["health.json"] is None


def test_file_that_is_there_is_not_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "b").write_text("mine")
    assert run(tmp_path, str(tmp_path / "b")) == 1
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "b").read_text() == "mine"


def test_bundle_of_a_faulty_configuration_warns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gateway.yaml").write_text("bogus: 1\n")
    assert run(tmp_path, str(tmp_path / "b")) == 0
    assert "Look twice: the configuration has faults" in capsys.readouterr().out
    assert "bogus" in texts(tmp_path / "b")["configuration.yaml"]


def test_unreadable_database_warns_and_costs_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/gateway.db").write_bytes(b"nonsense" * 1000)
    assert run(tmp_path, str(tmp_path / "b")) == 0
    printed = capsys.readouterr().out
    assert "the database cannot be read" in " ".join(printed.split())
    assert "file is not a database" in printed
    assert "files.txt" in texts(tmp_path / "b")


def test_under_sudo_the_file_belongs_to_whoever_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda _, uid, gid: given.append((uid, gid)))
    monkeypatch.setenv("SUDO_UID", "1000")
    monkeypatch.setenv("SUDO_GID", "1001")
    assert run(tmp_path, str(tmp_path / "b")) == 0
    assert given == [(1000, 1001)]


def test_terminal_gets_no_control_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> str:
        raise NotCollected("\x1b[2J")

    monkeypatch.setattr(command, "_PARTS", [("a.txt", "about", fail)])
    assert run(tmp_path, str(tmp_path / "b")) == 0
    assert "not collected: \\x1b[2J" in capsys.readouterr().out
