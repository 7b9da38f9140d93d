"""Which value stands where this gateway and the server above have different ones: pure."""

from collections.abc import Iterable
from enum import Enum
from math import isclose

from blynk_gateway.core.datastream import Authority
from blynk_gateway.core.value import PinValue, number

_CLOSE = 1e-6
"""Relative: the vendor's cloud gives `21.5` back as `21.50000`, and rounds long fractions."""


class Winner(Enum):
    """Whose value stands."""

    NOBODY = "nobody"
    """They are the same."""

    HERE = "here"
    ABOVE = "above"


def is_same(one: PinValue, other: PinValue) -> bool:
    """Whether two values mean the same: `1` and `1.0` do."""
    return len(one) == len(other) and all(map(_is_same_text, one, other))


def _is_same_text(one: str, other: str) -> bool:
    if one == other:
        return True
    a, b = number((one,)), number((other,))
    return a is not None and b is not None and isclose(a, b, rel_tol=_CLOSE)


def settle(
    authority: Authority,
    here: PinValue,
    above: PinValue,
    agreed: PinValue | None,
    doubtful: Iterable[PinValue] = (),
) -> Winner:
    """Who wins after a break.

    Args:
        here, above: `()` for no value.
        agreed: what both had when they last spoke, None if that is not known.
        doubtful: what the server had right before; if it crashed, it may have gone back to it.
    """
    if is_same(here, above):
        return Winner.NOBODY
    if not (here and above):
        return Winner.HERE if here else Winner.ABOVE
    match authority:
        case Authority.CLOUD:
            return Winner.ABOVE
        case Authority.NEWEST:
            # No server tells when a value was set: who alone has another one than before set it.
            only_above = agreed is not None and is_same(here, agreed)
            is_lost = any(is_same(above, one) for one in doubtful)
            return Winner.ABOVE if only_above and not is_lost else Winner.HERE
        case _:
            return Winner.HERE


def settle_poll(
    authority: Authority, here: PinValue, above: PinValue, agreed: PinValue | None, *, is_told: bool
) -> Winner:
    """Who wins while there was no break, and the server is only asked now and then.

    Args:
        is_told: whether the server has what is here.
    """
    if agreed is not None and above and is_same(above, agreed):
        # Nobody touched it above; what is not told yet is on its way.
        return Winner.NOBODY
    if is_told and above:
        return Winner.NOBODY if is_same(here, above) else Winner.ABOVE
    return settle(authority, here, above, agreed)
