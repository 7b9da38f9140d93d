"""Fuzz the configuration: mutated YAML of every option, with tags, anchors and odd characters.

The promise under attack: any file gives options or a ConfigError whose faults name file and line,
soon. Options that were given can be shown, and no fault shows more of a text than people can read.
Neither shows a token or password.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from blynk_gateway.cli.support_bundle.known_secrets import secrets_of
from blynk_gateway.config import as_yaml, effective, load
from blynk_gateway.errors import ConfigError
from tests.fuzz.mutation import CORPUS, mutate
from tests.fuzz.running import main

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[2]

_UNREADABLE = re.compile(rb"[^\t\n\r -~]")
_SCALAR = re.compile(rb"(?<=[:,\[-] )[^ ,:{}\[\]]+")

_TOLD = re.compile(r" (?:[^ ]+\.)?(?:token|password): found \"")
"""A fault of a secret that repeats what it found."""

LEAST_SECRET = 8
"""Characters. A shorter one may be a part of what is shown."""

MAX_FAULTS = 101
MAX_FAULT_CHARACTERS = 1000
MAX_COPIES = 3
MAX_LINES_CHANGED = 4

WORDS = [
    *(b"&a ", b"*a", b"<<: *a", b"? ", b"- ", b": ", b"{", b"}", b"[", b"]", b", ", b"\n", b"  "),
    *(b"!!python/object/apply:os.system ", b"!!binary ", b"!!set ", b"!!map ", b"! ", b"!secret x"),
    *(b"|\n", b">-\n", b"'", b'"', b"#", b"---\n", b"...\n", b"%YAML 9.9\n", b"%TAG ! x:\n", b"\t"),
    *(b"~", b"null", b"true", b"off", b"-0", b"0x1F", b"1_000", b"1e999", b".inf", b".nan"),
    *(b"9" * 400, b"12:30", b"2026-01-01", b"5s", b"30d", b"99999999999d", b"-1", b"0.0000001"),
    *(b"\\U0010FFFF", b"\\uD800", b"\xc2\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xff", b"\0"),
    *(b"[" * 40, b"{a: " * 40, b"pi/V1", b"greenhouse/V5", b"/dev/zero", b"../../etc/passwd", b"."),
    *(b"{value}", b"{{", b"${HOME}", b"*", b"+/#", b"a[0].b[", b"x" * 5000, b"\r\n", b"\\"),
    b"".join(b"k%d: &k%d [%s]\n" % (n, n, b",".join([b"*k%d" % (n - 1)] * 9)) for n in range(1, 9)),
]


class Configuration:
    """The loader of configuration files.

    Args:
        directory: where the files are made.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / "gateway.yaml"
        self.corpus = read_corpus()

    def make_input(self, rng: random.Random) -> bytes:
        """Some sections of the corpus, mutated: a whole example would take a tenth of a second."""
        picked = b"\n".join(rng.choices(self.corpus, k=rng.randrange(1, MAX_COPIES)))
        changed = _mutate_lines(picked, rng) if rng.random() < 0.7 else mutate(picked, rng, WORDS)
        # A single wrong byte ends the reading of all others.
        return _UNREADABLE.sub(b"", changed) if rng.random() < 0.9 else changed

    async def check(self, data: bytes, rng: random.Random) -> None:
        """Load it as a file."""
        self._path.write_bytes(data)
        try:
            options = load(self._path, {})
        except ConfigError as error:
            faults = error.faults
        else:
            shown = as_yaml(effective(options)).encode()
            assert shown
            for secret in (text.encode() for text in secrets_of(options)):
                # What stands elsewhere in the file too may be shown for that.
                is_alone = len(secret) >= LEAST_SECRET and data.count(secret) == 1
                assert not is_alone or secret not in shown, f"shows {secret!r}"
            return
        assert 0 < len(faults) <= MAX_FAULTS
        lines = len(re.split(rb"\r\n|[\r\n]|\xc2\x85|\xe2\x80[\xa8\xa9]", data))
        for fault in map(str, faults):
            place = re.match(re.escape(str(self._path)) + r"(?::(\d+))?: ", fault)
            assert place, f"names no place: {fault}"
            assert int(place[1] or 0) <= lines, f"beyond the file's {lines} lines: {fault}"
            assert len(fault) <= MAX_FAULT_CHARACTERS, f"{len(fault)} characters: {fault}"
            assert "\n" not in fault, f"two lines: {fault!r}"
            assert not _TOLD.search(fault), f"shows a secret: {fault}"


def _mutate_lines(text: bytes, rng: random.Random) -> bytes:
    """With a few values in place of others, and lines moved, doubled, dropped and indented."""
    lines = text.split(b"\n")
    for _ in range(rng.randrange(MAX_LINES_CHANGED)):
        at = rng.randrange(len(lines))
        match rng.randrange(8):
            case 0:
                lines[at] = b"  " + lines[at]
            case 1:
                lines.insert(at, rng.choice(lines))
            case 2 if len(lines) > 1:
                del lines[at]
            case _ if found := list(_SCALAR.finditer(lines[at])):
                one, word = rng.choice(found), rng.choice(WORDS)
                lines[at] = lines[at][: one.start()] + word + lines[at][one.end() :]
            case _:
                lines[at] = mutate(lines[at], rng, WORDS, 2)
    return b"\n".join(lines)


def read_corpus() -> list[bytes]:
    """Sections of the example, all of its options in use, and whole files that are broken."""
    example = (ROOT / "config/gateway.example.yaml").read_text()
    # What is switched off there has a # in the first column; remarks have a blank behind it.
    used = re.sub(r"(?m)^#(?! [^ ])", "", example.partition("\n\n")[2])
    sections = re.split(r"(?m)^(?=[a-z_]+:)", used)
    broken = (ROOT / "tests/data/configs").glob("*.yaml")
    finds = (CORPUS / "yaml").glob("*.yaml")
    files = [path.read_bytes() for path in sorted((*broken, *finds))]
    # Half of the inputs are to begin as something that can be used.
    return 3 * [one.encode() for one in sections if ":" in one] + files


@asynccontextmanager
async def opened() -> AsyncIterator[Configuration]:
    """A target, ready."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        yield Configuration(Path(directory))


if __name__ == "__main__":
    main(__doc__, opened)
