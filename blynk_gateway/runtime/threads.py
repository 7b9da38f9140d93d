"""What the kernel tells about threads of this process."""

from pathlib import Path

TASKS = Path("/proc/self/task")


def is_uninterruptible(thread: int, tasks: Path = TASKS) -> bool:
    """Whether a thread waits in the kernel and can be neither woken nor killed: for a disk.

    Args:
        thread: its number in the kernel, of `threading.get_native_id`.
        tasks: where the kernel tells about threads.
    """
    try:
        stat = (tasks / str(thread) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        # It has ended.
        return False
    # The name may have brackets and spaces of its own; the state follows it (man 5 proc).
    return stat.rpartition(")")[2].split()[:1] == ["D"]
