"""How much memory the process keeps that it does not use.

glibc's malloc has heaps for threads that would wait for each other, eight for each processor, and
keeps what is freed in the middle of one. After five minutes of `make soak` 39 of 150 MiB were such
holes, and became more.
"""

import ctypes
import gc

_ARENA_MAX = -8
"""Source: malloc.h of glibc, `M_ARENA_MAX`; mallopt(3)."""

_OLDEST_GENERATION = 2


def share_one_heap() -> None:
    """Have all threads share a heap; to be called before there are others.

    They do not wait for it, as the interpreter runs one of them at a time. Another C library than
    glibc is left as it is.
    """
    if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_ARENA_MAX, 1)


def give_back_after_collections() -> None:
    """Give free memory back to the system whenever all garbage was collected.

    It takes milliseconds, as the collection does; both come when connections have ended.
    """
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is None:
        return
    trim.argtypes = [ctypes.c_size_t]

    def give_back(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == _OLDEST_GENERATION:
            trim(0)

    gc.callbacks.append(give_back)
