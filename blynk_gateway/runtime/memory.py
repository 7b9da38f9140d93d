"""How much memory the process keeps that it does not use.

glibc's malloc has heaps for threads that would wait for each other, eight for each processor, and
keeps what is freed in the middle of one. After five minutes of `make soak` 39 of 150 MiB were such
holes, and became more.
"""

import ctypes
import gc

_ARENA_MAX = -8
"""Source: malloc.h of glibc, `M_ARENA_MAX`; mallopt(3)."""


def share_one_heap() -> None:
    """Have all threads share a heap; to be called before there are others.

    They do not wait for it, as the interpreter runs one of them at a time. Another C library than
    glibc is left as it is.
    """
    if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_ARENA_MAX, 1)


def give_back_after_collections() -> None:
    """Give free memory back to the system whenever the interpreter has looked for garbage.

    It does when objects have become more, so in a busy daemon a few times a minute. Not only after
    full collections: they may be a quarter of an hour apart, and each of them takes as long as
    twenty of these, which are 2 to 6 ms of a slow processor with 500 devices.
    """
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is None:
        return
    trim.argtypes = [ctypes.c_size_t]

    def give_back(phase: str, info: dict[str, int]) -> None:  # noqa: ARG001  gc's signature
        if phase == "stop":
            trim(0)

    gc.callbacks.append(give_back)
