import subprocess
import sys

RESIDENT = """
def resident_mib():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096 / 2**20
"""


def told_by(program: str) -> str:
    """What a process says that runs a program of its own; malloc is as in a new one."""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def heaps(begin: str) -> int:
    """How many heaps there are while five threads allocate."""
    return told_by(
        f"""
import ctypes, threading
from blynk_gateway.runtime.memory import share_one_heap
{begin}
meeting = threading.Barrier(6)
def work():
    kept = bytearray(10_000)
    meeting.wait()
    meeting.wait()
threads = [threading.Thread(target=work) for _ in range(5)]
for thread in threads:
    thread.start()
meeting.wait()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
meeting.wait()
"""
    ).count("<heap nr=")


def test_threads_share_one_heap() -> None:
    assert heaps("") > 1
    assert heaps("share_one_heap()") == 1


def given_back_mib(begin: str) -> float:
    """How much less there is after a collection, of 60 MiB that were freed inside a heap."""
    return float(
        told_by(
            f"""
import gc
from blynk_gateway.runtime.memory import give_back_after_collections
{RESIDENT}
{begin}
freed = [bytearray(1000) for _ in range(60_000)]
kept = [bytearray(1000) for _ in range(1000)]
del freed
before = resident_mib()
gc.collect(0)
print(before - resident_mib())
"""
        )
    )


def test_free_memory_goes_back_after_each_collection() -> None:
    assert given_back_mib("") < 5
    assert given_back_mib("give_back_after_collections()") > 40
