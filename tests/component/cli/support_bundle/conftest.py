from pathlib import Path

import pytest

from tests.component.cli.doctor.conftest import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine as `doctor` has it."""
    return Machine(tmp_path)
