"""The SQLite file: opening, migrating, locking, merging its log, reading beside the writer."""
