"""`run`: the gateway itself."""

import asyncio
import os
from argparse import Namespace

from blynk_gateway.config import find_config, find_data_dir, load
from blynk_gateway.daemon import run_gateway
from blynk_gateway.runtime import logs


def run(arguments: Namespace) -> int:
    """Run until a signal; see `gateway.run_gateway`.

    Raises:
        ConfigError: the configuration cannot be used.
        GatewayError: the gateway could not start.
    """
    config = find_config(arguments.config, os.environ)
    options = load(config)
    logs.set_up(options.logging.level)
    data_dir = find_data_dir(arguments.data_dir, options, os.environ)
    return asyncio.run(run_gateway(options, data_dir, config=config))
