"""Drives blynk-library-python 0.2.0, which leaves connecting again to its user."""

import sys
import time

import BlynkLib

from tests.integration.drivers.driver import DIRECT_OPS, NOTICES, Commands, tell

HEARTBEAT_S = 2
"""Short, because only a missed heartbeat tells this client that its server is gone."""

CONNECT_EVERY_S = 0.2


def log(*words: object) -> None:
    """Take the client's talk, and out of it the frames it gets: `>`, type, id, `|`, parameters."""
    sys.stdout.write(f"{' '.join(map(str, words))}\n")
    if words[0] == ">" and words[1] == BlynkLib.MSG_HW:
        op, *parameters = str(words[-1]).split(",")
        if op in DIRECT_OPS:
            tell("direct", op, *parameters)


def main(host: str, port: str, token: str) -> None:
    blynk = BlynkLib.Blynk(token, server=host, port=int(port), heartbeat=HEARTBEAT_S, log=log)
    blynk.on("connected", lambda **_: tell("connected"))
    blynk.on("V*", lambda pin, value: tell("write", int(pin), *value))
    commands = Commands()
    while True:
        try:
            blynk.run()
        except OSError:
            blynk.disconnect()
        if blynk.state == BlynkLib.DISCONNECTED:
            time.sleep(CONNECT_EVERY_S)
            try:
                blynk.connect()
            except ValueError:
                continue
        while (command := commands.next()) is not None:
            action, pin, *values = command
            if action in NOTICES:
                getattr(blynk, action)(pin)
            elif action == "email":
                # Its API has no call for it.
                blynk._send(BlynkLib.MSG_EMAIL, pin, *values)
            elif action == "write":
                blynk.virtual_write(pin, *values)
            elif action == "report":
                # What its API has no call for: as `virtual_write` does, with another op.
                blynk._send(BlynkLib.MSG_HW, pin, *values)
            else:
                blynk.sync_virtual(pin, *values)


main(*sys.argv[1:])
