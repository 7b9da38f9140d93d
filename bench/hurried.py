"""The daemon with its waits cut short: what it does once an hour it does several times a second.

python -m bench.hurried run …   as `blynk-gateway run …`

A kill at a random moment then hits a pass of the archive, a checkpoint, retention or a snapshot as
often as it hits a commit. Nothing but waits and sizes of portions differs from the daemon.
"""

import importlib
import sys

from blynk_gateway.cli import main

HURRY = {
    "blynk_gateway.history.archive.archiver": {
        "PASS_POINTS": 20_000,
        "MIN_PASS_POINTS": 500,
        "POINTS_PER_STREAM": 20,
        "SLICE_POINTS": 1000,
        "PASS_EVERY_S": 0.5,
        "LINGER_S": 0.3,
    },
    "blynk_gateway.history.journal": {"CHECKPOINT_CHANGES": 3000, "CHECKPOINT_S": 0.3},
    "blynk_gateway.history.retention.retention": {"PERIOD_S": 0.2},
    "blynk_gateway.history.backup.snapshots": {"SETTLE_S": 1.0, "LOOK_EVERY_S": 0.1},
    # With the least heartbeat, 10 s, a server counts as dead after 3 s without a word.
    "blynk_gateway.protocol.client": {
        "GRACE_S": -7.0,
        "PING_BEFORE_HEARTBEAT_S": 9.0,
        "LOGIN_TIMEOUT_S": 1.0,
    },
    "blynk_gateway.upstream.adapter": {"SAVE_EVERY_S": 1.0},
    "blynk_gateway.upstream.worker": {"RETRY_S": 0.1, "MAX_RETRY_S": 0.5},
}
"""Constants by module."""


def hurry() -> None:
    """Cut the waits of this process short.

    Raises:
        AttributeError: a constant has another name now.
    """
    for name, constants in HURRY.items():
        module = importlib.import_module(name)
        for constant, value in constants.items():
            getattr(module, constant)
            setattr(module, constant, value)


if __name__ == "__main__":
    hurry()
    sys.exit(main())
