"""Points as text, piece by piece: `begin`, then for each stream its head, batches and end, `end`.

Nothing here holds more than one batch, so that what is written may be longer than memory.
"""

import csv
import io
import json
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, Protocol

from blynk_gateway.core.address import PinAddress
from blynk_gateway.formats.plain import PlainPoint, PlainValue

MEASUREMENT: Final = "blynk"
"""Of every line of InfluxDB's line protocol; device and pin are its tags."""

_NS_PER_MS: Final = 1_000_000

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class TextFormat(StrEnum):
    """The forms there are, by the names that requests use."""

    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"
    INFLUX = "influx"


class TextForm(Protocol):
    """Writes one document."""

    def begin(self) -> str:
        """What stands before the first stream."""

    def begin_stream(self, address: PinAddress, step_ms: int, *, is_thinned: bool) -> str:
        """What stands before the points of a stream.

        Args:
            step_ms: 0 where points are what was written, else each stands for so many ms.
            is_thinned: points were left out.
        """

    def points(self, batch: Sequence[PlainPoint]) -> str:
        """Points of the stream that was begun last."""

    def end_stream(self) -> str:
        """What stands behind the points of a stream."""

    def end(self) -> str:
        """What stands behind the last stream."""


class JsonForm:
    """`{"address", "step_ms", "points": [[at_ms, value], …]}`; several as `{"series": […]}`."""

    def __init__(self, *, is_joined: bool) -> None:
        self._is_joined = is_joined
        self._separator = ""
        self._is_first_stream = True

    def begin(self) -> str:
        """The list of streams."""
        return '{"series":[' if self._is_joined else ""

    def begin_stream(self, address: PinAddress, step_ms: int, *, is_thinned: bool) -> str:
        """Everything but the points."""
        comma = "" if self._is_first_stream else ","
        self._is_first_stream = False
        self._separator = ""
        thinned = ',"thinned":true' if is_thinned else ""
        return f'{comma}{{"address":"{address}","step_ms":{step_ms}{thinned},"points":['

    def points(self, batch: Sequence[PlainPoint]) -> str:
        """`[at_ms,value]` each."""
        if not batch:
            return ""
        text = self._separator + compact_json(batch)[1:-1]
        self._separator = ","
        return text

    def end_stream(self) -> str:
        """Close the list of points."""
        return "]}"

    def end(self) -> str:
        """Close the list of streams."""
        return "]}\n" if self._is_joined else "\n"


class LinesForm:
    """A line `[at_ms,value]` for each point; with the address in front where there are several."""

    def __init__(self, *, is_joined: bool) -> None:
        self._is_joined = is_joined
        self._address = ""

    def begin(self) -> str:
        """Nothing."""
        return ""

    def begin_stream(self, address: PinAddress, step_ms: int, *, is_thinned: bool) -> str:  # noqa: ARG002  as the protocol has it
        """Nothing."""
        self._address = str(address)
        return ""

    def points(self, batch: Sequence[PlainPoint]) -> str:
        """Lines."""
        if self._is_joined:
            return "".join(f"{compact_json([self._address, *point])}\n" for point in batch)
        if batch and _are_numbers(batch):
            return compact_json(batch)[1:-1].replace("],[", "]\n[") + "\n"
        return "".join(f"{compact_json(point)}\n" for point in batch)

    def end_stream(self) -> str:
        """Nothing."""
        return ""

    def end(self) -> str:
        """Nothing."""
        return ""


class CsvForm:
    """`at_ms,value` under that head; with the address in front where there are several streams.

    Source of the quoting: RFC 4180, but for the line ends, which are LF.
    """

    def __init__(self, *, is_joined: bool) -> None:
        self._is_joined = is_joined
        self._address = ""

    def begin(self) -> str:
        """The head."""
        return "address,at_ms,value\n" if self._is_joined else "at_ms,value\n"

    def begin_stream(self, address: PinAddress, step_ms: int, *, is_thinned: bool) -> str:  # noqa: ARG002  as the protocol has it
        """Nothing."""
        self._address = str(address)
        return ""

    def points(self, batch: Sequence[PlainPoint]) -> str:
        """Rows."""
        if self._is_joined:
            return csv_rows([(self._address, at_ms, cell(value)) for at_ms, value in batch])
        if _are_numbers(batch):
            # In half the time.
            return "".join([f"{at_ms},{value!r}\n" for at_ms, value in batch])
        return csv_rows([(at_ms, cell(value)) for at_ms, value in batch])

    def end_stream(self) -> str:
        """Nothing."""
        return ""

    def end(self) -> str:
        """Nothing."""
        return ""


class InfluxForm:
    """InfluxDB's line protocol: `blynk,device=greenhouse,pin=V5 value=21.5 1700000000000000000`.

    Texts are in the field `text`: a field of the database has one type for ever. Of points of one
    millisecond each is a nanosecond later than the one before: a database keeps one of each time.
    """

    def __init__(self, *, is_joined: bool) -> None:  # noqa: ARG002  every line names its stream
        self._key = ""
        self._next_ns = 0

    def begin(self) -> str:
        """Nothing."""
        return ""

    def begin_stream(self, address: PinAddress, step_ms: int, *, is_thinned: bool) -> str:  # noqa: ARG002  as the protocol has it
        """Nothing. Neither slugs nor pins hold anything that needs an escape."""
        self._key = f"{MEASUREMENT},device={address.device},pin={address.pin}"
        self._next_ns = 0
        return ""

    def points(self, batch: Sequence[PlainPoint]) -> str:
        """Lines, their times in ns."""
        key = self._key
        next_ns = self._next_ns
        lines = []
        for at_ms, value in batch:
            at_ns = max(at_ms * _NS_PER_MS, next_ns)
            next_ns = at_ns + 1
            lines.append(f"{key} {influx_field(value)} {at_ns}\n")
        self._next_ns = next_ns
        return "".join(lines)

    def end_stream(self) -> str:
        """Nothing."""
        return ""

    def end(self) -> str:
        """Nothing."""
        return ""


FORMS: Final[dict[TextFormat, Callable[[bool], TextForm]]] = {
    TextFormat.JSON: lambda is_joined: JsonForm(is_joined=is_joined),
    TextFormat.CSV: lambda is_joined: CsvForm(is_joined=is_joined),
    TextFormat.NDJSON: lambda is_joined: LinesForm(is_joined=is_joined),
    TextFormat.INFLUX: lambda is_joined: InfluxForm(is_joined=is_joined),
}
"""How a document of each form is begun; the argument tells whether it holds several streams."""


def csv_rows(rows: Sequence[Sequence[object]]) -> str:
    """Rows of a CSV file."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def cell(value: PlainValue) -> int | float | str:
    """A value for one cell: several texts as a JSON array."""
    return compact_json(value) if isinstance(value, list) else value


def influx_field(value: PlainValue) -> str:
    """A value as the one field of a line: `value=21.5`, or `text="…"`."""
    if isinstance(value, int | float):
        return f"value={value!r}"
    text = compact_json(value) if isinstance(value, list) else value
    # A line end may stand in a text, but programs that read by lines would break there.
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'text="{escaped}"'


def _are_numbers(batch: Sequence[PlainPoint]) -> bool:
    """Whether nothing in it may need quotes."""
    return {type(value) for _, value in batch} <= {int, float}


def compact_json(value: object) -> str:
    """A value as JSON without blanks."""
    return _ENCODER.encode(value)
