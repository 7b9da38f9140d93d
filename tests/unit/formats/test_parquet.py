import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.formats import parquet

ADDRESS = PinAddress("shed", "V1")


def test_numbers_and_texts_are_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet  # noqa: PLC0415  100 MB, for this test alone

    monkeypatch.setattr(parquet, "ROW_GROUP", 2)
    path = tmp_path / "x.parquet"
    file = parquet.ParquetFile(path, ADDRESS)
    file.add([(1000, 21.5)])
    file.add([(2000, 7), (3000, "on")])
    file.add([(4000, ["1", "2"])])
    file.close()
    found = pyarrow.parquet.read_table(path)
    assert found.column_names == ["address", "at", "value", "text"]
    assert found.column("address").to_pylist() == ["shed/V1"] * 4
    assert found.column("at").to_pylist()[0] == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert found.column("value").to_pylist() == [21.5, 7.0, None, None]
    assert found.column("text").to_pylist() == [None, None, "on", '["1","2"]']
    # Groups were written as they filled, so that a long export needs no more memory.
    assert pyarrow.parquet.ParquetFile(path).num_row_groups == 2


def test_file_without_points_is_one(tmp_path: Path) -> None:
    import pyarrow.parquet  # noqa: PLC0415  as above

    parquet.ParquetFile(tmp_path / "x", ADDRESS).close()
    assert pyarrow.parquet.read_table(tmp_path / "x").num_rows == 0


def test_without_the_library_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(parquet.ParquetMissing, match="expected the package pyarrow") as caught:
        parquet.ParquetFile(tmp_path / "x", ADDRESS)
    assert "blynk-gateway[parquet]" in caught.value.hint
    assert not (tmp_path / "x").exists()
