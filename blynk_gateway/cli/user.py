"""`user`: who may log in at the dashboard."""

import getpass
import sys
from argparse import Namespace
from urllib.parse import quote

from blynk_gateway.cli.access import with_gateway
from blynk_gateway.cli.failure import PasswordsDiffer
from blynk_gateway.cli.output import date_of, print_json, print_table

_PATH = "/api/v1/users"


def add(arguments: Namespace) -> int:
    """Add a user. Says nothing if that went well.

    Raises:
        PasswordsDiffer: two different passwords were typed.
    """
    body = {"name": arguments.name, "role": arguments.role, "password": _password()}
    user = with_gateway(arguments, lambda gateway: gateway.request("POST", _PATH, body))
    if arguments.json:
        print_json(user)
    return 0


def passwd(arguments: Namespace) -> int:
    """Give a user a new password. Says nothing if that went well.

    Raises:
        PasswordsDiffer: two different passwords were typed.
    """
    body = {"password": _password()}
    with_gateway(arguments, lambda gateway: gateway.request("PUT", _user(arguments), body))
    return 0


def show_all(arguments: Namespace) -> int:
    """List names, roles and last logins."""
    users = with_gateway(arguments, lambda gateway: gateway.request("GET", _PATH))["users"]
    if arguments.json:
        print_json(users)
        return 0
    rows = [
        (
            date_of(user["seen_ms"]) if user["seen_ms"] else "never",
            str(user["sessions"]),
            user["role"],
            user["name"],
        )
        for user in users
    ]
    print_table(("LAST LOGIN", "SESSIONS", "ROLE", "NAME"), rows)
    return 0


def remove(arguments: Namespace) -> int:
    """Remove a user. Says nothing if that went well."""
    with_gateway(arguments, lambda gateway: gateway.request("DELETE", _user(arguments)))
    return 0


def _user(arguments: Namespace) -> str:
    return f"{_PATH}/{quote(arguments.name, safe='')}"


def _password() -> str:
    """A password typed twice, or one line of standard input where nobody types."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise PasswordsDiffer("the two passwords differ; expected the same twice")
    return password
