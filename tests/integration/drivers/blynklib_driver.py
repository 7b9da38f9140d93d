"""Drives blynklib 0.2.6 as its own examples do: handlers, and `run` in a loop."""

import sys

import blynklib

from tests.integration.drivers.driver import DIRECT_OPS, NOTICES, Commands, tell

HEARTBEAT_S = 2
"""Short, because only a missed heartbeat tells this client that its server is gone."""


class Client(blynklib.Blynk):  # type: ignore[misc]  # the library has no types
    """The stock client; tells what it is given to process."""

    def process(self, msg_type: int, msg_id: int, msg_len: int, msg_args: list[str]) -> None:
        if msg_type == self.MSG_HW and msg_args[0] in DIRECT_OPS:
            tell("direct", *msg_args)
        super().process(msg_type, msg_id, msg_len, msg_args)


def main(host: str, port: str, token: str) -> None:
    blynk = Client(token, server=host, port=int(port), heartbeat=HEARTBEAT_S, log=print)

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
            if action in NOTICES:
                getattr(blynk, action)(pin)
            elif action == "email":
                blynk.email(pin, *values)
            elif action == "write":
                blynk.virtual_write(int(pin), *values)
            elif action == "report":
                # What its API has no call for: as `virtual_write` does, with another op.
                blynk.send(blynk._pack_msg(blynk.MSG_HW, pin, *values))
            elif action == "property":
                blynk.set_property(int(pin), *values)
            else:
                blynk.virtual_sync(pin, *values)


main(*sys.argv[1:])
