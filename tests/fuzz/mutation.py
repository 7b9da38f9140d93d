"""Changes bytes as a fault or an attacker would; a seed makes the same changes again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

CORPUS = Path(__file__).parent / "corpus"

INTERESTING = [0, 1, 2, 5, 9, 20, 29, 99, 100, 127, 128, 200, 255]
MAX_MUTATIONS = 8


def read_conversations(name: str) -> list[list[bytes]]:
    """The corpus of this name: conversations, each as the chunks one side sent.

    A line of a `.hex` file is a chunk; `#` starts a remark.
    """
    return [
        [bytes.fromhex(line) for line in path.read_text().splitlines() if line[:1] != "#"]
        for path in sorted((CORPUS / name).glob("*.hex"))
    ]


def shuffle(chunks: list[bytes], rng: random.Random) -> list[bytes]:
    """The first chunk, mostly, and of the others some, often in another order."""
    picked = [chunk for chunk in chunks if rng.random() < 0.9]
    if rng.random() < 0.5:
        picked[1:] = rng.sample(picked[1:], len(picked[1:]))
    return picked


def mutate(
    data: bytes,
    rng: random.Random,
    words: Sequence[bytes] = (),
    most: int = MAX_MUTATIONS,
) -> bytes:
    """The bytes with some of them changed, dropped, doubled and put in.

    Args:
        words: what means something to who reads the bytes, to be put in now and then.
        most: changes that are made, all but one.
    """
    changed = bytearray(data)
    for _ in range(rng.randrange(most)):
        if not changed:
            break
        at = rng.randrange(len(changed))
        match rng.randrange(6 if words else 5):
            case 0:
                changed[at] = rng.choice(INTERESTING)
            case 1:
                changed[at] ^= 1 << rng.randrange(8)
            case 2:
                del changed[at : at + rng.randrange(1, 8)]
            case 3:
                changed[at:at] = rng.randbytes(rng.randrange(1, 8))
            case 4:
                changed[at:at] = changed[at : at + rng.randrange(1, 40)]
            case _:
                # In place of as many bytes, or between them.
                end = at + rng.choice((0, 1, 4, 12))
                changed[at:end] = rng.choice(words)
    return bytes(changed)


def cut(data: bytes, rng: random.Random, most: int = 6) -> list[bytes]:
    """The bytes in pieces, some of them empty."""
    marks = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(most)))
    return [data[a:b] for a, b in zip([0, *marks], [*marks, len(data)], strict=True)]
