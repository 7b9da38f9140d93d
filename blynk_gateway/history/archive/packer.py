"""The program that packs points for the archive: a process of its own, started by `packer_process`.

1. It computes and nothing else: it opens no file, and the gateway stays the one writer.
2. It ends with its standard input, so none is left when the gateway is killed.
3. It imports little: it is started anew for a pass of a quiet house.

A message is its length (u32, little-endian) and a `marshal` of a tuple. Requests: `("add", bodies)`
has no answer; `("streams",)` and `("statements", wanted)` are answered by what the methods of
`Packing` give, and what was found damaged since the last answer.
"""

import marshal
import os
import signal
import struct
import sys
from typing import Any, BinaryIO

from blynk_gateway.history.archive.packing import OpenChunk, Packing, Wanted

HEAD = struct.Struct("<I")

_MARSHAL_VERSION = 2
"""Later ones look for objects that occur twice, which costs more than it saves."""


def message(content: tuple[Any, ...]) -> bytes:
    """Head and body of a message."""
    body = marshal.dumps(content, _MARSHAL_VERSION)
    return HEAD.pack(len(body)) + body


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    packing = Packing()
    while len(head := requests.read(HEAD.size)) == HEAD.size:
        (size,) = HEAD.unpack(head)
        body = requests.read(size)
        if len(body) < size:
            return
        kind, *arguments = marshal.loads(body)  # noqa: S302 - written by our own program
        if kind == "add":
            packing.add(*arguments)
            continue
        answer: list[Any]
        if kind == "streams":
            answer = packing.streams()
        else:
            answer = packing.statements(
                Wanted(stream, is_raw, opened and OpenChunk(*opened))
                for stream, is_raw, opened in arguments[0]
            )
        answers.write(message((answer, packing.damage)))
        answers.flush()
        packing.damage = []


def main() -> None:
    """Serve standard input and output; the first argument is how nice to be to others."""
    os.nice(int(sys.argv[1]))
    # Who stops the gateway from a terminal, or by its control group, means the gateway.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)
