"""Under which name or address others on the network reach this machine."""

import socket

_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104  compared with, not listened on

# Never asked: connecting a datagram socket only chooses the route (RFC 5737 address).
_SOMEWHERE = ("192.0.2.1", 9)


def lan_host(host: str) -> str:
    """The host others use for a listener on `host`: for a wildcard the address of this machine."""
    if host not in _WILDCARDS:
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_SOMEWHERE)
        except OSError:
            # No network at the moment: the name that most networks resolve.
            return f"{socket.gethostname()}.local"
        return str(probe.getsockname()[0])
