-- Who may use the dashboard, and the dashboards made in it.

-- Slugs of the devices an API token is good for, separated by commas; '' for all.
ALTER TABLE api_token ADD COLUMN devices TEXT NOT NULL DEFAULT '';

CREATE TABLE user (
    name       TEXT PRIMARY KEY,
    role       TEXT NOT NULL,
    password   TEXT NOT NULL,     -- scrypt, with its parameters
    created_ms INTEGER NOT NULL,
    seen_ms    INTEGER NOT NULL   -- last login, 0 for never
) STRICT, WITHOUT ROWID;

-- Browsers that are logged in: a user, or a visitor with a shared link.
CREATE TABLE session (
    digest     TEXT PRIMARY KEY,  -- SHA-256 of the cookie's secret as hex
    user       TEXT NOT NULL,     -- '' for a visitor
    share      TEXT NOT NULL,     -- '' for a user
    created_ms INTEGER NOT NULL,
    seen_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE share (
    id         TEXT PRIMARY KEY,
    digest     TEXT NOT NULL,     -- SHA-256 of the link's token as hex
    dashboard  TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER            -- NULL for never
) STRICT, WITHOUT ROWID;

CREATE TABLE dashboard (
    slug       TEXT PRIMARY KEY,
    document   TEXT NOT NULL,     -- as in the configuration file, written as JSON
    revision   INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
