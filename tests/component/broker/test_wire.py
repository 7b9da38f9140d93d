import socket
from collections.abc import Iterator

import pytest

from blynk_gateway.broker.wire import CHUNK_BYTES, Wire


@pytest.fixture
def ends() -> Iterator[tuple[Wire, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Wire(ours), theirs


Ends = tuple[Wire, socket.socket]


def test_reading_gives_what_is_asked_for_and_no_more(ends: Ends) -> None:
    wire, theirs = ends
    theirs.send(b"\xd0\x00\xd0\x00")
    assert not wire.has_input
    assert wire.fill() == 4
    assert (wire.recv(1), wire.recv(10)) == (b"\xd0", b"\x00\xd0\x00")
    assert not wire.has_input
    with pytest.raises(BlockingIOError):
        wire.recv(1)


def test_nothing_to_read_is_no_end(ends: Ends) -> None:
    wire, _ = ends
    assert wire.fill() == 0
    assert not wire.is_at_end
    with pytest.raises(BlockingIOError):
        wire.recv(1)


def test_the_end_comes_behind_what_was_sent_before(ends: Ends) -> None:
    wire, theirs = ends
    theirs.send(b"\xd0\x00")
    theirs.close()
    wire.fill()
    assert (wire.has_input, wire.is_at_end) == (True, False)
    assert wire.recv(2) == b"\xd0\x00"
    assert (wire.has_input, wire.is_at_end) == (True, True)
    assert wire.recv(1) == b""


def test_writing_waits_for_the_flush_and_keeps_its_order(ends: Ends) -> None:
    wire, theirs = ends
    assert wire.send(b"abc") == 3
    assert wire.send(bytearray(b"de")) == 2
    with pytest.raises(BlockingIOError):
        theirs.recv(1, socket.MSG_DONTWAIT)
    wire.flush()
    assert not wire.has_output
    assert theirs.recv(100) == b"abcde"


def test_what_the_socket_does_not_take_stays(ends: Ends) -> None:
    wire, theirs = ends
    data = bytes(range(256)) * 16_000
    wire.send(data)
    wire.flush()
    assert wire.has_output
    received = bytearray()
    while len(received) < len(data):
        received += theirs.recv(CHUNK_BYTES)
        wire.flush()
    assert bytes(received) == data
    assert not wire.has_output


def test_after_a_cut_the_last_words_can_be_read(ends: Ends) -> None:
    wire, theirs = ends
    theirs.send(b"\xe0\x00")
    theirs.close()
    wire.send(b"abc")
    wire.flush()
    wire.flush()
    assert wire.has_output
    wire.fill()
    assert wire.recv(2) == b"\xe0\x00"


def test_paho_closes_it_without_closing_the_socket(ends: Ends) -> None:
    wire, theirs = ends
    wire.setblocking(True)
    wire.send(b"last")
    wire.close()
    assert wire.is_closed
    assert wire.fileno() >= 0
    wire.flush()
    assert theirs.recv(100) == b"last"
    wire.shut()
    wire.shut()
    assert theirs.recv(100) == b""
