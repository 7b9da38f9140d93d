"""Drives blynk-library-python 0.2.0, which leaves connecting again to its user."""

import sys
import time

import BlynkLib

from tests.integration.drivers.driver import Commands, tell

HEARTBEAT_S = 2
"""Short, because only a missed heartbeat tells this client that its server is gone."""

CONNECT_EVERY_S = 0.2


def main(host: str, port: str, token: str) -> None:
    blynk = BlynkLib.Blynk(token, server=host, port=int(port), heartbeat=HEARTBEAT_S, log=print)
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
            if action == "write":
                blynk.virtual_write(pin, *values)
            else:
                blynk.sync_virtual(pin, *values)


main(*sys.argv[1:])
