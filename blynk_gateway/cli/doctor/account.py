"""The user that runs the daemon, and what files let it do."""

import grp
import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_OWNER_SHIFT, _GROUP_SHIFT = 6, 3

READ, WRITE, ENTER = 4, 2, 1
"""The bits of one party in a file's mode."""


class Account(NamedTuple):
    """A user with all of its groups."""

    uid: int
    gids: frozenset[int]
    name: str

    def may(self, path: Path, rights: int) -> bool:
        """Whether the mode of a file or device node grants all of `rights` (`READ | WRITE`).

        Access control lists are not looked at.

        Raises:
            OSError: there is no such file, or it cannot be looked at.
        """
        if self.uid == 0:
            return True
        status = path.stat()
        if status.st_uid == self.uid:
            granted = status.st_mode >> _OWNER_SHIFT
        elif status.st_gid in self.gids:
            granted = status.st_mode >> _GROUP_SHIFT
        else:
            granted = status.st_mode
        return granted & rights == rights


def account_of_process(process: Path) -> Account:
    """The account of a running process, with the groups it was started with.

    Args:
        process: its directory, `/proc/123`.

    Raises:
        OSError: it is not there any more.
    """
    fields = dict(
        line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line
    )
    # Real, effective, saved, file system: the effective ones count.
    uid, gid = (int(fields[name].split()[1]) for name in ("Uid", "Gid"))
    return Account(uid, frozenset({gid, *map(int, fields["Groups"].split())}), user_name(uid))


def account_of_user(uid: int, units: Iterable[Path] = ()) -> Account:
    """The account of a user as the system's databases have it.

    Args:
        units: service files; groups that one adds for this user count too.
    """
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(uid, frozenset(), str(uid))
    gids = set(os.getgrouplist(entry.pw_name, entry.pw_gid))
    for unit in units:
        gids |= _unit_gids(unit, entry.pw_name)
    return Account(uid, frozenset(gids), entry.pw_name)


def user_name(uid: int) -> str:
    """A user's name, or the number without one."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_of(path: Path) -> str:
    """Name of a file's group if that may use it, else an empty text.

    Raises:
        OSError: there is no such file.
    """
    status = path.stat()
    if not status.st_mode & stat.S_IRGRP:
        return ""
    try:
        return grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        return str(status.st_gid)


def _unit_gids(unit: Path, user: str) -> set[int]:
    """Groups that a service of this user gets beyond the user's own."""
    try:
        settings = [line.partition("=") for line in unit.read_text().splitlines()]
    except OSError:
        return set()
    if ("User", "=", user) not in settings:
        return set()
    names = [
        name for key, _, text in settings if key == "SupplementaryGroups" for name in text.split()
    ]
    return set(_known_gids(names))


def _known_gids(names: Iterable[str]) -> Iterator[int]:
    for name in names:
        try:
            yield grp.getgrnam(name).gr_gid
        except KeyError:
            continue
