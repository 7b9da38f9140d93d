"""Checks of the running daemon, and of the ports it listens on."""

import ipaddress
import socket
from collections.abc import Iterator
from typing import NamedTuple

from blynk_gateway.blynk_server.kept_sockets import SOCKET_UNIT
from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.finding import Finding, fault, ok, warning
from blynk_gateway.cli.doctor.upstream import COMPONENT
from blynk_gateway.config.options import Address
from blynk_gateway.errors import GatewayError

_LISTENING = "0A"
_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104  compared with, not listened on
_WORD_DIGITS = 8
_SERVICE_MANAGER = "1"
_USUAL_FIRST_FREE_PORT = 1024


class Listener(NamedTuple):
    """A listening TCP socket of any program."""

    host: str
    port: int
    inode: str


def check_daemon(case: Case) -> Iterator[Finding]:
    """The daemon runs, and all of its parts are well."""
    name = "daemon"
    if case.daemon is None:
        yield warning(
            name,
            f"none runs on {case.data_dir}",
            "Start it: `sudo systemctl start blynk-gateway`, or `blynk-gateway run`. If it runs,"
            " give doctor the same --config and --data-dir.",
        )
        return
    if case.daemon == 0:
        yield warning(
            name,
            f"one runs on {case.data_dir}, but not for you; some checks are left out",
            "Run `sudo blynk-gateway doctor`.",
        )
        return
    try:
        health = case.client.request("GET", "/api/health")
    except GatewayError as error:
        yield fault(name, f"process {case.daemon} runs but does not answer ({error})", error.hint)
        return
    yield ok(name, f"process {case.daemon}, version {health['version']}")
    for component, state in health["components"].items():
        # Those above have a check of their own.
        if state["state"] != "ok" and not component.startswith(COMPONENT):
            find = fault if state["state"] == "failed" else warning
            # What a part says of itself tells what to do too.
            yield find(f"daemon: {component}", state["detail"] or state["state"], "")


def check_ports(case: Case) -> Iterator[Finding]:
    """Each address to listen on is the daemon's, or free for it."""
    if case.faults:
        # Those in force are unknown, and the defaults are most likely not meant.
        return
    listeners = list(listening(case))
    server = case.options.server
    for key, addresses in (("listen", server.listen), ("listen_tls", server.listen_tls)):
        for address in addresses:
            if address.port:
                yield _check_port(case, f"server.{key}", address, listeners)


def listening(case: Case) -> Iterator[Listener]:
    """Every listening TCP socket of the machine."""
    for table in ("tcp", "tcp6"):
        path = case.at(f"/proc/net/{table}")
        for line in path.read_text().splitlines()[1:] if path.exists() else []:
            _, local, _, state, *rest = line.split()
            if state == _LISTENING:
                host, _, port = local.rpartition(":")
                yield Listener(_host(host), int(port, 16), rest[5])


def _check_port(case: Case, key: str, address: Address, listeners: list[Listener]) -> Finding:
    held = [one for one in listeners if one.port == address.port and _meets(one.host, address)]
    name = f"port {address.port}"
    if not held:
        if case.daemon is None:
            if case.account.uid != 0 and address.port < _first_free_port(case):
                return fault(
                    name,
                    f"{case.account.name} may not listen on {address} ({key}); expected a port"
                    f" from {_first_free_port(case)} on, or one that {SOCKET_UNIT} opens",
                    f"Change {key}, or have systemd open it: `sudo systemctl edit {SOCKET_UNIT}`.",
                )
            return ok(name, f"{address} is free ({key})")
        return fault(
            name,
            f"the daemon does not listen on {address} ({key})",
            "Look into its log for the reason; after a change of the file reload it.",
        )
    holders = {holder for one in held for holder in _holders(case, one.inode)}
    if case.daemon is not None and (not holders or str(case.daemon) in holders):
        return ok(name, f"the daemon listens on {address} ({key})")
    if case.daemon is None and _SERVICE_MANAGER in holders:
        return warning(
            name,
            f"systemd holds {address} ({key}) open, for the gateway or for another service",
            "If the gateway does not get it, see whose it is: `systemctl list-sockets`.",
        )
    return fault(
        name,
        f"{address} ({key}) is in use by {_described(case, holders)}; expected a free port",
        f"Stop the other program, or change {key}.",
    )


def _first_free_port(case: Case) -> int:
    """The lowest port that everybody may listen on."""
    path = case.at("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    return int(path.read_text()) if path.exists() else _USUAL_FIRST_FREE_PORT


def _holders(case: Case, inode: str) -> Iterator[str]:
    """The processes that have a socket, as far as we may look.

    Of one of ours these are two: systemd keeps a copy, for connections to wait at during a restart.
    """
    link = f"socket:[{inode}]"
    for process in case.at("/proc").glob("[0-9]*"):
        try:
            if any(str(file.readlink()) == link for file in (process / "fd").iterdir()):
                yield process.name
        except OSError:
            # Another user's, or one that just ended.
            continue


def _described(case: Case, holders: set[str]) -> str:
    if not holders:
        return "another program"
    names = []
    for holder in sorted(holders):
        comm = case.at(f"/proc/{holder}/comm")
        names.append(f"{comm.read_text().strip()} (process {holder})")
    return ", ".join(names)


def _meets(host: str, address: Address) -> bool:
    """Whether a socket on `host` is, or stands in the way of, one on the address."""
    if host in _WILDCARDS or address.host in (*_WILDCARDS, host):
        # "::" stands for IPv4 too unless told otherwise, which the table does not show.
        return host == "::" or address.host == "::" or (":" in host) == (":" in address.host)
    # A name may be any address of this machine.
    return not _is_number(address.host)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _host(text: str) -> str:
    # Words of four bytes, each in the byte order of the machine, which is little-endian on a Pi.
    words = [text[start : start + _WORD_DIGITS] for start in range(0, len(text), _WORD_DIGITS)]
    data = b"".join(bytes.fromhex(word)[::-1] for word in words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, data)
