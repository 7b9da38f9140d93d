"""Points to a table of PostgreSQL, TimescaleDB among them, by COPY in its binary form.

A piece is one transaction, which first deletes what an earlier one may have left of the same
changes. That needs no unique key, which a hypertable could not have without its time. It does need
that one transaction of a gateway ends before the next looks: the server may still be busy with one
whose connection we gave up. Format: https://www.postgresql.org/docs/15/sql-copy.html, "Binary
Format".
"""

import asyncio
import contextlib
import hashlib
import io
import ssl
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any

from blynk_gateway.config.secret import Secret
from blynk_gateway.core.feed import FeedBatch
from blynk_gateway.errors import PeerError, PeerRefused
from blynk_gateway.formats.plain import PlainValue
from blynk_gateway.formats.text import cell
from blynk_gateway.mirror.sink import (
    CONNECT_TIMEOUT_S,
    TIMEOUT_S,
    Piece,
    PointsRefused,
    ServerDown,
    ServerRefused,
    encoded_by_stream,
    in_parts,
    place_of,
    said,
)

CLOSE_TIMEOUT_S = 1.0

COLUMNS = ("gateway", "seq", "at", "device", "pin", "value", "text")

CREATION = """
CREATE TABLE IF NOT EXISTS blynk_point (
    gateway text NOT NULL,
    seq     bigint NOT NULL,
    at      timestamptz NOT NULL,
    device  text NOT NULL,
    pin     text NOT NULL,
    value   double precision,
    text    text
);
CREATE INDEX IF NOT EXISTS blynk_point_at ON blynk_point (device, pin, at);
CREATE INDEX IF NOT EXISTS blynk_point_seq ON blynk_point (gateway, seq);
"""

# After the return of an old backup a piece may have numbers from before and after the leap that
# they make: what an older life sent with those between, or with the same ones, is to stay. By time
# too, as in a hypertable only the parts of that time are looked at. The sum keeps thousands of
# numbers from being looked up one by one, where nearly always there is nothing.
_DELETION = (
    "DELETE FROM blynk_point WHERE gateway = $1 AND seq BETWEEN $2 AND $3"
    " AND at BETWEEN $4 AND $5 AND seq + 0 = ANY($6::bigint[])"
)

# To a connection that is gone the server listens only when it has the lock: it must not wait longer
# than we do.
_BEGINNING = "BEGIN; SET LOCAL lock_timeout = {limit_ms}; SELECT pg_advisory_xact_lock({key})"

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_COUNT = Struct(">h").pack(len(COLUMNS))
_LENGTH = Struct(">i")
_NULL = _LENGTH.pack(-1)
_TWO_INTEGERS = Struct(">iqiq")
_DOUBLE = Struct(">id")

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_MS = 946_684_800_000
"""Times of PostgreSQL count from the year 2000."""

_REFUSALS = ("28", "3D", "3F", "42", "0A", "0L", "0P")
"""Classes of SQLSTATE: who may not log in, no such database, schema or column, no right to it.
Source: https://www.postgresql.org/docs/15/errcodes-appendix.html"""

_BAD_POINTS = ("22", "23", "54", "P0001")
"""A value that a column cannot have, that a rule of the table or a trigger forbids, or that is too
long for an index."""


class AsyncpgMissing(PeerRefused):
    """There is no library to talk to PostgreSQL with."""

    code = "mirror.asyncpg_missing"
    hint = "Install it: `sudo apt install python3-asyncpg`, or `pip install asyncpg`."


class PostgresSink:
    """Meets `mirror.sink.Sink`.

    Args:
        url: as `psql` takes it.
        gateway: tells this gateway's points from others'.
    """

    def __init__(self, url: str, password: Secret | None, gateway: str) -> None:
        self.place = place_of(url)
        self._url = url
        self._password = password
        self._gateway = gateway
        digest = hashlib.sha256(gateway.encode()).digest()
        self._key = int.from_bytes(digest[:8], signed=True)
        self._connection: Any = None

    def encode(self, batch: FeedBatch, texts: frozenset[int]) -> list[bytes]:
        """Rows of COPY."""
        head = _COUNT + _text(self._gateway)
        names = {
            stream: _text(device) + _text(pin) for stream, (device, pin) in batch.names.items()
        }
        values = encoded_by_stream(_value, batch, texts)
        numbers = _TWO_INTEGERS.pack
        rows: list[bytes] = []
        for part in in_parts(batch):
            rows += [
                b"".join(
                    (
                        head,
                        numbers(8, seq, 8, (at_ms - _EPOCH_MS) * 1000),
                        names[stream],
                        values[stream][text],
                    )
                )
                for stream, at_ms, seq, text in part
            ]
        return rows

    async def open(self) -> None:
        """Connect, and make the table if there is none.

        Raises:
            ServerDown, ServerRefused: as `Sink` has it.
            AsyncpgMissing: there is no library for it.
        """
        asyncpg = _library()
        if self._connection is not None and not self._connection.is_closed():
            return
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                connection = self._connection = await asyncpg.connect(
                    self._url,
                    password=self._password and self._password.reveal(),
                    # Prepared statements of the library's own would not survive a pool between.
                    statement_cache_size=0,
                    server_settings={"application_name": "blynk-gateway"},
                )
                if not await connection.fetchval("SELECT to_regclass('blynk_point') IS NOT NULL"):
                    await connection.execute(CREATION)
        except BaseException as error:
            self._drop()
            self._raise_explained(error, CONNECT_TIMEOUT_S)
            raise

    async def send(self, piece: Piece) -> None:
        """Write points in one transaction.

        Raises:
            ServerDown, ServerRefused, PointsRefused: as `Sink` has it.
        """
        await self.open()
        connection = self._connection
        beginning = _BEGINNING.format(limit_ms=round(TIMEOUT_S * 1000), key=self._key)
        span = (piece.seqs[0], piece.seqs[-1], _at(min(piece.times)), _at(max(piece.times)))
        try:
            # Closed, as the library leaves it in a cycle: a long backlog would fill the memory
            # before anybody collects those.
            with io.BytesIO(b"".join((_SIGNATURE, *piece.rows, _END))) as body:
                async with asyncio.timeout(TIMEOUT_S):
                    await connection.execute(beginning)
                    await connection.execute(_DELETION, self._gateway, *span, piece.seqs)
                    await connection.copy_to_table(
                        "blynk_point", source=body, columns=COLUMNS, format="binary"
                    )
                    await connection.execute("COMMIT")
        except BaseException as error:
            # What was begun ends with the connection: to take it back would wait for the server.
            self._drop()
            self._raise_explained(error, TIMEOUT_S)
            raise

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with contextlib.suppress(OSError, TimeoutError, *_errors()):
                await self._connection.close(timeout=CLOSE_TIMEOUT_S)
        self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    def _raise_explained(self, error: BaseException, timeout_s: float) -> None:
        """Raise one of ours if it is a fault of the server or of the way to it."""
        if not isinstance(error, (OSError, TimeoutError, ValueError, *_errors())):
            return
        state = str(getattr(error, "sqlstate", None) or "")
        text = said(str(error)) or f"no answer within {timeout_s:.0f} s"
        message = f"{self.place}: {text}"
        kind: type[PeerError] = ServerDown
        if state.startswith(_BAD_POINTS):
            kind = PointsRefused
        elif state.startswith(_REFUSALS) or isinstance(
            error, ssl.SSLCertVerificationError | ValueError
        ):
            kind = ServerRefused
        raise kind(message) from error


def _library() -> Any:  # noqa: ANN401  a library that need not be there has no types
    try:
        import asyncpg  # noqa: PLC0415  an extra
    except ImportError as error:
        raise AsyncpgMissing(
            f"PostgreSQL cannot be reached ({error}); expected the package asyncpg"
        ) from error
    return asyncpg


def _errors() -> tuple[type[Exception], ...]:
    asyncpg = _library()
    return asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError


def _at(at_ms: int) -> datetime:
    return _UNIX_EPOCH + timedelta(milliseconds=at_ms)


def _text(text: str) -> bytes:
    body = text.encode()
    return _LENGTH.pack(len(body)) + body


def _value(value: PlainValue) -> bytes:
    """The columns `value` and `text`, one of them NULL."""
    if isinstance(value, int | float):
        return _DOUBLE.pack(8, value) + _NULL
    return _NULL + _text(str(cell(value)))
