"""The one file that a backup is: a gzipped tar of plain files, the manifest first.

Written by hand on purpose, like read: in pieces as they are wanted, so that one may be sent while
it is made; and without anything of tar that could surprise on the way back (links, devices, long
names that claim gigabytes). `tar -xzf` reads it.
"""

import hashlib
import json
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple, Self

from blynk_gateway.errors import HistoryError

FORMAT = "blynk-gateway-backup"
VERSION = 1

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 8 * 1024 * 1024
MAX_MEMBERS = 50_000
MAX_DATA_BYTES = 1 << 40
"""A terabyte: far more than a card holds. What really bounds it is the room that is free."""

MAX_NAME_BYTES = 140
MAX_DEPTH = 8

PIECE_BYTES = 256 * 1024

_BLOCK = 512
_LEVEL = 3
"""Of zlib: 6 makes a database smaller by a twentieth and takes twice as long on a Pi."""

_GZIP = 31
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FORBIDDEN = ("lock", "control.sock", "gateway.db-wal", "gateway.db-shm", "gateway.db-journal")
"""Names within the data directory that must come from no one but the gateway itself."""


class BackupInvalid(HistoryError):
    """The file is no backup, or not as it was made."""

    code = "history.backup_invalid"
    hint = "Use another backup; nothing was changed."


class Member(NamedTuple):
    """One file; `name` is its path in the data directory, with `/` between."""

    name: str
    size_bytes: int
    sha256: str


class Manifest(NamedTuple):
    """What a backup says of itself.

    Attributes:
        made_by: version of the program.
        schema: version of the database in it.
        at_ms: when it was made, UTC ms.
    """

    made_by: str
    schema: int
    instance_id: str
    at_ms: int
    members: tuple[Member, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of all files together."""
        return sum(member.size_bytes for member in self.members)

    def to_json(self) -> bytes:
        """The text of the first file in the tar."""
        members = [
            {"name": one.name, "bytes": one.size_bytes, "sha256": one.sha256}
            for one in self.members
        ]
        document = {
            "format": FORMAT,
            "version": VERSION,
            "made_by": self.made_by,
            "schema": self.schema,
            "instance_id": self.instance_id,
            "at_ms": self.at_ms,
            "members": members,
        }
        return json.dumps(document, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """The inverse of `to_json`.

        Raises:
            BackupInvalid: it is something else, or names files that may not be there.
        """
        try:
            document = json.loads(text)
            if document["format"] != FORMAT:
                raise BackupInvalid(
                    f"the format is {document['format']!r:.40}; expected {FORMAT!r}"
                )
            if document["version"] != VERSION:
                raise BackupInvalid(
                    f"the backup has version {document['version']!r:.40}; expected {VERSION}, or a"
                    " newer version of the gateway"
                )
            manifest = cls(
                made_by=_typed(document["made_by"], str),
                schema=_typed(document["schema"], int),
                instance_id=_typed(document["instance_id"], str),
                at_ms=_typed(document["at_ms"], int),
                members=tuple(_member(one) for one in _typed(document["members"], list)),
            )
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise BackupInvalid(f"{MANIFEST} cannot be read: {error}") from error
        names = [member.name for member in manifest.members]
        if len(names) > MAX_MEMBERS or len(set(names)) < len(names):
            raise BackupInvalid(f"{MANIFEST} names a file twice, or more than {MAX_MEMBERS}")
        if manifest.size_bytes > MAX_DATA_BYTES:
            raise BackupInvalid(f"{MANIFEST} names {manifest.size_bytes} bytes; that is too much")
        return manifest


def measure(root: Path, name: str, *, go_on: Callable[[], None]) -> Member:
    """Size and hash of a file.

    Args:
        go_on: called for each piece; may raise.
    """
    digest = hashlib.sha256()
    size = 0
    with (root / name).open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            go_on()
            digest.update(piece)
            size += len(piece)
    return Member(name, size, digest.hexdigest())


def pack(root: Path, manifest: Manifest) -> Iterator[bytes]:
    """The bytes of the backup, in pieces of about `PIECE_BYTES`, each made when it is asked for.

    Raises:
        HistoryError: a file is not what the manifest says.
    """
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    waiting = bytearray()
    for plain in _plain(root, manifest):
        waiting += compressor.compress(plain)
        if len(waiting) >= PIECE_BYTES:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting) + compressor.flush()


def unpack(
    source: IO[bytes],
    root: Path,
    *,
    check: Callable[[Manifest], None],
    progress: Callable[[int], None],
) -> Manifest:
    """Write the files of a backup into an empty directory, each on disk when this returns.

    Files have mode 0600 and directories 0700, whatever the backup says.

    Args:
        check: is shown the manifest before anything is written; may raise.
        progress: called with the bytes of `source` read so far.

    Raises:
        BackupInvalid: it is damaged, cut short, or holds anything that the manifest does not name.
        OSError: it cannot be read or written.
    """
    stream = _Inflated(source, progress)
    header = _header(stream)
    if header is None or header.name != MANIFEST or header.size > MAX_MANIFEST_BYTES:
        raise BackupInvalid(f"the first file in it is not {MANIFEST}; expected a backup")
    manifest = Manifest.from_json(stream.read_exactly(header.size))
    stream.read_exactly(-header.size % _BLOCK)
    check(manifest)
    for member in manifest.members:
        header = _header(stream)
        if header is None or header.name != member.name or header.size != member.size_bytes:
            found = "the end" if header is None else f"{header.name!r} of {header.size} bytes"
            raise BackupInvalid(
                f"after the files before it comes {found}; expected {member.name!r} of"
                f" {member.size_bytes} bytes"
            )
        _unpack_one(stream, root, member)
    if _header(stream) is not None:
        raise BackupInvalid(f"there are files that {MANIFEST} does not name")
    stream.finish()
    return manifest


def check_name(name: str) -> str:
    """A path within the data directory that a backup may have.

    Raises:
        BackupInvalid: it leads elsewhere, or to what belongs to a running gateway.
    """
    path = PurePosixPath(name)
    parts = name.split("/")
    is_plain = (
        name.isprintable()
        and "\\" not in name
        and len(name.encode("utf-8", "surrogateescape")) <= MAX_NAME_BYTES
        and len(parts) <= MAX_DEPTH
        and not any(part in ("", ".", "..") for part in parts)
        and not path.is_absolute()
    )
    if not is_plain or name in (*_FORBIDDEN, MANIFEST):
        raise BackupInvalid(f"{name[:80]!r} is no name for a file in a backup")
    return name


def _plain(root: Path, manifest: Manifest) -> Iterator[bytes]:
    text = manifest.to_json()
    yield _tar_header(MANIFEST, len(text), manifest.at_ms)
    yield text + bytes(-len(text) % _BLOCK)
    for member in manifest.members:
        yield _tar_header(member.name, member.size_bytes, manifest.at_ms)
        left = member.size_bytes
        with (root / member.name).open("rb") as file:
            while left:
                piece = file.read(min(left, PIECE_BYTES))
                if not piece:
                    raise HistoryError(f"{member.name} became shorter during the backup")
                left -= len(piece)
                yield piece
        yield bytes(-member.size_bytes % _BLOCK)
    # Two blocks of zeros end a tar; its tools like 20 in all.
    yield bytes(20 * _BLOCK)


def _tar_header(name: str, size: int, at_ms: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o600
    info.mtime = max(at_ms // 1000, 0)
    # One header holds sizes beyond 8 GB in one dialect, and names beyond 100 bytes in the other.
    is_long = len(name.encode("utf-8", "surrogateescape")) > tarfile.LENGTH_NAME
    if is_long:
        return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "surrogateescape")
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


class _Inflated:
    """What a gzip file holds, read piece by piece: a few bytes never become gigabytes at once."""

    def __init__(self, source: IO[bytes], progress: Callable[[int], None]) -> None:
        self._source = source
        self._progress = progress
        self._inflater = zlib.decompressobj(_GZIP)
        self._waiting = b""
        self._read_bytes = 0

    def read_exactly(self, count: int) -> bytes:
        """So many bytes, at most some megabytes.

        Raises:
            BackupInvalid: there are fewer, or they are damaged.
        """
        found = bytearray()
        while len(found) < count:
            piece = self._piece(count - len(found))
            if not piece:
                raise BackupInvalid("the file is cut short; expected more")
            found += piece
        return bytes(found)

    def finish(self) -> None:
        """Read to the end, where there must be nothing but zeros.

        Raises:
            BackupInvalid: there is more, or the whole is damaged.
        """
        while piece := self._piece(PIECE_BYTES):
            if piece.strip(b"\0"):
                raise BackupInvalid("there is something behind the last file")
        if not self._inflater.eof:
            raise BackupInvalid("the file is cut short; expected more")
        if self._inflater.unused_data or self._source.read(1):
            raise BackupInvalid("there is something behind the end of the backup")

    def _piece(self, most: int) -> bytes:
        while not self._inflater.eof:
            if not self._waiting:
                self._waiting = self._source.read(PIECE_BYTES)
                self._read_bytes += len(self._waiting)
                self._progress(self._read_bytes)
                if not self._waiting:
                    return b""
            try:
                piece = self._inflater.decompress(self._waiting, min(most, PIECE_BYTES))
            except zlib.error as error:
                raise BackupInvalid(f"the file is no backup, or damaged: {error}") from error
            self._waiting = self._inflater.unconsumed_tail
            if piece:
                return piece
        return b""


class _Header(NamedTuple):
    name: str
    size: int


def _header(stream: _Inflated) -> _Header | None:
    """The next file's name and size, None at the end."""
    block = stream.read_exactly(_BLOCK)
    if not block.strip(b"\0"):
        return None
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.TarError as error:
        raise BackupInvalid(f"the tar is damaged: {error}") from error
    if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise BackupInvalid(f"{info.name[:80]!r} is no plain file; expected nothing else")
    if info.size < 0:
        raise BackupInvalid(f"{info.name[:80]!r} has a negative size")
    return _Header(info.name, info.size)


def _unpack_one(stream: _Inflated, root: Path, member: Member) -> None:
    path = root / member.name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    left = member.size_bytes
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        while left:
            piece = stream.read_exactly(min(left, PIECE_BYTES))
            digest.update(piece)
            file.write(piece)
            left -= len(piece)
        file.flush()
        os.fsync(file.fileno())
    stream.read_exactly(-member.size_bytes % _BLOCK)
    if digest.hexdigest() != member.sha256:
        raise BackupInvalid(f"{member.name} is damaged: its hash is not that of the manifest")


def _member(fields: dict[str, Any]) -> Member:
    size, sha256 = _typed(fields["bytes"], int), _typed(fields["sha256"], str)
    if size < 0 or not _SHA256.fullmatch(sha256):
        raise BackupInvalid(f"{MANIFEST} has a size or a hash that is none")
    return Member(check_name(_typed(fields["name"], str)), size, sha256)


def _typed(found: Any, kind: type) -> Any:  # noqa: ANN401  as JSON has it
    if type(found) is not kind:
        raise BackupInvalid(f"{MANIFEST} has {found!r:.40}; expected {kind.__name__}")
    return found
