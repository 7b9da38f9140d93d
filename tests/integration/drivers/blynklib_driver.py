"""Drives blynklib 0.2.6 as its own examples do: handlers, and `run` in a loop."""

import sys

import blynklib

from tests.integration.drivers.driver import Commands, tell

HEARTBEAT_S = 2
"""Short, because only a missed heartbeat tells this client that its server is gone."""


def main(host: str, port: str, token: str) -> None:
    blynk = blynklib.Blynk(token, server=host, port=int(port), heartbeat=HEARTBEAT_S, log=print)

    @blynk.handle_event("connect")  # type: ignore[untyped-decorator]
    def connected() -> None:
        tell("connected")

    @blynk.handle_event("write V*")  # type: ignore[untyped-decorator]
    def written(pin: int, value: list[str]) -> None:
        tell("write", pin, *value)

    commands = Commands()
    while True:
        blynk.run()
        while (command := commands.next()) is not None:
            action, pin, *values = command
            if action == "write":
                blynk.virtual_write(int(pin), *values)
            else:
                blynk.virtual_sync(pin, *values)


main(*sys.argv[1:])
