"""Numbers of bindings.

They are decimals: three times 0.1 is 0.3, and what went out comes back the same.
"""

from decimal import ROUND_HALF_UP, Context, Decimal

from blynk_gateway.core.value import number, printable
from blynk_gateway.errors import InvalidValue

_FORWARD = Context(prec=15, rounding=ROUND_HALF_UP)
_INVERSE = Context(prec=17, rounding=ROUND_HALF_UP)
"""Two digits more: a quotient that is multiplied again gives the number it was made of."""

_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
_MAX_EXPONENT = 15


class Scaling:
    """A number times `scale` plus `offset`, rounded half up.

    Args:
        digits: after the point; None for all there are.
    """

    def __init__(self, scale: float, offset: float, digits: int | None) -> None:
        self._scale = Decimal(repr(scale))
        self._offset = Decimal(repr(offset))
        self._step = None if digits is None else Decimal(1).scaleb(-digits)
        self.is_plain = scale == 1 and offset == 0 and digits is None

    def apply(self, text: str) -> str:
        """The number that a number becomes.

        Raises:
            InvalidValue: it is no number.
        """
        if self.is_plain:
            return text
        result = _EXACT.add(_EXACT.multiply(_number(text), self._scale), self._offset)
        if self._step is not None and result.adjusted() < _MAX_EXPONENT:
            result = result.quantize(self._step, context=_EXACT)
        return _text(result, _FORWARD)

    def undo(self, text: str) -> str:
        """The number that would become this one; not rounded, as nothing is lost this way round.

        Raises:
            InvalidValue: it is no number.
        """
        if self.is_plain:
            return text
        return _text(
            _INVERSE.divide(_EXACT.subtract(_number(text), self._offset), self._scale), _INVERSE
        )


def _number(text: str) -> Decimal:
    if number((text,)) is None:
        raise InvalidValue(f"the binding was given {printable(text)[:40]!r}; expected a number")
    return Decimal(text)


def _text(result: Decimal, context: Context) -> str:
    result = context.plus(result)
    if not result:
        return "0"
    if abs(result.adjusted()) > _MAX_EXPONENT:
        return repr(float(result))
    text = format(result, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
