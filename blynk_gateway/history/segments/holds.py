"""What readers with a place of their own still have to read."""


class Holds:
    """Numbers after which changes are kept, one for each reader that has any."""

    def __init__(self) -> None:
        self._seqs: dict[str, int] = {}

    def hold(self, reader: str, seq: int | None) -> None:
        """Keep segments with changes after a number, also archived ones; None to keep none."""
        if seq is None:
            self._seqs.pop(reader, None)
        else:
            self._seqs[reader] = seq

    @property
    def seq(self) -> int | None:
        """That of the reader that is furthest behind; None if nobody holds anything."""
        return min(self._seqs.values(), default=None)
