"""Forms in which points of the past leave the gateway: JSON, CSV, line protocol, Parquet."""
