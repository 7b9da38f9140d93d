-- Modes of direct pins that were learned at run time; those of the configuration are not here.
CREATE TABLE pin_mode (
    device   TEXT NOT NULL,
    pin      TEXT NOT NULL,
    mode     TEXT NOT NULL,
    every_ms INTEGER,
    PRIMARY KEY (device, pin)
) STRICT, WITHOUT ROWID;
