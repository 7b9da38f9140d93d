-- What those who send to servers above keep from one start to the next, by name: how far they are.
CREATE TABLE upstream (
    name TEXT PRIMARY KEY,
    note TEXT NOT NULL            -- JSON
) STRICT, WITHOUT ROWID;
