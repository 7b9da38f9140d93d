"""A booted guest: what goes into it, and what it tells."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import blynklib

from tests.vm.packages import BUILD, ROOT
from tests.vm.results import parse

MACHINE = ROOT / "tests/vm/machine"
LIMIT_S = 3600
"""Of one boot, with everything that runs in it."""

_SOURCES = (
    *(f"tests/integration/drivers/{name}.py" for name in ("driver", "blynklib_driver")),
    "tests/vm/inside",
)


@dataclass
class Boot:
    """One boot of a guest.

    Attributes:
        name: one of those that `inside/main.py` knows.
        state: the disk, kept from boot to boot; None for a fresh one that is thrown away.
    """

    release: str
    name: str
    debs: Path
    state: Path | None = None

    def run(
        self, tell: Callable[[dict[str, Any]], None], environment: dict[str, str]
    ) -> tuple[int, float]:
        """Run its scenarios; returns the exit status of run-in-vm and the seconds it took.

        Args:
            tell: called with what the guest tells, as it comes.
        """
        folder = BUILD / f"{self.release}-{self.name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command = [
            str(MACHINE / "run-in-vm"),
            *("--release", self.release, "--timeout", str(LIMIT_S)),
            *("--out", str(folder), "--console", str(folder / "console.txt")),
            *(argument for copy in self._copies() for argument in ("--copy", copy)),
            *(argument for pair in environment.items() for argument in ("--env", "=".join(pair))),
            *(() if self.state is None else ("--state", str(self.state))),
            *("--", "python3", "-m", "tests.vm.inside.main", self.name),
        ]
        began = time.monotonic()
        with (
            (folder / "output.txt").open("w") as log,
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            ) as process,
        ):
            assert process.stdout is not None
            for line in process.stdout:
                log.write(line)
                log.flush()
                if (told := parse(line)) is not None:
                    tell(told)
        return process.returncode, time.monotonic() - began

    def _copies(self) -> Iterator[str]:
        yield f"{self.debs}:debs"
        yield f"{ROOT / 'tests/data/schemas'}:schemas"
        # The stock client, as pip installed it from PyPI.
        yield f"{blynklib.__file__}:blynklib.py"
        for source in _SOURCES:
            yield f"{ROOT / source}:{source}"


def has_image(release: str) -> bool:
    """Whether the disk image of a release is built and up to date."""
    done = subprocess.run(
        [MACHINE / "build-image", "--release", release, "--print-dir"],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def build_image(release: str) -> bool:
    """Build the disk image of a release; returns whether that went well."""
    done = subprocess.run([MACHINE / "build-image", "--release", release], check=False)
    return done.returncode == 0
