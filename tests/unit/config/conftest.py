"""Configuration texts as files, and what loading them gives."""

from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options, load
from blynk_gateway.errors import ConfigError


@pytest.fixture
def options_of(tmp_path: Path) -> Callable[[str], Options]:
    """Loads a text, without any environment."""

    def load_text(text: str) -> Options:
        path = tmp_path / "gateway.yaml"
        path.write_text(text)
        return load(path, {})

    return load_text


@pytest.fixture
def faults_of(options_of: Callable[[str], Options], tmp_path: Path) -> Callable[[str], list[str]]:
    """Loads a faulty text; its complaints, the directory left out."""

    def complain(text: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            options_of(text)
        return [str(fault).replace(f"{tmp_path}/", "") for fault in caught.value.faults]

    return complain
