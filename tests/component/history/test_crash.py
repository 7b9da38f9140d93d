import asyncio
import sqlite3
import sys
from pathlib import Path

from blynk_gateway.history.segments.segment import decode
from tests.component.history.system import System, files_of, put_back

ROOT = Path(__file__).parents[3]


async def kill_in_a_storm(directory: Path, after_lines: int) -> int:
    """Returns the highest number that was promised to be on disk."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.component.history.storm", directory),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    for _ in range(after_lines):
        assert await process.stdout.readline()
    process.kill()
    promised = (await process.stdout.read()).split(b"\n")[:-1]
    await process.wait()
    return int(promised[-1]) if promised else 500 * after_lines


def numbers_on_disk(path: Path) -> list[int]:
    """Every number written, in the order of the segments; the file must be whole."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    bodies = connection.execute("SELECT body FROM segment ORDER BY first_seq").fetchall()
    connection.close()
    return [int(point.value[0]) for (body,) in bodies for point in decode(body)]


async def test_killed_in_a_storm_nothing_that_was_promised_is_missing(tmp_path: Path) -> None:
    for attempt, lines in enumerate((1, 7, 40)):
        directory = tmp_path / str(attempt)
        promised = await kill_in_a_storm(directory, lines)
        numbers = numbers_on_disk(directory / "gateway.db")
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= promised >= 500 * lines
        async with System(directory) as system:
            latest = {f"a/V{number % 250}": (str(number),) for number in numbers}
            assert system.values == latest
            assert system.restored.next_seq > len(numbers)
            assert [one.slug for one in system.restored.definitions] == ["a"]


async def test_stale_side_files_do_no_harm(tmp_path: Path) -> None:
    async with System(tmp_path / "first") as system:
        system.add("a")
        system.write("a", "V1", "1")
        await system.journal.flush()
        left = files_of(tmp_path / "first")
    directory = tmp_path / "second"
    directory.mkdir()
    put_back({directory / path.name: body for path, body in left.items()})
    # What a kill in the middle of a commit leaves, and an index of the log that fits to nothing.
    with (directory / "gateway.db-wal").open("ab") as log:
        log.write(b"\xa5" * 5000)
    (directory / "gateway.db-shm").write_bytes(b"\xa5" * 32768)
    async with System(directory) as system:
        assert system.journal.damage == ""
        assert system.values == {"a/V1": ("1",)}
