"""A text that must not be seen: printing, logging or formatting it shows `***`."""

from typing import Final, final

HIDDEN: Final = "***"


@final
class Secret:
    """Wraps a token or password; compares and hashes by its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; never log, print or store the result in an error."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN
