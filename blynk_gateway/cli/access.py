"""The way of a command to the gateway: the running one, or one of its own for a moment."""

import asyncio
import os
from argparse import Namespace
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from blynk_gateway.config import Options, find_config, find_data_dir, load, load_data_dir

if TYPE_CHECKING:
    from blynk_gateway.cli.client import ControlClient

T = TypeVar("T")

CREDENTIALS = "run/credentials/blynk-gateway.service"
"""Where systemd keeps those of the service while it runs; for its user and root alone."""


def options_of(arguments: Namespace) -> Options:
    """The options of the configuration that a command is given or finds.

    Raises:
        ConfigError: the file cannot be used.
    """
    # A rule may name the device that this very command is about to add.
    config = find_config(arguments.config, os.environ)
    return load(config, service_environment(), known_devices=lambda _: None)


def service_environment(root: Path = Path("/")) -> Mapping[str, str]:
    """The environment, with the service's credentials where this user may read them.

    With it a command that looks at the file sees the options that are in force.
    """
    credentials = root / CREDENTIALS
    if "CREDENTIALS_DIRECTORY" in os.environ or not os.access(credentials, os.R_OK | os.X_OK):
        return os.environ
    return {**os.environ, "CREDENTIALS_DIRECTORY": str(credentials)}


def load_of(
    arguments: Namespace, config: Path | None, environ: Mapping[str, str] = os.environ
) -> Options:
    """The options of a file that may name devices which commands have added.

    Raises:
        ConfigError: the file cannot be used.
    """

    def known_devices(options: Options) -> Collection[str] | None:
        # Only where a rule names such a device: no other command needs the database for its file.
        from blynk_gateway.history.file import known_devices as database  # noqa: PLC0415  see above

        # `check-config` has no such argument.
        data_dir = getattr(arguments, "data_dir", None)
        return database.known_devices(find_data_dir(data_dir, options, os.environ))

    return load(config, environ, known_devices)


def data_dir_of(arguments: Namespace) -> Path:
    """The data directory.

    Of the configuration only `data_dir` is read, so that a fault elsewhere, or a secret that only
    the service gets, keeps nobody from the running gateway or from a backup.

    Raises:
        ConfigError: the file or its `data_dir` cannot be read.
    """
    if arguments.data_dir is not None:
        return Path(arguments.data_dir)
    config = find_config(arguments.config, os.environ)
    data_dir = None if config is None else load_data_dir(config)
    return find_data_dir(None, Options(data_dir=data_dir), os.environ)


def running(arguments: Namespace) -> "ControlClient":
    """The gateway that runs on the data directory; requests say so if none does."""
    # The daemon loads its options by this module, and would keep a client of HTTP in memory.
    from blynk_gateway.cli.client import ControlClient  # noqa: PLC0415  see above

    return ControlClient(data_dir_of(arguments))


def with_gateway(arguments: Namespace, command: Callable[["ControlClient"], T]) -> T:
    """Run `command` with the running gateway, or without one on its data, as if it ran.

    Raises:
        NotPermitted: a gateway runs, but not for this user.
        ConfigError, HistoryError: none runs, and its data cannot be used.
    """
    client = running(arguments)
    if client.is_served:
        return command(client)
    return asyncio.run(_with_own_gateway(arguments, client, command))


def become_owner(data_dir: Path) -> None:
    """As root, act as the user the data belongs to: files of root would lock the gateway out."""
    if os.geteuid() == 0 and data_dir.exists():
        status = data_dir.stat()
        os.setegid(status.st_gid)
        os.seteuid(status.st_uid)


async def _with_own_gateway(
    arguments: Namespace, client: "ControlClient", command: Callable[["ControlClient"], T]
) -> T:
    # Here and not above: this import costs more than everything else, and is rarely needed.
    import blynk_gateway.api.app  # noqa: PLC0415, F401  as the owner it might not be readable
    from blynk_gateway.gateway import Gateway  # noqa: PLC0415  see above
    from blynk_gateway.runtime import logs  # noqa: PLC0415  see above

    logs.set_up("error")
    options = options_of(arguments)
    data_dir = data_dir_of(arguments)
    become_owner(data_dir)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Deaf: nobody but this command is to be served.
    gateway = Gateway(
        replace(options, server=replace(options.server, listen=(), listen_tls=())), data_dir
    )
    await gateway.start()
    try:
        return await asyncio.to_thread(command, client)
    finally:
        await gateway.stop()
