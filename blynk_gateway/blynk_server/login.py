"""The answer to a login: in, or status 9 and a line in the log."""

import logging
from typing import TYPE_CHECKING

from blynk_gateway.protocol.commands import Status
from blynk_gateway.protocol.events import LoginRequested
from blynk_gateway.runtime.logs import masked

if TYPE_CHECKING:
    from blynk_gateway.blynk_server.connection import DeviceConnection

log = logging.getLogger(__name__)

MAX_LINES_PER_HOST = 16
"""Refusals logged of one host per minute, if it tries many tokens; of one token it is one."""


def judge_login(connection: "DeviceConnection", login: LoginRequested, now: float) -> None:
    """Attach the connection to its device, or refuse it.

    Status 9 stops many clients for good, and it is the only one sent: a token is either known,
    or adopted because pairing is open, or unknown. A refused connection closes by itself soon.
    """
    context = connection.context
    device = context.registry.find_by_token(login.token)
    if device is None:
        device = context.pairing.admit(login.token, connection.host)
    if device is None:
        connection.wire.refuse_login(login.message_id, Status.INVALID_TOKEN)
        context.health.count("logins_refused")
        context.log_limited(
            logging.WARNING,
            "login refused",
            connection.host,
            hash(login.token) % MAX_LINES_PER_HOST,
            peer=connection.peer,
            token=masked(login.token),
            hint="add it with `device add NAME --token TOKEN`, or allow it with `device pair`",
        )
        return
    connection.wire.accept_login(login.message_id, now)
    connection.attach(device)
    context.frames.logged_in(connection, device.slug, login)
    log.info(
        "device logged in",
        extra={"device": device.slug, "peer": connection.peer, "connection": connection.number},
    )
