"""The nearest known word for a misspelt one."""

from collections.abc import Iterable, Mapping

MAX_WORD_LENGTH = 64
"""Longer texts are not misspelt names, and comparing them costs quadratic time."""

MAX_WORDS = 1000
"""Comparing with more of them takes seconds for a file full of faults."""


def suggestion(found: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the nearest of the known words, or an empty text."""
    word = nearest(found, known)
    return did_you_mean(word) if word else ""


def hint(found: str, known: Iterable[str], habits: Mapping[str, str]) -> tuple[str, str]:
    """What a word likely stands for, if that is a known one, and the end of a complaint of it.

    Args:
        habits: words of other programs; for each a known word, or what to do.
    """
    words = tuple(known)
    habit = habits.get(found.lower(), "")
    word = habit if habit in words else nearest(found, words)
    if habit and habit != word:
        return "", f"; {habit}"
    return word, did_you_mean(word) if word else ""


def nearest(found: str, known: Iterable[str]) -> str:
    """The nearest of the known words; empty if none is near."""
    if len(found) > MAX_WORD_LENGTH:
        return ""
    by_folded = {word.lower(): word for word in known}
    if len(by_folded) > MAX_WORDS:
        return ""
    # Only for a fault, and memory that an idle daemon on a small Pi would keep.
    import difflib  # noqa: PLC0415  see above

    near = difflib.get_close_matches(found.lower(), by_folded, n=1, cutoff=0.65)
    return by_folded[near[0]] if near else ""


def did_you_mean(word: str) -> str:
    """The question that ends a complaint."""
    return f'; did you mean "{word}"?'
