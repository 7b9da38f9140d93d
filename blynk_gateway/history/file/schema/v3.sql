-- The archive: points of sealed segments, moved to where a question finds them by stream and time.

-- One row. Every point of the stream s with a seq up to `moving_seq` if s <= moving_stream, else up
-- to `archived_seq`, is in the archive, and no later one is. Segments up to `archived_seq` may be
-- there still for a moment; nobody reads them.
CREATE TABLE archive (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    archived_seq  INTEGER NOT NULL,
    moving_seq    INTEGER NOT NULL,
    moving_stream INTEGER NOT NULL
) STRICT;

INSERT INTO archive VALUES (1, 0, 0, 0);

-- Raw points of one stream, ordered by time and seq, packed (history/archive/chunk.py). Ranges of time of
-- two chunks may overlap where points came late.
CREATE TABLE chunk (
    id       INTEGER PRIMARY KEY,
    stream   INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms  INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    body     BLOB NOT NULL
) STRICT;

-- Everything but the body: what is asked about chunks needs not read their pages.
CREATE INDEX chunk_by_time ON chunk (stream, last_ms, first_ms, count);

-- Rollups of the points that are numbers; `start_ms` is a multiple of the level's length. `last` is
-- the value that is latest by time, then by seq.
CREATE TABLE minute (
    stream   INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    total    REAL NOT NULL,
    minimum  REAL NOT NULL,
    maximum  REAL NOT NULL,
    last     REAL NOT NULL,
    last_ms  INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    PRIMARY KEY (stream, start_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE hour (
    stream   INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    total    REAL NOT NULL,
    minimum  REAL NOT NULL,
    maximum  REAL NOT NULL,
    last     REAL NOT NULL,
    last_ms  INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    PRIMARY KEY (stream, start_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE day (
    stream   INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    total    REAL NOT NULL,
    minimum  REAL NOT NULL,
    maximum  REAL NOT NULL,
    last     REAL NOT NULL,
    last_ms  INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    PRIMARY KEY (stream, start_ms)
) STRICT, WITHOUT ROWID;

-- What the clock was worth from a change on, until the next row.
CREATE TABLE clock_anchor (
    first_seq INTEGER PRIMARY KEY,
    boot      TEXT NOT NULL,
    offset_ms INTEGER NOT NULL,   -- UTC minus the monotonic clock
    began_ms  INTEGER NOT NULL,   -- UTC as the clock showed it
    quality   INTEGER NOT NULL    -- 0 untrusted, 1 trusted, 2 corrected
) STRICT;

-- Corrections; segments up to done_seq are corrected, all other tables at once.
CREATE TABLE clock_shift (
    id              INTEGER PRIMARY KEY,
    from_seq        INTEGER NOT NULL,
    checked_seq     INTEGER NOT NULL,
    upto_seq        INTEGER NOT NULL,
    first_ms        INTEGER NOT NULL,
    last_ms         INTEGER NOT NULL,
    recent_first_ms INTEGER NOT NULL,
    delta_ms        INTEGER NOT NULL,
    done_seq        INTEGER NOT NULL
) STRICT;

-- How far a copy elsewhere is: changes up to seq have arrived there, the last of them at at_ms.
CREATE TABLE mirror (
    target TEXT PRIMARY KEY,      -- a digest of where it is
    seq    INTEGER NOT NULL,
    at_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
