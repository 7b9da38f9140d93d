"""Fuzz the device protocol: mutated conversations, whole and in pieces.

The promise under attack: any bytes give events and answers, or one RemoteProtocolError, and the
same ones however the bytes are cut. `python -m tests.fuzz.fuzz_frames --seconds 60 [--seed N]`
runs until the time is over or the promise breaks; a failing input is printed as hex, ready to
become a file of the corpus and a unit test.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

from tests.helpers.wire_driver import drive

CORPUS = Path(__file__).parent / "corpus"

INTERESTING = [0, 1, 2, 5, 9, 20, 29, 99, 100, 127, 128, 200, 255]
MAX_MUTATIONS = 8
MAX_CUTS = 6


def read_corpus() -> list[list[bytes]]:
    """Conversations of the corpus, each as the chunks a client sent; `#` starts a remark."""
    return [
        [bytes.fromhex(line) for line in path.read_text().splitlines() if line[:1] != "#"]
        for path in sorted(CORPUS.glob("*.hex"))
    ]


def mutate(chunks: list[bytes], rng: random.Random) -> bytes:
    """A conversation with frames dropped, doubled and swapped, and bytes changed."""
    picked = [chunk for chunk in chunks if rng.random() < 0.9]
    if rng.random() < 0.5:
        picked[1:] = rng.sample(picked[1:], len(picked[1:]))
    data = bytearray(b"".join(picked))
    for _ in range(rng.randrange(MAX_MUTATIONS)):
        if not data:
            break
        at = rng.randrange(len(data))
        match rng.randrange(5):
            case 0:
                data[at] = rng.choice(INTERESTING)
            case 1:
                data[at] ^= 1 << rng.randrange(8)
            case 2:
                del data[at : at + rng.randrange(1, 8)]
            case 3:
                data[at:at] = rng.randbytes(rng.randrange(1, 8))
            case _:
                data[at:at] = data[at : at + rng.randrange(1, 40)]
    return bytes(data)


def check(data: bytes, rng: random.Random) -> None:
    """Feed `data` whole and in random pieces; an exception means that the promise broke."""
    marks = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(MAX_CUTS)))
    pieces = [data[a:b] for a, b in zip([0, *marks], [*marks, len(data)], strict=True)]
    whole, cut = drive([data]), drive(pieces)
    assert whole == cut, f"cut at {marks}: {cut} instead of {whole}"


def fuzz(seed: int, rounds: int | None = None, until: float | None = None) -> int:
    """Run `rounds` inputs, or until `until` on the monotonic clock; returns how many ran.

    Raises:
        AssertionError: the promise broke; the message holds seed, round and input.
    """
    rng = random.Random(seed)  # noqa: S311 - inputs must be repeatable, not secret
    corpus = read_corpus()
    done = 0
    while (rounds is None or done < rounds) and (until is None or time.monotonic() < until):
        data = mutate(rng.choice(corpus), rng)
        try:
            check(data, rng)
        except Exception as error:
            msg = f"seed {seed}, round {done}, input {data.hex(' ')}"
            raise AssertionError(msg) from error
        done += 1
    return done


def main() -> None:
    """Parse the command line and fuzz."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    options = parser.parse_args()
    done = fuzz(options.seed, until=time.monotonic() + options.seconds)
    print(f"{done} inputs, seed {options.seed}: no fault found")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
