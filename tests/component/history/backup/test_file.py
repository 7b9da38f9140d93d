import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.errors import HistoryError
from blynk_gateway.history.backup.file import (
    MAX_NAME_BYTES,
    PIECE_BYTES,
    BackupInvalid,
    Manifest,
    Member,
    check_name,
    measure,
    pack,
    unpack,
)

FILES = {
    "gateway.db": os.urandom(3 * PIECE_BYTES + 7),
    "tls/ca.key": b"secret",
    "uploads/greenhouse/" + "x" * 100: b"y" * 512,
    "empty": b"",
}


def filled(root: Path, files: dict[str, bytes] = FILES) -> Manifest:
    for name, body in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    members = tuple(measure(root, name, go_on=lambda: None) for name in files)
    return Manifest("0.1.0", 3, "abc", 1_700_000_000_000, members)


def packed(root: Path) -> bytes:
    return b"".join(pack(root, filled(root)))


def read(body: bytes, root: Path, check: Callable[[Manifest], None] = lambda _: None) -> Manifest:
    root.mkdir(exist_ok=True)
    return unpack(io.BytesIO(body), root, check=check, progress=lambda _: None)


def tarred(*members: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    """A backup as a stranger may make one."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.GNU_FORMAT) as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    return out.getvalue()


def manifest_of(*members: tuple[str, bytes]) -> tuple[str, bytes]:
    listed = tuple(
        Member(name, len(body), hashlib.sha256(body).hexdigest()) for name, body in members
    )
    return "manifest.json", Manifest("0.1.0", 3, "abc", 0, listed).to_json()


def test_files_come_back_as_they_were_and_private(tmp_path: Path) -> None:
    body = packed(tmp_path / "a")
    manifest = read(body, tmp_path / "b")
    assert {one.name: one.size_bytes for one in manifest.members} == {
        name: len(body) for name, body in FILES.items()
    }
    for name, content in FILES.items():
        path = tmp_path / "b" / name
        assert path.read_bytes() == content
        assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "b" / "tls").stat().st_mode & 0o777 == 0o700


def test_ordinary_tar_reads_it(tmp_path: Path) -> None:
    (tmp_path / "backup.tar.gz").write_bytes(packed(tmp_path / "a"))
    (tmp_path / "b").mkdir()
    done = subprocess.run(
        ["/usr/bin/tar", "-xzvf", "../backup.tar.gz"],
        cwd=tmp_path / "b",
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.split() == ["manifest.json", *FILES]
    assert done.stderr == ""
    assert all((tmp_path / "b" / name).read_bytes() == body for name, body in FILES.items())


def test_it_is_made_in_pieces(tmp_path: Path) -> None:
    pieces = list(pack(tmp_path, filled(tmp_path)))
    assert len(pieces) > 2
    assert max(map(len, pieces)) < 2 * PIECE_BYTES + 1000


@pytest.mark.parametrize("at", [0, 9, 400, 5000, -9, -5, -1])
def test_any_damaged_byte_is_found(tmp_path: Path, at: int) -> None:
    body = bytearray(packed(tmp_path / "a"))
    # In the head of gzip the time and the system's name mean nothing.
    at = 3 if at == 9 else at
    body[at] ^= 0xFF
    with pytest.raises(BackupInvalid):
        read(bytes(body), tmp_path / "b")


@pytest.mark.parametrize("kept", [0, 1, 20, 2000, -1, -8, -9])
def test_cut_backup_is_found(tmp_path: Path, kept: int) -> None:
    with pytest.raises(BackupInvalid):
        read(packed(tmp_path / "a")[:kept], tmp_path / "b")


def test_something_behind_the_end_is_refused(tmp_path: Path) -> None:
    body = packed(tmp_path / "a")
    for number, more in enumerate((b"x", body, gzip.compress(b"more"))):
        with pytest.raises(BackupInvalid, match="behind the end"):
            read(body + more, tmp_path / str(number))
    plain = gzip.decompress(body) + b"x" * 512
    with pytest.raises(BackupInvalid, match="behind the last file"):
        read(gzip.compress(plain), tmp_path / "b")


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/passwd",
        "a/../../evil",
        "a//b",
        "./a",
        "a/.",
        "",
        "a\\b",
        "a\nb",
        "a\0b",
        "manifest.json",
        "lock",
        "control.sock",
        "gateway.db-wal",
        "x" * (MAX_NAME_BYTES + 1),
        "/".join("abcdefghi"),
    ],
)
def test_name_that_leads_elsewhere_is_refused_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(BackupInvalid, match="is no name for a file"):
        check_name(name)
    body = tarred(manifest_of((name, b"x")), ("harmless", b"x"))
    with pytest.raises(BackupInvalid):
        read(body, tmp_path / "b")
    assert list((tmp_path / "b").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("a")
    info.type = kind
    info.linkname = "/etc/passwd"
    with pytest.raises(BackupInvalid, match="is no plain file"):
        read(tarred(manifest_of(("a", b"")), info), tmp_path / "b")


def test_long_name_record_that_claims_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    info = tarfile.TarInfo("manifest.json")
    info.type = tarfile.GNUTYPE_LONGNAME
    info.size = 1 << 40
    with pytest.raises(BackupInvalid, match="no plain file"):
        read(gzip.compress(info.tobuf(tarfile.GNU_FORMAT)), tmp_path / "b")


def test_what_the_manifest_does_not_name_is_refused(tmp_path: Path) -> None:
    for number, members in enumerate(
        (
            [("a", b"x"), ("b", b"y")],
            [("b", b"x")],
            [("a", b"xx")],
            [("a", b"y")],
            [],
        )
    ):
        with pytest.raises(BackupInvalid):
            read(tarred(manifest_of(("a", b"x")), *members), tmp_path / str(number))


def test_file_in_place_of_a_directory_is_refused(tmp_path: Path) -> None:
    members = (("a", b"x"), ("a/b", b"y"))
    with pytest.raises(OSError, match="a"):
        read(tarred(manifest_of(*members), *members), tmp_path / "b")


def test_bomb_is_stopped_by_the_check_of_its_size(tmp_path: Path) -> None:
    huge = Manifest("0.1.0", 3, "abc", 0, (Member("a", 1 << 39, "0" * 64),))

    def check(manifest: Manifest) -> None:
        raise HistoryError(f"{manifest.size_bytes} are too many")

    with pytest.raises(HistoryError, match="549755813888 are too many"):
        read(tarred(("manifest.json", huge.to_json())), tmp_path / "b", check)
    too_much = huge._replace(members=(Member("a", 1 << 41, "0" * 64),))
    with pytest.raises(BackupInvalid, match="too much"):
        read(tarred(("manifest.json", too_much.to_json())), tmp_path / "b")


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"version": 2},
        {"schema": "3"},
        {"schema": True},
        {"instance_id": None},
        {"members": {}},
        {"members": [{}]},
        {"members": [1]},
        {"members": [{"name": "a", "bytes": -1, "sha256": "0" * 64}]},
        {"members": [{"name": "a", "bytes": 1, "sha256": "0"}]},
        {"members": 2 * [{"name": "a", "bytes": 1, "sha256": "0" * 64}]},
    ],
)
def test_manifest_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    document = json.loads(Manifest("0.1.0", 3, "abc", 0, ()).to_json())
    with pytest.raises(BackupInvalid):
        Manifest.from_json(json.dumps(document | change).encode())


@pytest.mark.parametrize("change", [{"format": "x" * 10_000}, {"version": "\x1b[2J" * 10_000}])
def test_complaint_of_a_strange_manifest_is_short_and_safe_on_a_terminal(
    change: dict[str, Any],
) -> None:
    document = json.loads(Manifest("0.1.0", 3, "abc", 0, ()).to_json())
    with pytest.raises(BackupInvalid) as caught:
        Manifest.from_json(json.dumps(document | change).encode())
    assert len(str(caught.value)) < 200
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"format": 1}'])
def test_manifest_that_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(BackupInvalid):
        Manifest.from_json(text)


def test_file_that_becomes_shorter_is_no_silent_damage(tmp_path: Path) -> None:
    manifest = filled(tmp_path)
    (tmp_path / "tls/ca.key").write_bytes(b"")
    with pytest.raises(HistoryError, match="became shorter"):
        list(pack(tmp_path, manifest))
