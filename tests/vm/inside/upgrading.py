"""From one version to the next, and what keeps an older one out.

The packages: `previous` and `current` differ in their version alone; `next` also has a further step
of the database's schema.
"""

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.vm.inside import api, board, service
from tests.vm.inside.crashing import Interruption
from tests.vm.inside.household import CONFIG, RELAY
from tests.vm.inside.installing import apt_install
from tests.vm.inside.outcome import Facts, attempt, equal, expect, run, within

OLDEST = Path("schemas/v1.db").resolve()
DATABASE = service.DATA / "gateway.db"


def version() -> str:
    """What runs."""
    return str(api.health()["version"])


def installed() -> str:
    """What dpkg says is installed."""
    return run(
        "dpkg-query", "--show", "--showformat=${Version} ${db:Status-Status}", "blynk-gateway"
    )


def schema() -> int:
    """Steps that the database has been through."""
    with closing(sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True)) as connection:
        ((found,),) = connection.execute("PRAGMA user_version")
    return int(found)


def previous_build(facts: Facts) -> None:
    """The build before this one runs, with a board and a relay that is on."""
    run("systemctl", "start", "mosquitto.service")
    code, out = apt_install("previous")
    equal(code, 0, f"apt-get install\n{out}")
    service.configure(CONFIG)
    service.restart()
    facts.add("installed", installed())


def upgrade(facts: Facts) -> None:
    """`apt install` of a new version: one restart, no connection refused, the relay stays on,
    nothing that was accepted is lost.
    """
    _upgrade_to("current", "V20", facts)


def newer_schema(facts: Facts) -> None:
    """An upgrade whose version has a new schema brings the database to it, just as smoothly."""
    before = schema()
    _upgrade_to("next", "V21", facts)
    equal(schema(), before + 1, "schema of the database")
    facts.add("schema", f"{before} → {before + 1}")


def _upgrade_to(package: str, pin: str, facts: Facts) -> None:
    was = installed()
    with Interruption(pin) as interruption:
        code, out = apt_install(package)
        equal(code, 0, f"apt-get install\n{out}")
        facts.add("apt took", time.monotonic() - interruption.began, "s")
        interruption.await_recovery(facts, 60)
    facts.add("restart of the service, start to ready", service.start_took_s(), "s")
    interruption.judge(facts)
    interruption.expect_quick(facts)
    facts.add("versions", f"{was.split()[0]} → {installed().split()[0]}")
    expect(installed() != was, "another version is installed")
    equal(service.CONFIG.read_text(), CONFIG, "the configuration")
    equal(facts.found["connections refused"], "0", "connections refused")
    expect(facts.found["relay"].startswith("unchanged"), f"the relay: {facts.found['relay']}")


def old_database(facts: Facts) -> None:
    """A database of the first release is brought up to date at the start; nothing in it is lost."""
    current = schema()
    service.stop()
    kept = DATABASE.with_suffix(".kept")
    for path in service.DATA.glob("gateway.db*"):
        path.rename(kept.with_name(path.name.replace("gateway.db", "kept.db")))
    shutil.copy(OLDEST, DATABASE)
    shutil.chown(DATABASE, service.USER, service.USER)
    try:
        began = time.monotonic()
        service.start()
        facts.add("start took", time.monotonic() - began, "s")
        facts.add("schema", f"1 → {schema()}")
        equal(schema(), current, "schema of the database")
        equal(api.value("greenhouse/V5"), ["21.5"], "a value of the old database")
        devices = {one["slug"] for one in api.ask("GET", "/api/v1/devices")["devices"]}
        expect(devices >= {"greenhouse", "shed"}, f"devices of the old database: {devices}")
    finally:
        service.stop()
        for path in service.DATA.glob("gateway.db*"):
            path.unlink()
        for path in service.DATA.glob("kept.db*"):
            path.rename(path.with_name(path.name.replace("kept.db", "gateway.db")))
        service.start()


def downgrade_refused(facts: Facts) -> None:
    """An older package is refused, and the newer gateway goes on; an older gateway refuses the
    database by itself, without a circle of restarts.
    """
    was, old_pid = installed(), service.pid()
    with board.Witness(RELAY) as witness:
        code, out = apt_install("current", "--allow-downgrades")
        expect(code != 0, "apt-get install fails")
        expect("schema" in out, f"apt says why:\n{out}")
        facts.add("said", f"`{_line_with('schema', out)}`")
        equal(installed(), was, "what is installed")
        service.await_active()
        facts.add("the newer one", "untouched" if service.pid() == old_pid else "restarted once")
    equal(witness.testimony.levels, [1], "the relay")
    _check_daemon_refuses(facts)


def _check_daemon_refuses(facts: Facts) -> None:
    service.stop()
    with closing(sqlite3.connect(DATABASE)) as connection:
        connection.execute(f"PRAGMA user_version = {schema() + 1}")
    try:
        cursor = service.now()
        code, _ = attempt("systemctl", "start", service.UNIT)
        expect(code != 0, "systemctl start fails")
        within(20, lambda: service.said(cursor, "schema"), "the journal says why")
        within(30, lambda: service.state() == "failed", "the service has failed, and stays so")
        facts.add("exit status of the older gateway", service.show("ExecMainStatus"))
    finally:
        with closing(sqlite3.connect(DATABASE)) as connection:
            connection.execute(f"PRAGMA user_version = {schema() - 1}")
        attempt("systemctl", "reset-failed", service.UNIT)
        service.start()
    within(20, lambda: version() != "", "the gateway serves again")


def _line_with(text: str, lines: str) -> str:
    return next(line.strip() for line in lines.splitlines() if text in line)
