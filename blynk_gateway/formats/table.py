"""Several streams side by side as text: a row for each step that any of them has something in.

As in `formats.text`, nothing here holds more than one batch.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeAlias

from blynk_gateway.core.address import PinAddress
from blynk_gateway.formats.text import TextFormat, compact_json, csv_rows

Row: TypeAlias = tuple[int, Sequence[int | float | None]]
"""Begin of the step in UTC ms, and a number of each stream, None for a gap."""


class TableForm(Protocol):
    """Writes one document."""

    def begin(self, addresses: Sequence[PinAddress], step_ms: int) -> str:
        """What stands before the rows."""

    def rows(self, batch: Sequence[Row]) -> str:
        """Rows."""

    def end(self) -> str:
        """What stands behind the rows."""


class JsonTable:
    """`{"addresses": […], "step_ms", "rows": [[at_ms, value, null], …]}`."""

    def __init__(self) -> None:
        self._separator = ""

    def begin(self, addresses: Sequence[PinAddress], step_ms: int) -> str:
        """Everything but the rows."""
        names = compact_json([str(address) for address in addresses])
        return f'{{"addresses":{names},"step_ms":{step_ms},"rows":['

    def rows(self, batch: Sequence[Row]) -> str:
        """A list of each."""
        if not batch:
            return ""
        text = self._separator + compact_json([(at_ms, *values) for at_ms, values in batch])[1:-1]
        self._separator = ","
        return text

    def end(self) -> str:
        """Close both."""
        return "]}\n"


class LinesTable:
    """A line `[at_ms, value, null]` for each row."""

    def begin(self, addresses: Sequence[PinAddress], step_ms: int) -> str:  # noqa: ARG002  as the protocol has it
        """Nothing."""
        return ""

    def rows(self, batch: Sequence[Row]) -> str:
        """Lines."""
        return "".join(f"{compact_json((at_ms, *values))}\n" for at_ms, values in batch)

    def end(self) -> str:
        """Nothing."""
        return ""


class CsvTable:
    """A column of each stream under its address; a gap is an empty cell."""

    def begin(self, addresses: Sequence[PinAddress], step_ms: int) -> str:  # noqa: ARG002  as the protocol has it
        """The head."""
        return csv_rows([("at_ms", *addresses)])

    def rows(self, batch: Sequence[Row]) -> str:
        """Rows."""
        return csv_rows([(at_ms, *values) for at_ms, values in batch])

    def end(self) -> str:
        """Nothing."""
        return ""


TABLES: Final[dict[TextFormat, Callable[[], TableForm]]] = {
    TextFormat.JSON: JsonTable,
    TextFormat.CSV: CsvTable,
    TextFormat.NDJSON: LinesTable,
}
"""Those of the forms that have columns."""
