"""The past of a pin into a file or standard output, as it comes from the gateway."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple
from urllib.parse import urlencode

from blynk_gateway.cli.client import ControlClient
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.clock import Clock, SystemClock
from blynk_gateway.formats.parquet import ParquetFile

PARQUET: Final = "parquet"

STANDARD_OUTPUT: Final = (None, "-")
"""What `--output` is where there is no file."""

BEGIN_WITHIN_S: Final = 60.0
"""Time for the first points: a cold database on an old card."""

BAR_AFTER_S: Final = 1.0
BAR_EVERY_S: Final = 0.1
BAR_WIDTH: Final = 40
"""Columns of the bar; what takes less than `BAR_AFTER_S` needs none."""

_NEWEST: Final = {
    "csv": re.compile(rb"^(\d{1,15}),", re.MULTILINE),
    "json": re.compile(rb"\[(\d{1,15}),"),
    "ndjson": re.compile(rb"^\[(\d{1,15}),", re.MULTILINE),
    "influx": re.compile(rb" (\d{1,15})\d{6}$", re.MULTILINE),
}
"""Where times stand in each form."""


class Span(NamedTuple):
    """What is asked for.

    Attributes:
        step: as it was given, None for none.
    """

    address: PinAddress
    from_ms: int
    to_ms: int
    step: str | None
    agg: str

    def path(self, **more: object) -> str:
        """The path of the request; `more` are further fields of its query."""
        query = {"from": self.from_ms, "to": self.to_ms, "agg": self.agg, **more}
        return f"/api/v1/history/{self.address}?{urlencode(query)}"


class Progress:
    """A bar on standard error, if that is a terminal and there is something to wait for.

    Args:
        is_wanted: False where it would stand among the data.
    """

    def __init__(self, span: Span, clock: Clock, *, is_wanted: bool) -> None:
        self._span = span
        self._clock = clock
        self._is_wanted = is_wanted and sys.stderr.isatty()
        self._next_s = clock.monotonic() + BAR_AFTER_S
        self._is_shown = False

    def reached(self, at_ms: int) -> None:
        """Points up to this time are there."""
        now_s = self._clock.monotonic()
        if not self._is_wanted or now_s < self._next_s:
            return
        self._next_s = now_s + BAR_EVERY_S
        self._is_shown = True
        length = self._span.to_ms - self._span.from_ms
        share = min(max((at_ms - self._span.from_ms) / length, 0.0), 1.0)
        full = int(share * BAR_WIDTH)
        sys.stderr.write(f"\r[{'#' * full}{'.' * (BAR_WIDTH - full)}] {share:4.0%}")
        sys.stderr.flush()

    def end(self) -> None:
        """Take the bar away."""
        if self._is_shown:
            sys.stderr.write(f"\r{' ' * (BAR_WIDTH + 7)}\r")
            sys.stderr.flush()


def export(gateway: ControlClient, span: Span, form: str, output: str | None) -> int:
    """Write the points of a span; every point as it was written unless a step is asked for.

    Args:
        form: csv, json, influx or parquet.
        output: path of the file, which is there only when it is whole; None or - for standard
            output.
    """
    is_file = output not in STANDARD_OUTPUT
    progress = Progress(span, SystemClock(), is_wanted=is_file or not sys.stdout.isatty())
    try:
        if form == PARQUET:
            _write_parquet(gateway, span, Path(str(output)), progress.reached)
        elif is_file:
            with _draft(Path(str(output))) as path, path.open("wb") as file:
                _copy(gateway, span, form, file, progress.reached)
        else:
            _copy(gateway, span, form, sys.stdout.buffer, progress.reached)
            sys.stdout.buffer.flush()
    finally:
        progress.end()
    return 0


def _pieces(
    gateway: ControlClient, span: Span, form: str, reached: Callable[[int], None]
) -> Iterator[bytes]:
    path = span.path(step=span.step or "raw", format=form)
    for piece in gateway.download(path, BEGIN_WITHIN_S):
        yield piece
        # The end of it will do; no point is longer.
        times = _NEWEST[form].findall(piece[-8192:])
        if times:
            reached(int(times[-1]))


def _copy(
    gateway: ControlClient,
    span: Span,
    form: str,
    out: IO[bytes],
    reached: Callable[[int], None],
) -> None:
    for piece in _pieces(gateway, span, form, reached):
        out.write(piece)


def _write_parquet(
    gateway: ControlClient, span: Span, output: Path, reached: Callable[[int], None]
) -> None:
    with _draft(output) as path:
        file = ParquetFile(path, span.address)
        try:
            for lines in _whole_lines(_pieces(gateway, span, "ndjson", reached)):
                points = json.loads(b"[" + b",".join(lines) + b"]")
                file.add(points)
        finally:
            file.close()


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[list[bytes]]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield lines


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its name when it is whole, and is gone if it never is."""
    if path.exists() and not path.is_file():
        # A device or pipe takes what comes.
        yield path
        return
    draft = path.with_name(f"{path.name}.part")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
