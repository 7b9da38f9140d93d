"""What a restart, a crash and a hang cost: nothing that was promised."""

import os
import signal
import socket
import time

from tests.vm.inside import api, board, service
from tests.vm.inside.household import RELAY, TOKEN
from tests.vm.inside.installing import speed_factor
from tests.vm.inside.outcome import Facts, equal, expect, within
from tests.vm.inside.stock_client import StockClient

MAY_COST_S = 1.0 + 0.5
"""`history.commit_every`, and a commit on an emulated disk: the most that a crash may cost."""

BACK_WITHIN_S = 2.0
"""Of a board after a restart, on a real machine."""

WATCHDOG_S = 30
"""WatchdogSec of the unit."""


class Interruption:
    """A relay that is on, a stock board and a writer, while something happens to the service.

    Args:
        pin: of the device, for the writer alone.
    """

    def __init__(self, pin: str) -> None:
        self._pin = pin
        self._writer = api.Writer(TOKEN, pin)
        self._witness = board.Witness(RELAY)
        self._client = StockClient(TOKEN)
        self._cursor = ""
        self._back_s = 0.0
        self.began = 0.0
        self.old_pid = 0

    def __enter__(self) -> "Interruption":
        api.write("pi/V1", "1")
        within(10, lambda: board.level(RELAY) == 1, "relay on")
        self._client.__enter__()
        self._client.await_login()
        self._writer.__enter__()
        self._writer.await_more(10)
        self._witness.__enter__()
        self.old_pid = service.pid()
        self._cursor = service.now()
        self.began = time.monotonic()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._witness.__exit__(kind, None, None)
        self._writer.__exit__()
        self._client.__exit__()

    def await_recovery(self, facts: Facts, limit_s: float) -> None:
        """Return when another process serves board and writer; adds what it took."""
        within(limit_s, lambda: service.is_replaced(self.old_pid), "another process serves")
        # Not from the command on: what apt does before it comes to the service interrupts nobody.
        ended = self._told("Stopping ", "blynk-gateway.service: Main process exited")
        facts.add("ready again after", self._told("Started ") - ended, "s")
        self._back_s = self._client.await_login(after=ended)
        facts.add("stock board back after", self._back_s, "s")
        self._writer.await_more(10)

    def expect_quick(self, facts: Facts) -> None:
        """Judge how soon the board was back, when the context was left."""
        real_s = self._back_s / max(1.0, speed_factor())
        facts.add("the same, divided by the factor", real_s, "s")
        expect(real_s <= BACK_WITHIN_S, f"the board is back within {BACK_WITHIN_S} s")

    def _told(self, *beginnings: str) -> float:
        """When systemd told the first of these about the service, by the monotonic clock."""

        def find() -> float | None:
            for record in service.since(self._cursor):
                is_systemd = record["_PID"] == "1"
                if is_systemd and str(record.get("MESSAGE")).startswith(beginnings):
                    return int(record["__MONOTONIC_TIMESTAMP"]) / 1e6
            return None

        return within(20, find, f"the journal has {beginnings}") or 0.0

    def judge(self, facts: Facts, *, may_lose_after: float = float("inf")) -> None:
        """Judge what was lost, when the context was left.

        Args:
            may_lose_after: what was accepted from this time on until the crash may be lost.
        """
        ledger = self._writer.ledger
        equal(ledger.missing(f"bench/{self._pin}", may_lose_after), 0, "accepted writes lost")
        facts.add(
            "accepted writes lost", f"{ledger.missing(f'bench/{self._pin}')} of {ledger.count()}"
        )
        facts.add("connections refused", ledger.refused)
        facts.add("longest wait of a request", ledger.longest_s, "s")
        testimony = self._witness.testimony
        facts.add("relay", testimony.steadiness())
        equal(testimony.levels[-1], 1, "the relay in the end")


def restart(facts: Facts) -> None:
    """`systemctl restart`: ports stay open, the relay stays on, the board is back, nothing that was
    accepted is lost.
    """
    with Interruption("V20") as interruption:
        service.restart()
        facts.add("systemctl restart took", time.monotonic() - interruption.began, "s")
        interruption.await_recovery(facts, 30)
    interruption.judge(facts)
    interruption.expect_quick(facts)
    equal(facts.found["connections refused"], "0", "connections refused")
    _expect_untouched(facts)


def stop(facts: Facts) -> None:
    """`systemctl stop` really stops: no port is open, systemd holds nothing, and the line is free
    until the next start.
    """
    api.write("pi/V1", "1")
    within(10, lambda: board.level(RELAY) == 1, "relay on")
    with board.Witness(RELAY) as witness:
        began = time.monotonic()
        service.stop()
        facts.add("systemctl stop took", time.monotonic() - began, "s")
        with socket.socket() as probe:
            expect(probe.connect_ex(("127.0.0.1", api.PORT)) != 0, "the port is closed")
        equal(service.show("NFileDescriptorStore"), "0", "descriptors that systemd holds")
        # What a free line has in the simulation; kernels of the Pi leave its level.
        within(10, lambda: board.level(RELAY) == 0, "the line is free")
        service.start()
        within(10, lambda: board.level(RELAY) == 1, "the relay is on again")
    equal(witness.testimony.levels, [1, 0, 1], "the relay")
    equal(len(witness.testimony.free_ms), 1, "times that nobody held the line")
    facts.add("descriptors held while it runs", service.show("NFileDescriptorStore"))


def kill(facts: Facts) -> None:
    """After `kill -9` the service is back by itself, and the board with it; at most `commit_every`
    of what was accepted is lost.
    """
    before = int(service.show("NRestarts"))
    with Interruption("V21") as interruption:
        os.kill(interruption.old_pid, signal.SIGKILL)
        killed = time.monotonic()
        interruption.await_recovery(facts, service.START_WITHIN_S)
    interruption.judge(facts, may_lose_after=killed - MAY_COST_S)
    equal(int(service.show("NRestarts")), before + 1, "restarts that systemd counts")
    equal(facts.found["connections refused"], "0", "connections refused")
    _expect_untouched(facts)


def hang(facts: Facts) -> None:
    """A process that hangs (SIGSTOP) is replaced by the watchdog, and the journal says so."""
    cursor = service.now()
    with Interruption("V22") as interruption:
        os.kill(interruption.old_pid, signal.SIGSTOP)
        stopped = time.monotonic()
        within(WATCHDOG_S + 10, lambda: service.said(cursor, "Watchdog timeout"), "watchdog")
        facts.add("noticed after", time.monotonic() - stopped, "s")
        interruption.await_recovery(facts, WATCHDOG_S + service.START_WITHIN_S)
    interruption.judge(facts, may_lose_after=stopped - MAY_COST_S)
    expect(service.said(cursor, "Thread 0x"), "the journal tells where each thread was")
    _expect_untouched(facts)


def _expect_untouched(facts: Facts) -> None:
    expect(
        facts.found["relay"].startswith("unchanged"), f"the relay stays on: {facts.found['relay']}"
    )
