"""Configuration file → options, or every fault of it at once."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from blynk_gateway.config import nodes
from blynk_gateway.config.automations.checks import KnownDevices
from blynk_gateway.config.checks import check
from blynk_gateway.config.fault import Rejected, Report
from blynk_gateway.config.options import Options
from blynk_gateway.config.schema import DATA_DIR, SCHEMA
from blynk_gateway.config.scope import Scope


def nobody(_: Options) -> tuple[str, ...]:
    """No device but those of the file."""
    return ()


def load(
    path: Path | None,
    environ: Mapping[str, str] = os.environ,
    known_devices: KnownDevices = nobody,
) -> Options:
    """The options of a configuration file; without a file the defaults.

    Reads, besides the file, the secrets it names: `secrets.yaml` beside it, systemd credentials
    in `$CREDENTIALS_DIRECTORY`, and every `*_file`. Opens nothing for writing and no socket.

    Args:
        path: the file; relative paths in it start from its directory.
        environ: the environment.
        known_devices: slugs of devices that commands have added, None if they cannot be known.
            Called only if the file names a device that it does not declare.

    Raises:
        ConfigError: if anything in it cannot be used. Each of `faults` prints as
            `file:line: key: what was found, what is expected`.
    """
    if path is None:
        return Options()
    report = Report()
    scope = Scope(path, report, environ)
    try:
        root = nodes.compose(path, report)
        options = Options() if root is None else SCHEMA.read(root, "", scope)
    except Rejected:
        raise report.error() from None
    check(options, scope, known_devices)
    if report.faults:
        raise report.error()
    warnings = tuple(str(warning) for warning in sorted(report.warnings))
    return replace(options, places=scope.places, warnings=warnings)


def load_data_dir(path: Path, environ: Mapping[str, str] = os.environ) -> Path | None:
    """What a configuration file says of `data_dir`, whatever else is wrong with it.

    Raises:
        ConfigError: if the file cannot be read, or this key.
    """
    report = Report()
    scope = Scope(path, report, environ)
    try:
        root = nodes.compose(path, report)
        pairs = [] if root is None else scope.pairs_of(root, "")
        for name, _, value in pairs:
            if name == "data_dir":
                return DATA_DIR.read(value, name, scope)
    except Rejected:
        raise report.error() from None
    return None
