"""Where the configuration file and the data directory are."""

from collections.abc import Mapping
from pathlib import Path

from blynk_gateway.config.options import Options

DEFAULT_CONFIG = Path("/etc/blynk-gateway/gateway.yaml")


def find_config(
    argument: Path | None, environ: Mapping[str, str], default: Path = DEFAULT_CONFIG
) -> Path | None:
    """The file to load: `--config`, else `$BLYNK_GATEWAY_CONFIG`, else the default if it is there.

    A file that was named is returned unseen, so that loading complains if it is missing.
    """
    if argument is not None:
        return argument
    if named := environ.get("BLYNK_GATEWAY_CONFIG"):
        return Path(named)
    try:
        return default if default.exists() else None
    except OSError:
        return default


def find_data_dir(argument: Path | None, options: Options, environ: Mapping[str, str]) -> Path:
    """`--data-dir`, else `data_dir:`, else `$STATE_DIRECTORY`, else a directory of the user's."""
    if argument is not None:
        return argument
    if options.data_dir is not None:
        return options.data_dir
    if directories := environ.get("STATE_DIRECTORY"):
        # systemd separates several StateDirectory= by colons; the first is the daemon's.
        return Path(directories.split(":")[0])
    return Path.home() / ".local" / "share" / "blynk-gateway"
