"""Checks of the configuration file and the data directory."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from blynk_gateway.cli.doctor.account import ENTER, READ, WRITE, user_name
from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.finding import Finding, fault, ok, warning

FREE_BYTES_NEEDED = 20_000_000
"""Below this SQLite's log and the journal of the system soon have no room."""

FREE_BYTES_WANTED = 200_000_000
"""Some months of a busy home; on a Pi the same disk also has logs and packages."""

_MEGABYTE = 1_000_000
_ALL = READ | WRITE | ENTER
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_configuration(case: Case) -> Iterator[Finding]:
    """The configuration can be used, and has nothing suspicious."""
    name = "configuration"
    for text in case.faults:
        yield fault(name, text, "Correct it, then run `blynk-gateway check-config`.")
    for text in case.options.warnings:
        yield warning(
            name, text.replace(": warning: ", ": ", 1), "Change it, unless it is meant so."
        )
    if not (case.faults or case.options.warnings):
        yield ok(name, "no file, the defaults" if case.config is None else f"{case.config}")
    if case.config is not None and not _may_read(case, case.config):
        yield fault(
            name,
            f"{case.config} may not be read by {case.account.name}, who runs the daemon",
            f"Let it: `sudo chgrp {case.account.name} {case.config}`, mode 0640, and a directory"
            " that it may enter.",
        )


def check_data_dir(case: Case) -> Iterator[Finding]:
    """The data directory is there, the daemon's, and private."""
    name, path, user = "data directory", case.data_dir, case.account.name
    if not path.exists():
        parent = next(one for one in path.parents if one.exists())
        if case.account.may(parent, WRITE | ENTER):
            yield ok(name, f"{path} is made at the first start")
        else:
            yield fault(
                name,
                f"{path} is not there, and {user} may not make it in {parent}",
                f"Make it: `sudo install -d -m 0700 -o {user} {path}`.",
            )
        return
    status = path.stat()
    if not stat.S_ISDIR(status.st_mode):
        yield fault(name, f"{path} is no directory", "Move it away, or name another one.")
        return
    if not case.account.may(path, _ALL):
        yield fault(
            name,
            f"{path} belongs to {user_name(status.st_uid)}; expected one that {user} may write",
            f"Give it to the daemon: `sudo chown -R {user} {path}`.",
        )
    elif status.st_mode & _OTHERS:
        yield warning(
            name,
            f"{path} has mode {stat.S_IMODE(status.st_mode):04o}; expected 0700, as it holds"
            " tokens and keys",
            f"Run `sudo chmod 0700 {path}`.",
        )
    else:
        yield ok(name, f"{path}, of {user_name(status.st_uid)}")


def check_disk(
    case: Case, measure: Callable[[Path], os.statvfs_result] = os.statvfs
) -> Iterator[Finding]:
    """There is room for data, on a file system that can be written."""
    name = "disk"
    place = next(one for one in (case.data_dir, *case.data_dir.parents) if one.exists())
    system = measure(place)
    free = system.f_bavail * system.f_frsize
    text = f"{free // _MEGABYTE} MB free for {case.data_dir}"
    advice = "Make room: `sudo journalctl --vacuum-size=50M`, `sudo apt clean`, `df -h`."
    if system.f_flag & os.ST_RDONLY:
        yield fault(
            name,
            f"{place} is on a file system that is mounted read-only",
            "Look for its reason in `sudo dmesg`: a worn-out card, or a power cut.",
        )
    elif free < FREE_BYTES_NEEDED:
        yield fault(name, f"{text}; expected {FREE_BYTES_NEEDED // _MEGABYTE}", advice)
    elif free < FREE_BYTES_WANTED:
        yield warning(name, f"{text}; expected {FREE_BYTES_WANTED // _MEGABYTE}", advice)
    else:
        yield ok(name, text)


def _may_read(case: Case, path: Path) -> bool:
    parents = path.resolve().parents
    try:
        return case.account.may(path, READ) and all(case.account.may(one, ENTER) for one in parents)
    except OSError:
        # What cannot be looked at has been complained about by loading it.
        return True
