"""A full disk, as far as one process can have one."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def limited(size_bytes: int) -> Iterator[None]:
    """No file becomes larger, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
