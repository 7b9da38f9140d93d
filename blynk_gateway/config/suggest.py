"""The nearest known word for a misspelt one."""

from collections.abc import Iterable

MAX_WORD_LENGTH = 64
"""Longer texts are not misspelt names, and comparing them costs quadratic time."""


def suggestion(found: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the nearest of the known words, or an empty text."""
    if len(found) > MAX_WORD_LENGTH:
        return ""
    # Only for a fault, and memory that an idle daemon on a small Pi would keep.
    import difflib  # noqa: PLC0415  see above

    by_folded = {word.lower(): word for word in known}
    nearest = difflib.get_close_matches(found.lower(), by_folded, n=1, cutoff=0.65)
    return did_you_mean(by_folded[nearest[0]]) if nearest else ""


def did_you_mean(word: str) -> str:
    """The question that ends a complaint."""
    return f'; did you mean "{word}"?'
