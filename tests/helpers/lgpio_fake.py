"""Puts the stand-in for lgpio where imports find it, and takes it and its users away again."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "lgpio_double"

_MODULES = ("lgpio", "gpiozero.pins.lgpio", "blynk_gateway.gpio.lines.lgpio_lines")


@contextmanager
def fake_lgpio(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Have `import lgpio` load the stand-in; yields `sys.modules`, where it turns up."""
    _forget()
    monkeypatch.syspath_prepend(str(FOLDER))
    before = Path.cwd()
    try:
        yield sys.modules
    finally:
        lgpio: Any = sys.modules.get("lgpio")
        if lgpio is not None:
            lgpio._notify_thread.close()
        _forget()
        os.chdir(before)


def _forget() -> None:
    for name in _MODULES:
        sys.modules.pop(name, None)
