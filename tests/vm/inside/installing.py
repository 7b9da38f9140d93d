"""The package as a user installs it, and how the machine then offers it to others."""

import grp
import http.client
import os
import pwd
import re
import socket
import time
from pathlib import Path

from tests.vm.inside import service
from tests.vm.inside.api import PORT
from tests.vm.inside.outcome import Facts, attempt, equal, expect, run, within

DEBS = Path("debs").resolve()
GROUPS = {"gpio", "i2c", "spi", "dialout"}
BACKUP_TIMER = "blynk-gateway-backup.timer"
SOCKET = "blynk-gateway.socket"

SCORE_AT_MOST = 1.5


def apt_install(name: str, *options: str) -> tuple[int, str]:
    """`apt-get install ./NAME.deb`, as a user does without a terminal."""
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    return attempt("apt-get", "install", "--yes", "--quiet", *options, str(DEBS / f"{name}.deb"))


def speed_factor() -> float:
    """How many times slower this machine is than its host."""
    began = time.perf_counter()
    sum(number * number for number in range(1_000_000))
    return (time.perf_counter() - began) / float(os.environ["HOST_LOOP_S"])


def install(facts: Facts) -> None:
    """`apt install ./blynk-gateway_*.deb` leaves a service that runs, as its own user, in a
    sandbox, and tells where the first user is made.
    """
    facts.add("emulated machine slower by a factor of", round(speed_factor()))
    began = time.monotonic()
    code, out = apt_install("current")
    equal(code, 0, f"apt-get install\n{out}")
    facts.add("apt took", time.monotonic() - began, "s")
    facts.add("and was ready after another", service.await_active(), "s")
    facts.add("start to ready", service.start_took_s(), "s")
    facts.add("resident, nothing configured", round(service.resident_mib(), 1), "MiB")

    equal(run("systemctl", "is-enabled", service.UNIT).strip(), "enabled", "the service")
    equal(run("systemctl", "is-enabled", BACKUP_TIMER).strip(), "enabled", "the backup's timer")
    equal(attempt("systemctl", "is-enabled", SOCKET)[1].strip(), "disabled", "the socket unit")
    status = service.show("StatusText")
    expect(status, "systemctl status has a line of the gateway's own")
    facts.add("status line", f"`{status}`")
    _check_account()
    equal(service.DATA.stat().st_mode & 0o777, 0o700, "mode of the data directory")

    expect(_setup_links(), "the journal has the link that makes the first user")
    score = _security_score()
    expect(score <= SCORE_AT_MOST, f"systemd-analyze security is {score}, at most {SCORE_AT_MOST}")
    facts.add("`systemd-analyze security`", str(score))


def _check_account() -> None:
    user = pwd.getpwnam(service.USER)
    expect(user.pw_shell.endswith(("nologin", "false")), "the user has no shell")
    status = Path(f"/proc/{service.pid()}/status").read_text()
    uids, gids = (
        re.findall(rf"^{name}:(.*)$", status, re.MULTILINE)[0].split() for name in ("Uid", "Groups")
    )
    equal(set(uids), {str(user.pw_uid)}, "user ids of the process")
    found = {grp.getgrgid(int(gid)).gr_name for gid in gids}
    expect(found >= GROUPS, f"the process is in {sorted(GROUPS)}: found {sorted(found)}")


def _setup_links() -> list[str]:
    journal = run("journalctl", "--quiet", "--output=cat", "--unit", service.UNIT)
    return re.findall(r"https?://\S+#/setup/\S+", journal)


def _security_score() -> float:
    out = run("systemd-analyze", "security", "--no-pager", service.UNIT)
    return float(re.findall(r"exposure level for \S+ ([0-9.]+)", out)[-1])


def mdns_record(facts: Facts) -> None:
    """Where Avahi runs, the network finds the gateway by its name."""
    began = time.monotonic()

    def records() -> list[str]:
        _, out = attempt(
            "avahi-browse", "--parsable", "--resolve", "--terminate", "_blynk._tcp", limit_s=30
        )
        return [line for line in out.splitlines() if line.startswith("=")]

    found = within(40, records, "avahi-browseshows _blynk._tcp")
    equal(found[0].split(";")[8], str(PORT), "its port")
    facts.add("found after", time.monotonic() - began, "s")


def socket_unit(facts: Facts) -> None:
    """With the socket unit the ports are open before the gateway runs; the first connection starts
    it, and is answered.
    """
    service.stop()
    with socket.socket() as probe:
        expect(probe.connect_ex(("127.0.0.1", PORT)) != 0, "a stopped gateway has no port open")
    run("systemctl", "enable", "--quiet", "--now", SOCKET)
    try:
        equal(service.state(), "inactive", "the service, before anybody calls")
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=service.START_WITHIN_S)
        connection.request("GET", "/api/health")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        equal(answer.status, 200, "answer to the connection that started it")
        facts.add("answered after", time.monotonic() - began, "s")
        service.await_active()
        cursor = service.now()
        service.restart()
        refused = [
            one for one in service.since(cursor) if "address already" in str(one.get("MESSAGE"))
        ]
        equal(refused, [], "complaints about the addresses")
    finally:
        run("systemctl", "disable", "--quiet", "--now", SOCKET)
        service.restart()
    service.await_active()
