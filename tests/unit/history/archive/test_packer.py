import io
import marshal
import os
import subprocess
import sys
from pathlib import Path

import blynk_gateway
from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.history.archive.chunk import decode
from blynk_gateway.history.archive.packer import HEAD, message, serve
from blynk_gateway.history.segments.segment import encode

ROOT = str(Path(blynk_gateway.__file__).parents[1])
START = (
    "import sys; sys.path.insert(0, sys.argv.pop());"
    " from blynk_gateway.history.archive.packer import"
)


def segment(*values: str) -> bytes:
    """Of stream 1, a millisecond apart."""
    origin = Origin(OriginKind.DEVICE, "1")
    changes = [
        PinChange(seq, "a", "V1", (value,), (), origin, Intent.REPORT, seq, None, 0)
        for seq, value in enumerate(values)
    ]
    return encode(changes, [1] * len(values)).body


def answers(sent: bytes) -> list[tuple[object, object]]:
    """What comes back, without heads."""
    output = io.BytesIO()
    serve(io.BytesIO(sent), output)
    output.seek(0)
    found = []
    while head := output.read(HEAD.size):
        found.append(marshal.loads(output.read(*HEAD.unpack(head))))  # noqa: S302 - our own
    return found


def test_points_come_back_as_statements() -> None:
    (streams, _), (statements, damage) = answers(
        message(("add", [segment("1", "2")]))
        + message(("add", [segment("3")]))
        + message(("streams",))
        + message(("statements", [(1, True, None)]))
    )
    assert streams == [(1, 3)]
    assert isinstance(statements, list)
    tables = [sql.split(" INTO ")[1].split()[0] for sql, _ in statements]
    assert tables == ["chunk", "minute", "hour", "day"]
    _, (chunk_id, stream, first_ms, last_ms, count, body) = statements[0]
    assert (chunk_id, stream, first_ms, last_ms, count) == (None, 1, 0, 1, 3)
    assert decode(body).values == [("1",), ("3",), ("2",)]
    assert damage == []


def test_chunk_that_grows_is_taken_over() -> None:
    _, (statements, _) = answers(
        message(("add", [segment("1")]))
        + message(("streams",))
        + message(("statements", [(1, True, None)]))
    )
    assert isinstance(statements, list)
    _, (_, _, first_ms, last_ms, _, body) = statements[0]
    _, (statements, _) = answers(
        message(("add", [segment("2")]))
        + message(("streams",))
        + message(("statements", [(1, True, (7, body, first_ms, last_ms))]))
    )
    assert isinstance(statements, list)
    _, (chunk_id, *_, count, _) = statements[0]
    assert (chunk_id, count) == (7, 2)


def test_damage_is_said_once() -> None:
    (_, damage), (_, none) = answers(
        message(("add", [b"", segment("1")])) + message(("streams",)) * 2
    )
    assert isinstance(damage, list)
    assert [event for event, _ in damage] == ["points lost to the archive"]
    assert none == []


def test_end_in_the_middle_of_a_message_is_an_end() -> None:
    whole = message(("streams",))
    for size in range(len(whole)):
        assert answers(whole[:size]) == []


def test_packer_ends_with_its_input_and_imports_neither_loop_nor_database_nor_log() -> None:
    code = f"{START} main; main(); print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, "5", ROOT],
        input=message(("streams",)),
        capture_output=True,
        check=True,
        timeout=20,
    )
    answer = message(([], []))
    assert found.stdout.startswith(answer)
    modules = set(found.stdout[len(answer) :].decode().split())
    assert "blynk_gateway.history.archive.packing" in modules
    assert not modules & {"asyncio", "sqlite3", "aiosqlite", "logging", "pathlib", "json"}


def test_packer_is_nice_and_deaf_to_what_means_the_gateway() -> None:
    code = (
        f"{START} main; import os, signal; main();"
        " print(os.nice(0), signal.getsignal(signal.SIGINT) is signal.SIG_IGN,"
        " signal.getsignal(signal.SIGTERM) is signal.SIG_IGN)"
    )
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, "5", ROOT],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=20,
    )
    assert found.stdout.split() == [str(os.nice(0) + 5).encode(), b"True", b"True"]
