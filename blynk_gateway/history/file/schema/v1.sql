-- What peers wrote is kept as bytes (BLOB): it need not be valid UTF-8. Times are UTC ms.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- Devices added by command or paired; those of the configuration file are not here.
CREATE TABLE device (
    device     TEXT PRIMARY KEY,
    definition TEXT NOT NULL      -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE state (
    device       TEXT PRIMARY KEY,
    info         BLOB NOT NULL,   -- key, value, key, value, … joined by zero bytes
    last_seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE property (
    device TEXT NOT NULL,
    pin    TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  BLOB NOT NULL,
    PRIMARY KEY (device, pin, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE metadata (
    device TEXT NOT NULL,
    field  BLOB NOT NULL,
    value  BLOB NOT NULL,
    PRIMARY KEY (device, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    seq         INTEGER PRIMARY KEY,
    device      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    code        BLOB NOT NULL,
    description BLOB NOT NULL,
    origin_kind TEXT NOT NULL,
    origin_id   BLOB NOT NULL,
    at_ms       INTEGER NOT NULL
) STRICT;

CREATE INDEX event_by_device ON event (device, seq);

CREATE TABLE api_token (
    name       TEXT PRIMARY KEY,
    role       TEXT NOT NULL,
    digest     TEXT NOT NULL,     -- SHA-256 as hex
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: the number of a removed stream never means another one.
CREATE TABLE stream (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    device TEXT NOT NULL,
    pin    TEXT NOT NULL,
    UNIQUE (device, pin)
) STRICT;

-- Current values as of setting 'checkpoint_seq'; segments after it bring them up to date.
CREATE TABLE value (
    stream INTEGER PRIMARY KEY,
    value  BLOB NOT NULL,
    at_ms  INTEGER NOT NULL,
    seq    INTEGER NOT NULL
) STRICT;

-- Every change of a pin, packed; ranges of seq never overlap. No index on time: it would cost one
-- more page a commit, and time runs almost as seq does.
CREATE TABLE segment (
    first_seq INTEGER PRIMARY KEY,
    last_seq  INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    first_ms  INTEGER NOT NULL,   -- the earliest
    last_ms   INTEGER NOT NULL,   -- the latest
    body      BLOB NOT NULL
) STRICT;
