import select
import socket
import threading
from collections.abc import Iterator

import pytest

from blynk_gateway.broker.waker import Stopped, Waker
from tests.helpers.patience import PATIENCE_S


@pytest.fixture
def waker() -> Iterator[Waker]:
    one = Waker()
    yield one
    one.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


Pair = tuple[socket.socket, socket.socket]


def test_a_wait_tells_what_the_socket_is_ready_for(waker: Waker, pair: Pair) -> None:
    ours, theirs = pair
    assert waker.wait(ours, select.POLLIN, 0.0) == 0
    assert waker.wait(ours, select.POLLIN | select.POLLOUT, PATIENCE_S) == select.POLLOUT
    theirs.send(b"x")
    assert waker.wait(ours, select.POLLIN, PATIENCE_S) == select.POLLIN


def test_a_wake_from_another_thread_ends_a_wait(waker: Waker, pair: Pair) -> None:
    waking = threading.Timer(0.02, waker.wake)
    waking.start()
    assert waker.wait(pair[0], select.POLLIN, 30.0) == 0
    waking.join()


def test_a_wake_before_the_wait_counts_once(waker: Waker) -> None:
    for _ in range(100_000):
        waker.wake()
    assert waker.wait(None, 0, 30.0) == 0
    while waker._inner in select.select([waker._inner], [], [], 0)[0]:
        waker.wait(None, 0, 30.0)
    assert waker.wait(None, 0, 0.01) == 0


def test_a_stop_ends_every_wait(waker: Waker, pair: Pair) -> None:
    waker.stop()
    for _ in range(2):
        with pytest.raises(Stopped):
            waker.wait(pair[0], select.POLLIN, 30.0)


def test_a_wake_after_the_end_is_no_fault(waker: Waker) -> None:
    waker.close()
    waker.wake()
    waker.stop()
    waker.close()
