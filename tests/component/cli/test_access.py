"""Commands without a running gateway, as processes: they act on its data as if it ran."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from blynk_gateway import gateway
from blynk_gateway.cli import client


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "blynk_gateway", *command],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, **environment},
    )


def test_both_sides_mean_the_same_socket() -> None:
    assert client.CONTROL_SOCKET == gateway.CONTROL_SOCKET


def test_a_device_added_without_a_gateway_is_there_for_the_next_command(tmp_path: Path) -> None:
    place = ("--data-dir", str(tmp_path / "new" / "data"))
    added = run(*place, "device", "add", "Green house", "--token", "abc")
    assert (added.returncode, added.stderr) == (0, "")
    assert run(*place, "device", "token", "green-house").stdout == "abc\n"
    assert (tmp_path / "new" / "data").stat().st_mode & 0o077 == 0
    assert not (tmp_path / "new" / "data" / "control.sock").exists()


def test_a_device_that_rules_name_already_can_be_added(tmp_path: Path) -> None:
    config = tmp_path / "gateway.yaml"
    rule = "{name: A, when: {pin: shed/V1, is: on}, then: {set: {shed/V2: 1}}}"
    config.write_text(f"data_dir: {tmp_path}/data\nautomations: [{rule}]\n")
    place = ("--config", str(config))
    assert run(*place, "check-config").returncode == 78
    added = run(*place, "device", "add", "shed")
    assert (added.returncode, added.stderr) == (0, "")
    assert run(*place, "check-config").returncode == 0


def test_the_data_directory_is_the_option_else_the_files_else_the_environments(
    tmp_path: Path,
) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text(f"data_dir: {tmp_path}/from-file\n")
    environment = {"BLYNK_GATEWAY_CONFIG": str(config), "STATE_DIRECTORY": f"{tmp_path}/from-env"}
    for place, options in (
        ("from-option", ["--data-dir", f"{tmp_path}/from-option"]),
        ("from-file", []),
    ):
        assert run(*options, "device", "list", **environment).returncode == 0
        assert (tmp_path / place / "gateway.db").exists()
    del environment["BLYNK_GATEWAY_CONFIG"]
    assert run("device", "list", **environment).returncode == 0
    assert (tmp_path / "from-env" / "gateway.db").exists()


def test_a_faulty_configuration_stops_the_command(tmp_path: Path) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text("bogus: 1\n")
    done = run("--config", str(config), "--data-dir", str(tmp_path), "device", "list")
    assert done.returncode == 78
    assert f"{config}:1: bogus" in done.stderr


def test_a_fault_elsewhere_keeps_nobody_from_a_backup(tmp_path: Path) -> None:
    data, config = tmp_path / "data", tmp_path / "gateway.yaml"
    assert run("--data-dir", str(data), "device", "list").returncode == 0
    config.write_text(f"bogus: 1\ndata_dir: {data}\nmqtt: {{password: !secret none}}\n")
    done = run("--config", str(config), "backup", str(tmp_path / "b.tar.gz"))
    assert (done.returncode, (tmp_path / "b.tar.gz").exists()) == (0, True), done.stderr


AS_OWNER = """
import sys
from pathlib import Path
from blynk_gateway.cli.access import become_owner
become_owner(Path(sys.argv[1]))
Path(sys.argv[1], "file").touch()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_leaves_no_files_that_would_lock_the_owner_out() -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        data_dir = Path(place, "data")
        data_dir.mkdir(mode=0o700)
        os.chown(data_dir, 65534, 65533)
        subprocess.run([sys.executable, "-c", AS_OWNER, data_dir], check=True, timeout=30)
        status = (data_dir / "file").stat()
        assert (status.st_uid, status.st_gid) == (65534, 65533)
