import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blynk_gateway.core.change import EventKind
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.clock import timekeeper
from blynk_gateway.history.clock.anchor import Anchor, Period, Quality, Shift, doubtful_periods
from blynk_gateway.history.clock.timekeeper import LEAP_MS, WAIT_CHANGES, WAIT_MS
from blynk_gateway.history.file import database
from blynk_gateway.history.segments.segment import decode
from blynk_gateway.runtime.clock_quality import EARLIEST_MS, SETTLED_S, ClockQuality
from blynk_gateway.runtime.health import ComponentHealth, HealthState
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.component.history.system import ORIGIN, System, files_of, locked, put_back, until
from tests.helpers.clock import FakeClock

WRONG_MS = 1_600_000_000_000
RIGHT_MS = EARLIEST_MS + 100 * 86_400_000
DAY_S = 86_400.0


class Pi:
    """A Pi without a real-time clock, which boots in the past.

    Attributes:
        synced: whether a time server is reached.
        right_ms: the true time, less what the clock would show if it had been right at the boot.
    """

    def __init__(self, directory: Path, start_ms: int = WRONG_MS) -> None:
        self.directory = directory
        self.clock = FakeClock(start_ms)
        self.synced = False
        self.boots = 1
        self._began_s = self.clock.monotonic()

    def start(self) -> System:
        """The daemon, as it begins now."""
        quality = ClockQuality(
            self.clock,
            root=self.directory / "root",
            is_synchronised=lambda: self.synced,
            machine="aarch64",
        )
        system = System(self.directory, clock=self.clock, clock_quality=quality)
        timekeeper_ = system.journal.timekeeper
        timekeeper_._boot = f"boot-{self.boots}"
        timekeeper_.on_corrected(lambda shift: system.store.correct_times(shift.corrected))
        timekeeper_.on_corrected(lambda shift: system.registry.correct_times(shift.corrected_sight))
        return system

    def true_ms(self) -> int:
        return RIGHT_MS + round((self.clock.monotonic() - self._began_s) * 1000)

    def synchronise(self) -> None:
        """A time server steps the clock."""
        self.clock.step(self.true_ms() - self.clock.now_ms())
        self.synced = True


@pytest.fixture
def pi(tmp_path: Path) -> Pi:
    return Pi(tmp_path)


@pytest.fixture(autouse=True)
def _short_busy_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)


async def second(pi: Pi, system: System) -> None:
    """Let a second pass, and the look at its end."""
    pi.clock.advance(1)
    await system.journal.timekeeper.check(system.journal)


def points(path: Path) -> list[tuple[int, int, str]]:
    """Number, time and value of all points in the journal, as any other program sees them."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT body FROM segment ORDER BY first_seq").fetchall()
    return [(one.seq, one.at_ms, one.value[0]) for (body,) in rows for one in decode(body)]


def times_by_value(path: Path) -> dict[str, int]:
    found = points(path)
    assert found == sorted(found), "numbers rise"
    return {value: at_ms for _, at_ms, value in found}


def fetch(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def archived(path: Path) -> int:
    ((count,),) = fetch(path, "SELECT coalesce(sum(count), 0) FROM chunk")
    assert isinstance(count, int)
    return count


def doubtful(path: Path) -> list[Period]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT * FROM clock_anchor").fetchall()
    return doubtful_periods(Anchor(*row) for row in rows)


def clock_of(system: System) -> ComponentHealth:
    return system.health.components["clock"]


async def test_step_of_years_puts_everything_right(pi: Pi) -> None:
    async with pi.start() as system:
        system.add("a")
        wanted = {}
        for number in range(100):
            wanted[str(number)] = pi.true_ms()
            system.write("a", f"V{number % 7}", str(number))
            await second(pi, system)
            if number == 10:
                # With a checkpoint: current values are saved again when the journal is closed.
                await system.journal.flush()
        device = system.registry.get("a")
        system.registry.seen(device, pi.clock.now_ms())
        system.registry.record_event(device, EventKind.LOGGED, "early", "", ORIGIN)
        early_ms = pi.true_ms()
        pi.clock.advance(0.5)
        wanted["unseen"] = pi.true_ms()
        system.write("a", "V1", "unseen")
        pi.synchronise()
        wanted["late"] = pi.true_ms()
        system.write("a", "V2", "late")
        await second(pi, system)
        assert times_by_value(system.path) == wanted
        state = system.store.get("a", "V3")
        assert (state.value, state.at_ms) == (("94",), wanted["94"])
        assert system.store.get("a", "V2").at_ms == wanted["late"]
        assert device.last_seen_ms == early_ms
        (event,) = await system.journal.events("a", 10)
        assert event.at_ms == early_ms
        assert clock_of(system).state is HealthState.OK
    async with pi.start() as system:
        kept = {f"{device}/{pin}": at_ms for device, pin, _, at_ms in system.restored.values}
        assert kept == {
            f"a/V{pin}": wanted[value]
            for pin, value in enumerate(("98", "unseen", "late", "94", "95", "96", "97"))
        }


async def test_points_with_a_time_of_their_own_stay(pi: Pi) -> None:
    async with pi.start() as system:
        system.add("a")
        await second(pi, system)
        system.write("a", "V1", "imported", at_ms=RIGHT_MS - 5000)
        system.write("a", "V1", "ours")
        await second(pi, system)
        pi.synchronise()
        await second(pi, system)
        assert times_by_value(system.path) == {
            "imported": RIGHT_MS - 5000,
            "ours": RIGHT_MS + 1000,
        }


async def test_clock_set_while_the_daemon_was_down(pi: Pi) -> None:
    async with pi.start() as system:
        system.add("a")
        system.write("a", "V1", "early")
        wanted = pi.true_ms()
    pi.clock.advance(30)
    pi.synchronise()
    async with pi.start() as system:
        assert times_by_value(system.path) == {"early": wanted}
        assert [at_ms for *_, at_ms in system.restored.values] == [wanted]


async def test_run_looks_once_a_second(pi: Pi) -> None:
    async with pi.start() as system:
        system.add("a")
        task = spawn(system.journal.run(), name="journal")
        system.write("a", "V1", "early")
        wanted = pi.true_ms()
        pi.synchronise()
        await until(lambda: system.store.get("a", "V1").at_ms == wanted)
        await cancel(task)


async def test_trusted_clock_that_jumps_changes_nothing(pi: Pi) -> None:
    pi.synchronise()
    async with pi.start() as system:
        system.add("a")
        system.write("a", "V1", "early")
        wanted = pi.true_ms()
        pi.clock.step(-3_600_000)
        await second(pi, system)
        assert times_by_value(system.path) == {"early": wanted}
        assert system.journal.settled_seq is None


async def test_rows_of_an_earlier_boot_stay_as_they_are(pi: Pi) -> None:
    async with pi.start() as system:
        system.add("a")
        system.write("a", "V1", "before")
        before_ms = pi.clock.now_ms()
    pi.boots += 1
    async with pi.start() as system:
        system.add("a")
        system.write("a", "V1", "after")
        after_ms = pi.true_ms()
        pi.synchronise()
        await second(pi, system)
        assert times_by_value(system.path) == {"before": before_ms, "after": after_ms}
        assert [one.quality for one in doubtful(system.path)] == [
            Quality.UNTRUSTED,
            Quality.CORRECTED,
        ]


async def test_restart_in_the_same_boot_believes_the_clock_at_once(pi: Pi) -> None:
    async with pi.start():
        pass
    pi.synchronise()
    async with pi.start() as system:
        assert system.journal.settled_seq is None
    pi.synced = False
    pi.clock.advance(1000)
    async with pi.start() as system:
        assert clock_of(system).state is HealthState.OK
    pi.clock.step(-60_000)
    async with pi.start() as system:
        assert clock_of(system).state is HealthState.DEGRADED


async def test_clock_set_by_hand_corrects_at_once_and_is_trusted_later(pi: Pi) -> None:
    async with pi.start() as system:
        system.add("a")
        system.write("a", "V1", "early")
        wanted = pi.true_ms()
        pi.clock.step(RIGHT_MS - WRONG_MS)
        await second(pi, system)
        assert times_by_value(system.path) == {"early": wanted}
        assert clock_of(system).state is HealthState.DEGRADED
        assert "timedatectl" in clock_of(system).detail
        assert system.journal.settled_seq is not None
    async with pi.start() as system:
        assert clock_of(system).state is HealthState.DEGRADED
        pi.clock.advance(SETTLED_S)
        await second(pi, system)
        assert clock_of(system).state is HealthState.OK
        assert system.journal.settled_seq is None


async def crash_after(pi: Pi, transactions: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Correct, and leave the files as they were after so many transactions; whether it was done."""
    taken: list[dict[Path, bytes]] = []
    write = database.Database.write

    async def counted(self: database.Database, *args: object, **kwargs: object) -> None:
        if len(taken) <= transactions:
            taken.append(files_of(pi.directory))
        await write(self, *args, **kwargs)  # type: ignore[arg-type]

    async with pi.start() as system:
        system.add("a")
        for number in range(20):
            system.write("a", f"V{number % 3}", str(number))
            await second(pi, system)
            await system.journal.flush()
        pi.synchronise()
        monkeypatch.setattr(timekeeper, "SEGMENTS_AT_ONCE", 4)
        with monkeypatch.context() as patched:
            patched.setattr(database.Database, "write", counted)
            await second(pi, system)
            taken.append(files_of(pi.directory))
    put_back(taken[transactions])
    return transactions == len(taken) - 1


async def test_correction_that_a_crash_breaks_off_is_finished_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions = 0
    is_done = False
    while not is_done:
        pi = Pi(tmp_path / str(transactions))
        is_done = await crash_after(pi, transactions, monkeypatch)
        wanted = {str(number): RIGHT_MS + number * 1000 for number in range(20)}
        async with pi.start() as system:
            assert times_by_value(system.path) == wanted
            assert {value[0]: at_ms for _, _, value, at_ms in system.restored.values} == {
                value: wanted[value] for value in ("17", "18", "19")
            }
        transactions += 1
    assert transactions > 6


async def test_correction_waits_for_a_locked_database(pi: Pi) -> None:
    async with pi.start() as system:
        system.add("a")
        system.write("a", "V1", "early")
        wanted = {"early": pi.true_ms()}
        await second(pi, system)
        pi.synchronise()
        with locked(system.path):
            for number in range(3):
                wanted[str(number)] = pi.true_ms()
                system.write("a", "V1", str(number))
                await second(pi, system)
            assert clock_of(system).state is HealthState.DEGRADED
            assert "database is locked" in clock_of(system).detail
            assert system.journal.settled_seq is not None
        pi.clock.advance(10)
        await second(pi, system)
        assert times_by_value(system.path) == wanted
        assert clock_of(system).state is HealthState.OK


async def test_what_was_written_between_a_jump_and_its_correction_stays(pi: Pi) -> None:
    pi.clock.step(RIGHT_MS + 60_000 - WRONG_MS)
    async with pi.start() as system:
        system.add("a")
        wanted = {}
        for number in range(100):
            wanted[str(number)] = pi.true_ms()
            system.write("a", "V1", str(number))
            await second(pi, system)
        await system.journal.flush()
        with locked(system.path):
            pi.synchronise()
            pi.synced = False
            wanted["late"] = pi.true_ms()
            system.write("a", "V1", "late")
            await second(pi, system)
            pi.synced = True
            await second(pi, system)
            await second(pi, system)
        pi.clock.advance(10)
        await second(pi, system)
        assert times_by_value(system.path) == wanted


async def test_nothing_is_settled_in_the_middle_of_a_correction(
    pi: Pi, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_database: object, _shift: Shift) -> None:
        raise HistoryError("the disk is full")

    async with pi.start() as system:
        system.add("a")
        system.write("a", "V1", "early")
        wanted = {"early": pi.true_ms()}
        bound = system.journal.settled_seq
        pi.synchronise()
        with monkeypatch.context() as patched:
            patched.setattr(timekeeper, "_advance", broken)
            await second(pi, system)
        assert system.journal.settled_seq == bound
        assert "the disk is full" in clock_of(system).detail
        pi.clock.advance(10)
        await second(pi, system)
        assert system.journal.settled_seq is None
        assert times_by_value(system.path) == wanted


async def test_start_with_a_locked_database_corrects_later(pi: Pi) -> None:
    async with pi.start() as system:
        system.add("a")
        system.write("a", "V1", "early")
        wanted = {"early": pi.true_ms()}
    pi.clock.advance(30)
    pi.synchronise()
    with locked(pi.directory / "gateway.db"):
        system = pi.start()
        await system.__aenter__()
        assert system.journal.settled_seq == 0
        system.add("a")
        system.write("a", "V1", "late")
        wanted["late"] = pi.true_ms()
    await second(pi, system)
    assert times_by_value(system.path) == wanted
    await system.journal.close()


async def test_boot_that_could_not_be_noted_is_not_settled(pi: Pi) -> None:
    async with pi.start():
        pass
    pi.boots += 1
    system = pi.start()
    with locked(pi.directory / "gateway.db"):
        await system.__aenter__()
    assert system.journal.settled_seq == system.restored.next_seq - 1
    await second(pi, system)
    assert system.journal.settled_seq == system.restored.next_seq - 1
    await system.journal.close()


async def test_what_may_still_be_corrected_is_not_archived(pi: Pi) -> None:
    async with pi.start() as system:
        system.add("a")
        system.write("a", "V1", "1")
        await system.journal.archive()
        assert archived(system.path) == 0
        pi.synchronise()
        await second(pi, system)
        await system.journal.archive()
        assert archived(system.path) == 1


async def test_nothing_waits_for_ever(pi: Pi) -> None:
    async with pi.start() as system:
        system.add("a")
        await second(pi, system)
        system.write("a", "V1", "1")
        for _ in range(4):
            pi.clock.advance(WAIT_MS / 4000)
            await second(pi, system)
        await system.journal.archive()
        assert archived(system.path) == 0
        pi.clock.advance(WAIT_MS / 4000)
        await second(pi, system)
        system.write("a", "V1", "2")
        wanted = pi.true_ms()
        await system.journal.archive()
        assert archived(system.path) == 1
        pi.synchronise()
        await second(pi, system)
        assert times_by_value(system.path) == {"2": wanted}
        first, second_ = doubtful(system.path)
        assert (first.from_ms, first.quality) == (WRONG_MS, Quality.UNTRUSTED)
        assert (second_.from_ms, second_.quality) == (
            RIGHT_MS + 1000 + (WAIT_MS // 4 + 1000),
            Quality.CORRECTED,
        )


async def test_too_many_changes_do_not_wait_either(pi: Pi, monkeypatch: pytest.MonkeyPatch) -> None:
    assert WAIT_CHANGES == 2_000_000
    monkeypatch.setattr(timekeeper, "WAIT_CHANGES", 100)
    monkeypatch.setattr(timekeeper, "_MARK_EVERY_CHANGES", 25)
    async with pi.start() as system:
        system.add("a")
        bounds = []
        for _ in range(10):
            for number in range(25):
                system.write("a", "V1", str(number))
            await second(pi, system)
            bounds.append((system.bus.next_seq - 1) - (system.journal.settled_seq or 0))
        assert max(bounds) <= 100 + 1
        assert bounds[-1] >= 75


async def test_times_that_were_not_known_are_told_as_periods(pi: Pi) -> None:
    async with pi.start() as system:
        pi.clock.advance(60)
        system.add("a")
        system.write("a", "V1", "1")
        pi.synchronise()
        await second(pi, system)
        assert doubtful(system.path) == [Period(RIGHT_MS, RIGHT_MS + 61_000, Quality.CORRECTED)]


async def test_nothing_ages_on_a_clock_that_is_not_trusted(pi: Pi) -> None:
    async with pi.start() as system:
        assert not system.journal.timekeeper.may_age()
        pi.synchronise()
        await second(pi, system)
        assert system.journal.timekeeper.may_age()


async def test_nothing_ages_for_a_day_after_the_clock_leapt(pi: Pi) -> None:
    pi.synchronise()
    async with pi.start() as system:
        system.add("a")
        system.write("a", "V1", "1")
        await second(pi, system)
        assert system.journal.timekeeper.may_age()
        pi.clock.step(24 * 365 * LEAP_MS)
        await second(pi, system)
        assert not system.journal.timekeeper.may_age()
        pi.clock.advance(DAY_S / 2)
        system.write("a", "V1", "2")
        await second(pi, system)
    # Nor does a new start, or a new boot, make it believe the leap.
    pi.boots += 1
    async with pi.start() as system:
        await second(pi, system)
        assert not system.journal.timekeeper.may_age()
        pi.clock.advance(DAY_S / 2)
        await second(pi, system)
        assert system.journal.timekeeper.may_age()


async def test_boot_long_after_the_last_value_is_a_leap_too(pi: Pi) -> None:
    pi.synchronise()
    async with pi.start() as system:
        system.add("a")
        system.write("a", "V1", "1")
    pi.boots += 1
    pi.clock.step(24 * 365 * LEAP_MS)
    async with pi.start() as system:
        await second(pi, system)
        assert not system.journal.timekeeper.may_age()
        pi.clock.advance(DAY_S / 2)
        await second(pi, system)
        assert not system.journal.timekeeper.may_age()
        pi.clock.advance(DAY_S / 2)
        await second(pi, system)
        assert system.journal.timekeeper.may_age()


async def test_known_boot_has_an_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert timekeeper._boot_id() == timekeeper._boot_id()
    monkeypatch.setattr(timekeeper, "BOOT_ID", tmp_path / "none")
    assert timekeeper._boot_id() != timekeeper._boot_id()


# A jump has to be larger than what lies between two looks, or nothing can tell before from after.
_JUMPS = st.one_of(st.integers(4000, 10**11), st.integers(-(10**10), -4000))
_ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 3)),
        st.tuples(st.just("import"), st.integers(1, 3)),
        st.tuples(st.just("jump"), _JUMPS),
        st.tuples(st.just("look"), st.just(0)),
        st.tuples(st.just("flush"), st.just(0)),
        st.tuples(st.just("checkpoint"), st.just(0)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("crash"), st.just(0)),
    ),
    max_size=30,
)


class Life:
    """A Pi's boot, with all that can happen in it, and what should be known in the end."""

    def __init__(self, directory: Path) -> None:
        self.pi = Pi(directory, RIGHT_MS - 10**12)
        self.wanted: dict[str, int] = {}
        self.waiting: set[str] = set()
        self.flushed: set[str] = set()
        self.has_jumped = False

    async def live(self, actions: list[tuple[str, int]]) -> None:
        system = self.pi.start()
        await system.__aenter__()
        system.add("a")
        for action, argument in actions:
            system = await self._do(system, action, argument)
        if self.has_jumped:
            await self._look(system)
        self.pi.synchronise()
        await self._look(system)
        await system.journal.flush()
        found = times_by_value(system.path)
        assert self.flushed <= found.keys()
        assert found == {value: self.wanted[value] for value in found}
        for _, state in system.store.snapshot():
            assert state.at_ms == self.wanted[state.value[0]]
        await system.journal.close()
        async with self.pi.start() as again:
            kept = {value[0]: at_ms for _, _, value, at_ms in again.restored.values}
            assert kept == {value: self.wanted[value] for value in kept}

    async def _look(self, system: System) -> None:
        self.pi.clock.advance(0.2)
        await system.journal.timekeeper.check(system.journal)
        self.has_jumped = False

    async def _do(self, system: System, action: str, argument: int) -> System:
        pi = self.pi
        match action:
            case "write" | "import":
                # Further away than any jump leads.
                at_ms = RIGHT_MS + 10**12 if action == "import" else None
                for _ in range(argument):
                    value = str(len(self.wanted))
                    self.waiting.add(value)
                    self.wanted[value] = at_ms or pi.true_ms()
                    system.write("a", f"V{argument}", value, at_ms=at_ms)
                    pi.clock.advance(0.05)
            case "jump":
                if self.has_jumped:
                    await self._look(system)
                pi.clock.step(argument)
                self.has_jumped = True
            case "look":
                await self._look(system)
            case "flush" | "checkpoint":
                if action == "checkpoint":
                    system.journal._checkpoint_at = 0.0
                await system.journal.flush()
                self.flushed |= self.waiting
            case _:
                return await self._begin_anew(system, is_crash=action == "crash")
        return system

    async def _begin_anew(self, system: System, *, is_crash: bool) -> System:
        files = files_of(self.pi.directory)
        await system.journal.close()
        if is_crash:
            for path in self.pi.directory.glob("gateway.db*"):
                path.unlink()
            put_back(files)
        else:
            self.flushed |= self.waiting
        self.waiting.clear()
        again = self.pi.start()
        await again.__aenter__()
        self.has_jumped = False
        again.add("a")
        return again


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lives")


@settings(max_examples=25, deadline=None)
@given(actions=_ACTIONS)
async def test_times_are_right_and_in_order_whatever_happens(
    base: Path, actions: list[tuple[str, int]]
) -> None:
    with tempfile.TemporaryDirectory(dir=base) as directory:
        await Life(Path(directory)).live(actions)
