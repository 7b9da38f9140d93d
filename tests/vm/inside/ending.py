"""A backup, the way back, and the end."""

import os
import stat
import time
from pathlib import Path

from tests.vm.inside import api, service
from tests.vm.inside.household import CONFIG
from tests.vm.inside.installing import BACKUP_TIMER
from tests.vm.inside.outcome import Facts, attempt, equal, expect, run, within

BACKUP = "blynk-gateway-backup.service"
BACKUPS = Path("/var/backups/blynk-gateway")

_LEFT_TO_OTHERS = ("/proc", "/sys", "/run", "/dev", "/root/work", "/var/log/journal", "/tmp")  # noqa: S108


def backup_and_restore(facts: Facts) -> None:
    """The timer's service makes a backup while the gateway runs, and `restore` goes back to it."""
    expect(service.show("NextElapseUSecRealtime", BACKUP_TIMER), "the timer has a next time")
    facts.add(
        "next backup",
        run("systemctl", "show", "-P", "NextElapseUSecRealtime", BACKUP_TIMER).strip(),
    )
    api.write("bench/V30", "before")
    began = time.monotonic()
    # A leap of the clock over its time has made the timer run already.
    before = set(BACKUPS.glob("*.tar.gz"))
    run("systemctl", "start", BACKUP)
    facts.add("backup took", time.monotonic() - began, "s")
    (made,) = set(BACKUPS.glob("*.tar.gz")) - before
    equal(stat.S_IMODE(made.stat().st_mode), 0o600, "mode of the backup")
    facts.add("size", made.stat().st_size // 1024, "KiB")
    api.write("bench/V30", "after")
    service.stop()
    began = time.monotonic()
    run("blynk-gateway", "restore", str(made))
    facts.add("restore took", time.monotonic() - began, "s")
    service.start()
    equal(api.value("bench/V30"), ["before"], "the value of the time of the backup")
    owners = {path.owner() for path in [service.DATA, *service.DATA.rglob("*")]}
    equal(owners, {service.USER}, "owners of the data after the restore")


def purge(facts: Facts) -> None:
    """`apt purge` leaves no process, unit, user, group or file behind."""
    service.configure(CONFIG)
    owned = [int(run("id", kind, service.USER)) for kind in ("-u", "-g")]
    old_pid = service.pid()
    began = time.monotonic()
    run("apt-get", "purge", "--yes", "--quiet", "blynk-gateway")
    facts.add("apt took", time.monotonic() - began, "s")
    within(10, lambda: not Path(f"/proc/{old_pid}").exists(), "the process is gone")
    # It fails where there are none.
    _, units = attempt("systemctl", "list-unit-files", "--no-legend", "blynk-gateway*")
    equal(units.strip(), "", "units")
    equal(run("systemctl", "--failed", "--no-legend").strip(), "", "failed units")
    for database in ("passwd", "group"):
        equal(attempt("getent", database, service.USER)[1].strip(), "", f"{database} entries")
    equal(run("dpkg", "--audit").strip(), "", "dpkg --audit")
    uid, gid = owned
    equal(sorted(map(str, _left_files(uid, gid))), [], "files left behind")


def _left_files(uid: int, gid: int) -> list[Path]:
    """Files that name the gateway or belong to its user, but for logs and what is volatile."""
    left = []
    for folder, folders, files in os.walk("/"):
        folders[:] = [one for one in folders if os.path.join(folder, one) not in _LEFT_TO_OTHERS]  # noqa: PTH118  quick, of all files
        for name in (*folders, *files):
            path = Path(folder, name)
            try:
                found = path.lstat()
            except FileNotFoundError:
                continue
            named = "blynk" in name and not str(path).startswith(("/var/log/", "/var/cache/apt"))
            if found.st_uid == uid or found.st_gid == gid or named:
                left.append(path)
    return left
