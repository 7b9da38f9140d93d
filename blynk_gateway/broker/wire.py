"""A socket with room in front of it, both ways.

paho reads a packet in three pieces and writes each one alone. Every system call lets go of the
interpreter's lock, which a busy event loop gives back 5 ms later; so paho meets memory here, and
the socket gets and gives much at once.
"""

import socket
import ssl

from blynk_gateway.broker.message import Message
from blynk_gateway.broker.packets import read_message
from blynk_gateway.broker.sieve import Sieve

CHUNK_BYTES = 65_536
"""Read at once, and written before others get their turn."""


class Wire:
    """A connected socket that never waits. Used by one thread.

    Attributes:
        sieve: what keeps messages away that are too large.
        is_closed: paho is done with it; what it wrote last is still to be flushed.
        is_cut: the socket takes nothing any more.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.sieve = Sieve()
        self.is_closed = False
        self._is_eof = False
        self.is_cut = False
        self._in = b""
        self._at = 0
        self._out = bytearray()

    # What paho calls.

    def recv(self, size: int) -> bytes:
        """Up to so many bytes of what came; empty at the end.

        Raises:
            BlockingIOError: there is nothing now.
        """
        begin = self._at
        if begin == len(self._in):
            if self._is_eof:
                return b""
            raise BlockingIOError
        data = self._in[begin : begin + size]
        self._at = begin + len(data)
        return data

    def send(self, data: bytes | bytearray) -> int:
        """Take all of it."""
        self._out += data
        return len(data)

    def setblocking(self, flag: bool) -> None:
        """It never blocks."""

    def fileno(self) -> int:
        """Of the socket."""
        return self.sock.fileno()

    def close(self) -> None:
        """Note that paho has ended the connection."""
        self.is_closed = True

    # What the network thread calls.

    def take_message(self, *, is_v5: bool) -> Message | None:
        """What comes next, where that is a message of QoS 0; only between two packets."""
        if self._at == len(self._in):
            return None
        found = read_message(self._in, self._at, is_v5=is_v5)
        if found is None:
            return None
        message, self._at = found
        return message

    @property
    def has_input(self) -> bool:
        """Whether `recv` would give something, the end included."""
        return self._at < len(self._in) or self._is_eof

    @property
    def is_at_end(self) -> bool:
        """Whether the broker has closed its side, and all that came was read."""
        return self._is_eof and self._at == len(self._in)

    @property
    def has_output(self) -> bool:
        """Whether something is still to be flushed."""
        return bool(self._out)

    @property
    def pending(self) -> int:
        """How many bytes are still to be flushed."""
        return len(self._out)

    def fill(self) -> int:
        """Fetch what the socket has, at most one chunk; only when all before was read.

        Returns:
            How many bytes came. A full chunk may mean that there are more, which TLS keeps where
            no `poll` sees them.

        Raises:
            OSError: the connection broke.
        """
        pieces: list[bytes] = []
        size = 0
        # A record of TLS has 16 KiB at most, and is given alone.
        while size < CHUNK_BYTES:
            try:
                piece = self.sock.recv(CHUNK_BYTES - size)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            if not piece:
                self._is_eof = True
                break
            pieces.append(piece)
            size += len(piece)
        self._in, self._at = self.sieve.feed(b"".join(pieces)), 0
        return size

    def flush(self) -> None:
        """Send what the socket takes; if it takes nothing any more, reading tells why."""
        while self._out and not self.is_cut:
            try:
                sent = self.sock.send(memoryview(self._out)[:CHUNK_BYTES].tobytes())
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError:
                # What it said before it closed comes first.
                self.is_cut = True
                return
            del self._out[:sent]

    def shut(self) -> None:
        """Close the socket. May be repeated."""
        self.sock.close()
