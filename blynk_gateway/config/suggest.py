"""The nearest known word for a misspelt one."""

import difflib
from collections.abc import Iterable

MAX_WORD_LENGTH = 64
"""Longer texts are not misspelt names, and comparing them costs quadratic time."""


def suggestion(found: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the nearest of the known words, or an empty text."""
    if len(found) > MAX_WORD_LENGTH:
        return ""
    by_folded = {word.lower(): word for word in known}
    nearest = difflib.get_close_matches(found.lower(), by_folded, n=1, cutoff=0.6)
    return f'; did you mean "{by_folded[nearest[0]]}"?' if nearest else ""
