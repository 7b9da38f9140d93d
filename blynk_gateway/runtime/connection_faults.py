"""Why a connection to another machine did not come about or ended, in words for people."""

import errno

CONNECTION_FAULTS: dict[int | None, str] = {
    errno.ECONNREFUSED: "nothing listens there",
    errno.EHOSTUNREACH: "there is no way to it",
    errno.ENETUNREACH: "there is no way to it",
    errno.ETIMEDOUT: "no answer",
    errno.ECONNRESET: "it ended the connection",
    errno.EPIPE: "it ended the connection",
}
"""By error number; for others the system's own words will do."""
