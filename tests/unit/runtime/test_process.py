import os
import subprocess
import time
from pathlib import Path

from blynk_gateway.core.clock import SystemClock
from blynk_gateway.runtime.process import process_facts


def test_own_process_is_measured() -> None:
    clock = SystemClock()
    facts = process_facts(clock)
    assert 1_000_000 < facts.resident_memory_bytes <= facts.virtual_memory_bytes
    assert 2 < facts.open_fds <= facts.max_fds
    assert facts.cpu_seconds_total > 0
    assert 0 < clock.now_ms() / 1000 - facts.start_time_seconds < 86_400


def test_open_descriptors_are_counted() -> None:
    before = process_facts(SystemClock()).open_fds
    ends = os.pipe()
    try:
        assert process_facts(SystemClock()).open_fds == before + 2
    finally:
        for end in ends:
            os.close(end)


def test_start_is_when_a_process_began() -> None:
    began_s = time.time()
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as child:
        facts = process_facts(SystemClock(), Path(f"/proc/{child.pid}"))
        child.communicate()
    assert began_s - 1 < facts.start_time_seconds < time.time() + 1
