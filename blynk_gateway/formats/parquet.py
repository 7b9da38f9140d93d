"""Points as an Apache Parquet file. Needs pyarrow, which is an extra of this package."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from blynk_gateway.core.address import PinAddress
from blynk_gateway.errors import GatewayError
from blynk_gateway.formats.plain import PlainPoint
from blynk_gateway.formats.text import cell

ROW_GROUP = 65_536
"""Rows that are kept until they are written together: a few MB, and columns that pack well."""


class ParquetMissing(GatewayError):
    """There is no library to write Parquet with."""

    code = "formats.parquet_missing"
    hint = "Install it: `pip install 'blynk-gateway[parquet]'`, or export csv, json or influx."


class ParquetFile:
    """Writes one file: `address`, `at` (UTC, ms), `value` (double) and `text`, whichever fits.

    Args:
        path: where it will be; what is there is replaced.

    Raises:
        ParquetMissing: pyarrow is not installed.
    """

    def __init__(self, path: Path, address: PinAddress) -> None:
        try:
            import pyarrow  # noqa: PLC0415  an extra, and 100 MB large
            from pyarrow import parquet  # noqa: PLC0415  likewise
        except ImportError as error:
            raise ParquetMissing(
                f"Parquet files cannot be written ({error}); expected the package pyarrow"
            ) from error
        self._arrow: Any = pyarrow
        self._address = str(address)
        self._schema = pyarrow.schema(
            [
                ("address", pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
                ("at", pyarrow.timestamp("ms", tz="UTC")),
                ("value", pyarrow.float64()),
                ("text", pyarrow.string()),
            ]
        )
        self._rows: list[PlainPoint] = []
        self._writer: Any = parquet.ParquetWriter(path, self._schema, compression="zstd")

    def add(self, batch: Sequence[PlainPoint]) -> None:
        """Add points."""
        self._rows += batch
        if len(self._rows) >= ROW_GROUP:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the file's foot."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if not self._rows:
            return
        cells = [cell(value) for _, value in self._rows]
        columns = {
            "address": [self._address] * len(cells),
            "at": [at_ms for at_ms, _ in self._rows],
            "value": [None if isinstance(one, str) else float(one) for one in cells],
            "text": [one if isinstance(one, str) else None for one in cells],
        }
        self._writer.write_table(self._arrow.table(columns, schema=self._schema))
        self._rows.clear()
