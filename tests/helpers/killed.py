"""A piece of work in a process of its own that is killed at a chosen step on the file system."""

import subprocess
import sys
from pathlib import Path

_KILLING = """
import os, sys

STEPS = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "ctypes.dlsym", "open")
last = int(sys.argv.pop())

def count(event, _):
    global last
    # Raised before the step is taken.
    if event in STEPS:
        last -= 1
        if last == 0:
            os.kill(os.getpid(), 9)
"""


def run_killed(code: str, step: int, *arguments: str | Path) -> int:
    """Run Python code, and kill it before its n-th step.

    Args:
        code: finds `arguments` in `sys.argv`, and calls `sys.addaudithook(count)` first of all.

    Returns:
        Its exit code; 0 if it had fewer steps.
    """
    command = [sys.executable, "-c", _KILLING + code, *arguments, str(step)]
    return subprocess.run(command, check=False).returncode
