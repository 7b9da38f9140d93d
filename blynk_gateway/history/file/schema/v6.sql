-- What the rules keep from one start to the next.

-- Edges, since when they hold, the latest run, and whether somebody switched the rule on or off.
CREATE TABLE automation_state (
    automation TEXT PRIMARY KEY,
    state      TEXT NOT NULL      -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE automation_run (
    id         INTEGER PRIMARY KEY,
    automation TEXT NOT NULL,
    at_ms      INTEGER NOT NULL,
    cause      TEXT NOT NULL,
    cause_seq  INTEGER,
    outcome    TEXT NOT NULL,
    actions    TEXT NOT NULL,     -- JSON: [[action, result, 1 if it failed else 0], …]
    ended_ms   INTEGER            -- NULL while it runs
) STRICT;

CREATE INDEX automation_run_by_automation ON automation_run (automation, id);

-- What has still to be done: webhooks, notifications, runs that wait in a delay.
CREATE TABLE outbox (
    id      INTEGER PRIMARY KEY,  -- in the order in which they came
    kind    TEXT NOT NULL,
    key     TEXT NOT NULL,
    payload TEXT NOT NULL,        -- JSON
    UNIQUE (kind, key)
) STRICT;
