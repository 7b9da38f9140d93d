"""Copies what the feed gives to one sink, for as long as there is one.

1. Nothing is acknowledged to the feed before the sink has it: what a crash interrupts comes again.
2. A server that is away is asked again, soon at first and then every minute; one that refuses us,
   every minute. Meanwhile everything waits in the journal.
3. Catching up leaves half of the time to others.
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable
from itertools import compress

from blynk_gateway.config.options import MirrorOptions
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.feed import Backlog, Feed, FeedBatch
from blynk_gateway.errors import GatewayError, HistoryError, PeerDown, PeerRefused
from blynk_gateway.mirror.delivery import Delivery
from blynk_gateway.mirror.sink import MirrorFault, Piece, ServerDown, Sink
from blynk_gateway.runtime.health import Health, HealthState
from blynk_gateway.runtime.tasks import cancel, spawn

log = logging.getLogger(__name__)

EVERY_S = 5.0
"""How often new points are sent: each time costs the server a commit."""

FULL_POINTS = 2000
"""Points of a batch behind which more are likely to wait."""

RETRY_S = 1.0
MAX_RETRY_S = 60.0

SURVEY_EVERY_S = 60.0
"""How often is looked at what waits, while there is nothing to complain of."""

ID_CHARACTERS = 8
"""Of the database's random id, in the name that the points of this gateway have."""

_COMPONENT = "mirror"
_MS = 1000
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS


class Mirror:
    """Keeps a copy elsewhere up to date.

    Args:
        is_text: whether a pin, by device and pin, is no number even where it looks like one.
    """

    def __init__(
        self, feed: Feed, clock: Clock, health: Health, is_text: Callable[[str, str], bool]
    ) -> None:
        self._feed = feed
        self._clock = clock
        self._health = health
        self._is_text = is_text
        self._options: MirrorOptions | None = None
        self._gateway = ""
        self._failures = 0
        self._worker: asyncio.Task[None] | None = None

    def start(self, options: MirrorOptions | None, gateway: str) -> None:
        """Begin to copy; before the journal runs, so that it keeps what is not copied yet.

        Args:
            options: None for no copy.
            gateway: slug of this gateway.
        """
        self._options, self._gateway = options, gateway
        if options is None:
            self._feed.release()
            return
        self._feed.hold()
        self._failures = 0
        self._worker = spawn(self._run(options, gateway), name="mirror")

    async def reconfigure(self, options: MirrorOptions | None, gateway: str) -> None:
        """Change what is copied to where; nothing happens if that stays."""
        if (options, gateway) == (self._options, self._gateway):
            return
        await self._end()
        self._health.components.pop(_COMPONENT, None)
        self.start(options, gateway)

    async def stop(self) -> None:
        """End, and keep how far it is; before the journal is closed. May be repeated."""
        await self._end()
        await self._feed.close()

    async def _end(self) -> None:
        if self._worker is not None:
            await cancel(self._worker)
            self._worker = None

    async def _run(self, options: MirrorOptions, gateway: str) -> None:
        while True:
            try:
                await self._follow(options, gateway)
            except Exception as error:  # noqa: BLE001  what waits stays bounded, whatever is wrong
                fault = _explained(error)
                wait_s = _wait_s(fault, self._failures)
                self._failures += 1
                await self._complain(fault, options)
                await asyncio.sleep(wait_s)

    async def _follow(self, options: MirrorOptions, gateway: str) -> None:
        """Copy until there is a fault."""
        instance = await self._feed.begin(target_of(options), options.keep_ms)
        sink = _sink(options, f"{gateway}-{instance[:ID_CHARACTERS]}")
        try:
            await sink.open()
            log.info("mirror begins", extra={"place": sink.place})
            delivery = Delivery(sink)
            while True:
                await self._copy(delivery, sink)
        finally:
            await sink.close()

    async def _copy(self, delivery: Delivery, sink: Sink) -> None:
        """Send all that there is, and wait a while for more."""
        survey_at = 0.0
        while (batch := await self._feed.read()) is not None:
            begun = self._clock.monotonic()
            await self._send(batch, delivery, sink)
            self._health.report(_COMPONENT, HealthState.OK)
            if len(batch.seqs) < FULL_POINTS:
                break
            if self._clock.monotonic() >= survey_at:
                await self._feed.survey()
                survey_at = self._clock.monotonic() + SURVEY_EVERY_S
            await asyncio.sleep(self._clock.monotonic() - begun)
        self._health.report(_COMPONENT, HealthState.OK)
        await asyncio.sleep(EVERY_S)

    async def _send(self, batch: FeedBatch, delivery: Delivery, sink: Sink) -> None:
        known = _named(batch)
        if known.seqs:
            names = known.names.items()
            texts = frozenset(stream for stream, name in names if self._is_text(*name))
            rows = await asyncio.to_thread(sink.encode, known, texts)
            refused = await delivery.deliver(Piece(rows, known.seqs, known.times))
            self._health.count("mirror_points_sent", len(rows) - refused)
            if refused:
                self._health.count("mirror_points_refused", refused)
                log.warning("points not mirrored", extra={"points": refused, "place": sink.place})
        await self._feed.acknowledge(batch)
        self._failures = 0

    async def _complain(self, error: GatewayError, options: MirrorOptions) -> None:
        waiting = ""
        try:
            backlog = await self._feed.survey()
            waiting = _waiting(backlog, self._clock.now_ms(), options.keep_ms)
        except HistoryError as other:
            log.debug("backlog not read", extra={"reason": other})
        state = HealthState.FAILED if isinstance(error, PeerRefused) else HealthState.DEGRADED
        self._health.report(_COMPONENT, state, f"{error}. {error.hint}{waiting}")


def target_of(options: MirrorOptions) -> str:
    """What tells one copy from another, and tells nothing else."""
    return hashlib.sha256(options.url.encode()).hexdigest()[:16]


def _sink(options: MirrorOptions, gateway: str) -> Sink:
    # Who has no mirror keeps no HTTP library in memory for it.
    if options.is_postgres:
        from blynk_gateway.mirror.postgres import PostgresSink  # noqa: PLC0415  see above

        return PostgresSink(options.url, options.password, gateway)
    from blynk_gateway.mirror.influx import InfluxSink  # noqa: PLC0415  see above

    return InfluxSink(options.url, options.password, options.token, gateway)


def _explained(error: Exception) -> GatewayError:
    if isinstance(error, PeerDown | PeerRefused | HistoryError):
        return error
    log.error("mirror failed", exc_info=error)
    return MirrorFault(f"it failed with {type(error).__name__}; expected another answer")


def _named(batch: FeedBatch) -> FeedBatch:
    """The batch without the points of devices that were removed."""
    if len(batch.names) == len(set(batch.streams)):
        return batch
    chosen = [stream in batch.names for stream in batch.streams]
    return batch._replace(
        streams=list(compress(batch.streams, chosen)),
        times=list(compress(batch.times, chosen)),
        seqs=list(compress(batch.seqs, chosen)),
        texts=list(compress(batch.texts, chosen)),
    )


def _wait_s(error: GatewayError, failures: int) -> float:
    if isinstance(error, PeerRefused):
        return MAX_RETRY_S
    wait_s = min(RETRY_S * 2.0 ** min(failures, 10), MAX_RETRY_S)
    # Several gateways that lost the same server must not come back at the same moment.
    wait_s *= random.uniform(0.5, 1.0)  # noqa: S311  nothing secret
    return max(wait_s, error.retry_after_s) if isinstance(error, ServerDown) else wait_s


def _waiting(backlog: Backlog, now_ms: int, keep_ms: int) -> str:
    """Roughly: with every number in it, health would be news once a minute."""
    if backlog.oldest_ms is None or not backlog.points:
        return ""
    age = _span(now_ms - backlog.oldest_ms)
    points = float(f"{backlog.points:.0e}")
    return (
        f" Some {points:,.0f} points of {age} wait; the oldest are given up after {_span(keep_ms)}."
    )


def _span(length_ms: int) -> str:
    if length_ms < _HOUR_MS:
        return "less than an hour"
    return (
        f"{length_ms // _HOUR_MS} h" if length_ms < 2 * _DAY_MS else f"{length_ms // _DAY_MS} days"
    )
