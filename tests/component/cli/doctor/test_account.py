import grp
import os
import pwd
from pathlib import Path

import pytest

from blynk_gateway.cli.doctor.account import (
    ENTER,
    READ,
    WRITE,
    Account,
    account_of_process,
    account_of_user,
    group_of,
    user_name,
)

NOBODY = 4_000_000
"""A number that no user and no group has."""


@pytest.fixture
def node(tmp_path: Path) -> Path:
    path = tmp_path / "node"
    path.touch()
    return path


@pytest.mark.parametrize(
    ("mode", "who", "rights", "may"),
    [
        (0o600, "owner", READ | WRITE, True),
        (0o400, "owner", READ | WRITE, False),
        (0o060, "owner", READ, False),
        (0o660, "member", READ | WRITE, True),
        (0o640, "member", READ | WRITE, False),
        (0o606, "member", READ, False),
        (0o660, "other", READ, False),
        (0o664, "other", READ, True),
        (0o664, "other", READ | WRITE, False),
        (0o711, "other", ENTER, True),
        (0o000, "root", READ | WRITE | ENTER, True),
    ],
)
def test_rights_are_those_of_the_first_party_that_fits(
    node: Path, mode: int, who: str, rights: int, may: bool
) -> None:
    node.chmod(mode)
    status = node.stat()
    if who == "owner" and status.st_uid == 0:
        os.chown(node, NOBODY, -1)
        status = node.stat()
    uid = {"owner": status.st_uid, "root": 0}.get(who, NOBODY + 1)
    gids = frozenset({status.st_gid}) if who == "member" else frozenset[int]()
    assert Account(uid, gids, who).may(node, rights) is may


def test_missing_file_is_an_error_even_to_a_stranger(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Account(NOBODY, frozenset(), "x").may(tmp_path / "none", READ)


def test_process_has_the_groups_it_was_started_with(tmp_path: Path) -> None:
    (tmp_path / "status").write_text(
        "Name:\tpython3\nUid:\t0\t4000000\t0\t0\nGid:\t1\t7\t1\t1\nGroups:\t44 997 \n"
    )
    assert account_of_process(tmp_path) == Account(4_000_000, frozenset({7, 44, 997}), "4000000")
    own = account_of_process(Path("/proc/self"))
    assert own.uid == os.geteuid()


def test_user_has_the_groups_of_the_system(tmp_path: Path) -> None:
    entry = pwd.getpwuid(os.getuid())
    account = account_of_user(os.getuid())
    assert account.name == entry.pw_name
    assert entry.pw_gid in account.gids
    assert account_of_user(NOBODY) == Account(NOBODY, frozenset(), "4000000")


def test_groups_that_the_service_adds_count_for_its_user_alone(tmp_path: Path) -> None:
    uid = os.getuid()
    own = account_of_user(uid)
    strange = next(one for one in grp.getgrall() if one.gr_gid not in own.gids)
    unit = tmp_path / "blynk-gateway.service"
    unit.write_text(
        f"[Service]\nUser={own.name}\nSupplementaryGroups={strange.gr_name} no-such-group\n"
    )
    units = [tmp_path / "none.service", unit]
    assert account_of_user(uid, units).gids == own.gids | {strange.gr_gid}
    unit.write_text(f"[Service]\nUser=somebody\nSupplementaryGroups={strange.gr_name}\n")
    assert account_of_user(uid, units).gids == own.gids


def test_group_that_may_not_use_a_file_is_no_advice(node: Path) -> None:
    node.chmod(0o600)
    assert group_of(node) == ""
    node.chmod(0o660)
    assert group_of(node) == grp.getgrgid(node.stat().st_gid).gr_name


def test_user_without_a_name_is_a_number() -> None:
    assert user_name(NOBODY) == "4000000"
    assert user_name(0) == "root"
