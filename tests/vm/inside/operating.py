"""What an operator does, and what befalls a machine that runs for years."""

import json
import os
import time
from pathlib import Path

from tests.vm.inside import api, board, service
from tests.vm.inside.house import subscribed
from tests.vm.inside.household import CONFIG, MAX_ON_S, PUMP, RELAY, TOKEN
from tests.vm.inside.outcome import Facts, attempt, equal, expect, refuse_outside, run, within
from tests.vm.inside.stock_client import StockClient

EX_CONFIG = 78

FROZEN_S = 45
"""Longer than WatchdogSec of the unit."""

_FAULTY = CONFIG + "gpoi: {}\n"
_DAY_S = 86_400
_MIB = 1024 * 1024
_KIB = 1024


def journal_fields(facts: Facts) -> None:
    """`journalctl DEVICE=bench` tells the story of one device: fields are the journal's own."""
    cursor, began = service.now(), time.monotonic()
    with StockClient(TOKEN) as client:
        client.await_login()

        def records() -> list[dict[str, object]]:
            return service.matching("DEVICE=bench", began)

        found = within(20, records, "journalctl DEVICE=bench has a record")[0]
    facts.add("a login", f"`{found['MESSAGE']}`")
    for name in ("PEER", "LOGGER", "CODE_FILE", "CODE_FUNC", "PRIORITY"):
        expect(found.get(name), f"the record has {name}: {sorted(found)}")
    equal(found["SYSLOG_IDENTIFIER"], "blynk-gateway", "SYSLOG_IDENTIFIER")
    text = json.dumps(service.since(cursor))
    expect(TOKEN not in text, "no token in the journal")
    facts.add("fields", ", ".join(sorted(name for name in found if not name.startswith("_"))))


def doctor(facts: Facts) -> None:
    """`blynk-gateway doctor` finds nothing wrong with what is installed and wired."""
    code, out = attempt("blynk-gateway", "doctor", "--json")
    findings = json.loads(out)["findings"]
    faults = [finding for finding in findings if finding["level"] == "fault"]
    equal(faults, [], "faults that the doctor finds")
    equal(code, 0, "exit status of the doctor")
    warnings = [finding["check"] for finding in findings if finding["level"] == "warning"]
    checks = f"{len(findings)} findings, {len(warnings)} warnings"
    facts.add("found", f"{checks} ({', '.join(warnings)})" if warnings else checks)


def log_level(facts: Facts) -> None:
    """`systemctl kill -s USR1` has the journal tell everything, until the next one."""
    for now in ("debug", "info"):
        facts.add(f"to {now}", f"`{_level_changed()}`")
        expect(f"now={now}" in facts.found[f"to {now}"], f"it is {now} now")


def _level_changed() -> str:
    cursor = service.now()
    run("systemctl", "kill", "--kill-whom=main", "--signal=USR1", service.UNIT)
    within(20, lambda: service.said(cursor, "log level changed"), "the change")
    messages = (str(record["MESSAGE"]) for record in service.since(cursor))
    return next(message for message in messages if "log level changed" in message)


def stuck_disk(facts: Facts) -> None:
    """A disk that takes two bytes a second, for 45 s, is no hang of the gateway: pins obey, nothing
    restarts, no write is lost.
    """
    refuse_outside()
    old_pid = service.pid()
    with api.Writer(TOKEN, "V26") as writer:
        writer.await_more(10)
        _slow_down("/dev/vda 2")
        try:
            counted = writer.ledger.count()
            _expect_obedience()
            time.sleep(FROZEN_S)
            facts.add("health of the journal meanwhile", api.component("journal"))
            equal(api.component("journal"), "degraded", "health of the journal meanwhile")
            facts.add("writes accepted meanwhile", writer.ledger.count() - counted)
        finally:
            _slow_down("")
        writer.await_more(10)
    within(30, lambda: writer.ledger.missing("bench/V26") == 0, "every accepted write is there")
    facts.add("accepted writes lost", f"0 of {writer.ledger.count()}")
    equal(service.pid(), old_pid, "process")


def reload(facts: Facts) -> None:
    """`systemctl reload` applies a changed file; no device is dropped and no relay moves."""
    api.write("pi/V1", "1")
    old_pid = service.pid()
    with StockClient(TOKEN) as client, board.Witness(RELAY) as witness:
        client.await_login()
        service.configure(CONFIG.replace("name: Bench", "name: Workbench"))
        began = time.monotonic()
        run("systemctl", "reload", service.UNIT)
        facts.add("systemctl reload took", time.monotonic() - began, "s")
        within(
            30, lambda: api.ask("GET", "/api/v1/devices/bench")["name"] == "Workbench", "new name"
        )
        facts.add("in force after", time.monotonic() - began, "s")
        client.tell("write", "8", "1")
        within(10, lambda: api.find_value("bench/V8") == ["1"], "a write after the reload")
        equal(client.connections(), 1, "logins of the board")
    equal(service.pid(), old_pid, "process")
    equal(witness.testimony.levels, [1], "the relay")
    facts.add("relay", witness.testimony.steadiness())


def faulty_reload(facts: Facts) -> None:
    """A faulty file is refused with its faults, and the gateway goes on with the old one."""
    began, old_pid = time.monotonic(), service.pid()
    with StockClient(TOKEN) as client:
        client.await_login()
        service.configure(_FAULTY)
        try:
            code, _ = attempt("systemctl", "reload", service.UNIT)
            facts.add("exit status of systemctl reload", code)
            expect(code != 0, "systemctl reload fails")
            records = within(
                20, lambda: service.matching("CODE=config.invalid", began), "CODE=config.invalid"
            )
            facts.add("said", f"`{records[0]['MESSAGE']}`")
            expect("gateway.yaml:" in facts.found["said"], "file and line are named")
            expect("did you mean" in facts.found["said"], "what was meant is suggested")
            equal(service.state(), "active", "the service")
            equal(service.pid(), old_pid, "process")
            equal(client.connections(), 1, "logins of the board")
        finally:
            service.configure(CONFIG)
        run("systemctl", "reload", service.UNIT)
        within(30, lambda: api.ask("GET", "/api/v1/devices/bench")["name"] == "Bench", "old name")


def bad_configuration(facts: Facts) -> None:
    """With a faulty file the service does not start, says why, and does not try for ever."""
    cursor = service.now()
    service.configure(_FAULTY)
    try:
        code, _ = attempt("systemctl", "restart", service.UNIT)
        expect(code != 0, "systemctl restart fails")
        within(30, lambda: service.state() == "failed", "the service has failed")
        equal(service.show("ExecMainStatus"), str(EX_CONFIG), "exit status")
        expect(service.said(cursor, "gateway.yaml:"), "file and line in the journal")
        # Longer than RestartSec, so that a further try would show.
        time.sleep(5)
        equal(service.state(), "failed", "the service, a while later")
        equal(int(service.show("NRestarts")), 0, "restarts that systemd tried")
        facts.add("exit status", EX_CONFIG)
    finally:
        service.configure(CONFIG)
        run("systemctl", "reset-failed", service.UNIT)
        service.start()
    facts.add("after repair, start to ready", service.start_took_s(), "s")


def broker_away(facts: Facts) -> None:
    """Without the broker everything else goes on; when it is back, it is told what is."""
    run("systemctl", "stop", "mosquitto.service")
    try:
        within(30, lambda: api.component("mqtt") not in ("", "ok"), "health tells of the broker")
        with StockClient(TOKEN) as client:
            client.await_login()
            for number in range(50):
                client.tell("write", "9", str(number))
            within(20, lambda: api.find_value("bench/V9") == ["49"], "writes meanwhile")
            equal(client.connections(), 1, "logins of the board")
    finally:
        run("systemctl", "start", "mosquitto.service")
    began = time.monotonic()
    within(90, lambda: api.component("mqtt") == "ok", "connected again")
    facts.add("connected again after", time.monotonic() - began, "s")
    equal(subscribed("blynk/bench/v9"), "49", "the latest value on the broker")
    equal(subscribed("blynk/bridge/state"), "online", "the gateway on the broker")


def clock_jump(facts: Facts) -> None:
    """The clock may leap by a day, forth and back: no timer is early or late, no write is lost."""
    refuse_outside()
    offset_s = time.time() - time.monotonic()
    old_pid = service.pid()
    try:
        with api.Writer(TOKEN, "V23") as writer:
            writer.await_more(10)
            api.write("pi/V2", "1")
            on_at = time.monotonic()
            within(10, lambda: board.level(PUMP) == 1, "pump on")
            for days in (1, -1):
                time.clock_settime(time.CLOCK_REALTIME, time.time() + days * _DAY_S)
                writer.await_more(20)
            equal(board.level(PUMP), 1, "the pump, before its max_on")
            within(MAX_ON_S + 10, lambda: board.level(PUMP) == 0, "the pump is off by max_on")
            facts.add(f"max_on of {MAX_ON_S} s took", time.monotonic() - on_at, "s")
            expect(time.monotonic() - on_at > MAX_ON_S - 1, "max_on not early")
            writer.await_more(10)
    finally:
        time.clock_settime(time.CLOCK_REALTIME, time.monotonic() + offset_s)
    within(10, lambda: writer.ledger.missing("bench/V23") == 0, "every accepted write is there")
    facts.add("accepted writes lost", f"0 of {writer.ledger.count()}")
    equal(service.pid(), old_pid, "process")
    equal(service.state(), "active", "the service")


def disk_full(facts: Facts) -> None:
    """With a full disk everything goes on and health says so; what was accepted meanwhile is
    written as soon as there is room.
    """
    refuse_outside()
    filler = Path("/var/tmp/filler")  # noqa: S108  of a machine that is thrown away
    old_pid = service.pid()
    cursor = service.now()
    with api.Writer(TOKEN, "V24") as writer:
        writer.await_more(10)
        _fill(filler)
        try:
            began = time.monotonic()
            within(60, _grow_until_told, "health tells of the full disk")
            facts.add("told after", time.monotonic() - began, "s")
            full_since = writer.ledger.count()
            _expect_obedience()
            writer.await_more(20)
            facts.add("writes accepted while full", writer.ledger.count() - full_since)
            equal(service.state(), "active", "the service")
        finally:
            filler.unlink()
        began = time.monotonic()
        within(120, lambda: api.component("history") == "ok", "health is well again")
        facts.add("well again after", time.monotonic() - began, "s")
        writer.await_more(10)
    within(20, lambda: writer.ledger.missing("bench/V24") == 0, "every accepted write is there")
    facts.add("accepted writes lost", f"0 of {writer.ledger.count()}")
    equal(service.pid(), old_pid, "process")
    tracebacks = [one for one in service.since(cursor) if "Traceback" in str(one.get("MESSAGE"))]
    equal(tracebacks, [], "tracebacks in the journal")


def _expect_obedience() -> None:
    """Switch the relay off and on."""
    api.write("pi/V1", "0")
    within(10, lambda: board.level(RELAY) == 0, "the relay obeys")
    api.write("pi/V1", "1")
    within(10, lambda: board.level(RELAY) == 1, "the relay obeys")


def _slow_down(limit: str) -> None:
    # Not fsfreeze: with kernel 6.1 a page of SQLite's shared memory that is written then keeps the
    # lock of the whole address space, and every thread of the process waits.
    run("systemctl", "set-property", "--runtime", service.UNIT, f"IOWriteBandwidthMax={limit}")


def _fill(filler: Path) -> None:
    """Take every block of the file system."""
    with filler.open("wb") as file:
        size, step = 0, 64 * _MIB
        while step >= 4 * _KIB:
            try:
                os.posix_fallocate(file.fileno(), size, step)
                size += step
            except OSError:
                step //= 4


def _grow_until_told() -> bool:
    """Write what no block that the database has already can hold."""
    for number in range(20):
        api.write(f"bench/V{100 + number}", os.urandom(400).hex())
    return api.component("history") not in ("", "ok")
