import asyncio
import json
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from blynk_gateway.runtime.descriptors import FIRST, Descriptors
from blynk_gateway.runtime.sdnotify import ServiceManager
from tests.helpers.patience import PATIENCE_S

NAME = "listen-127.0.0.1-8080"


class Store:
    """The far end of the notify socket: what a manager is told, and the copies it keeps."""

    def __init__(self, path: Path) -> None:
        self.receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.receiver.bind(str(path))
        self.receiver.settimeout(PATIENCE_S)
        self.files: list[int] = []

    def take(self) -> list[str]:
        text, files, _, _ = socket.recv_fds(self.receiver, 1000, 4)
        self.files += files
        return text.decode().split("\n")

    def answer(self) -> None:
        """Close everything, which is how a barrier is passed."""
        while self.files:
            os.close(self.files.pop())

    def close(self) -> None:
        self.answer()
        self.receiver.close()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    store = Store(tmp_path / "notify")
    yield store
    store.close()


def open_files() -> set[str]:
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208  numbers, not paths


def test_what_is_kept_is_told_once_and_outlives_its_user(store: Store) -> None:
    descriptors = Descriptors(ServiceManager())
    near, far = socket.socketpair()
    descriptors.keep(NAME, near.fileno())
    descriptors.keep(NAME, near.fileno())
    near.close()
    assert store.take() == ["FDSTORE=1", f"FDNAME={NAME}", "FDPOLL=0"]
    (kept,) = descriptors.kept("listen-").values()
    os.write(kept, b"alive")
    assert far.recv(10) == b"alive"
    os.write(store.files[0], b"there too")
    assert far.recv(10) == b"there too"
    assert not os.get_inheritable(kept)
    assert descriptors.kept("gpio-") == {}
    os.close(kept)
    far.close()
    descriptors.keep("gpio-17", store.files[0])
    assert store.take()[1] == "FDNAME=gpio-17"
    os.close(descriptors.kept("gpio-")["gpio-17"])


async def test_what_is_forgotten_is_closed_everywhere(store: Store) -> None:
    before = open_files()
    descriptors = Descriptors(ServiceManager())
    near, far = socket.socketpair()
    far.setblocking(False)
    descriptors.keep(NAME, near.fileno())
    near.close()
    store.take()

    def obey() -> None:
        if "BARRIER=1" in store.take():
            store.answer()
            loop.remove_reader(store.receiver)

    loop = asyncio.get_running_loop()
    loop.add_reader(store.receiver, obey)
    await descriptors.forget(NAME)
    assert far.recv(10) == b""
    assert descriptors.kept("") == {}
    await descriptors.forget(NAME)
    far.close()
    assert open_files() == before


def test_without_a_manager_nothing_is_kept() -> None:
    before = open_files()
    descriptors = Descriptors()
    descriptors.keep(NAME, 0)
    environment: dict[str, str] = {}
    descriptors.pass_on(environment)
    assert (descriptors.kept(""), environment) == ({}, {})
    assert open_files() == before


PROGRAM = """
    import json, os, sys
    from blynk_gateway.runtime.descriptors import Descriptors
    from blynk_gateway.runtime.sdnotify import ServiceManager

    if sys.argv[1:]:
        os.environ["LISTEN_PID"] = str(os.getpid() + int(sys.argv[1]))
    found = Descriptors.handed_over(ServiceManager())
    if os.environ.pop("AGAIN", ""):
        found.keep("gpio-4", 0)
        found.pass_on()
        os.execv(sys.executable, [sys.executable, "-c", sys.orig_argv[2]])
    def show(files):
        return [[name, os.fstat(fd).st_ino, os.get_inheritable(fd)] for name, fd in files]
    left = [name for name in os.environ if name.startswith("LISTEN_")]
    print(json.dumps([show(found.kept("").items()), show(found.given), left]))
"""


def started(
    count: int, names: str | None, *files: socket.socket, more: int = 0, again: str = ""
) -> list[object]:
    """What a process finds that is started as systemd would.

    Args:
        more: added to the process id that the variables name.
    """
    environment = os.environ | {"LISTEN_FDS": str(count), "AGAIN": again}
    if names is not None:
        environment["LISTEN_FDNAMES"] = names

    def put() -> None:
        high = [os.dup2(file.fileno(), 100 + index) for index, file in enumerate(files)]
        for index, fd in enumerate(high):
            os.dup2(fd, FIRST + index, inheritable=True)

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(more)],
        env=environment,
        close_fds=False,
        preexec_fn=put,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    result: list[object] = json.loads(done.stdout)
    return result


def inode(file: socket.socket) -> int:
    return os.fstat(file.fileno()).st_ino


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_ours_and_those_of_a_socket_unit_are_told_apart(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    one, other = pair
    found = started(2, f"blynk-gateway.socket:{NAME}", one, other)
    assert found == [
        [[NAME, inode(other), False]],
        [["blynk-gateway.socket", inode(one), False]],
        [],
    ]


def test_names_may_be_missing(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    kept, given, left = started(2, None, one, other)
    assert (kept, left) == ([], [])
    assert given == [["", inode(one), False], ["", inode(other), False]]
    kept, given, _ = started(2, NAME, one, other)
    assert (kept, given) == ([[NAME, inode(one), False]], [["", inode(other), False]])


def test_a_second_one_of_a_name_is_closed(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    assert started(2, f"{NAME}:{NAME}", one, other) == [[[NAME, inode(one), False]], [], []]


def test_what_is_for_another_process_is_left_alone(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    assert started(2, f"a:{NAME}", *pair, more=1) == [[], [], []]


def test_less_than_announced_is_no_fault(pair: tuple[socket.socket, socket.socket]) -> None:
    kept, _, left = started(40, NAME, pair[0])
    assert kept == [[NAME, inode(pair[0]), False]]
    assert left == []


def test_it_is_passed_on_to_what_the_process_becomes(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    one, other = pair
    found = started(2, f"some.socket:{NAME}", one, other, again="1")
    kept, given, left = found
    assert isinstance(kept, list)
    assert kept[0] == [NAME, inode(other), False]
    assert kept[1][0] == "gpio-4"
    assert (given, left) == ([["some.socket", inode(one), False]], [])


def test_the_end_of_the_process_closes_its_copies(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    copy = os.dup(pair[0].fileno())
    descriptors = Descriptors(None, [(NAME, copy)])
    descriptors.close()
    descriptors.close()
    assert descriptors.kept("") == {}
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(copy)
    os.fstat(pair[0].fileno())
