"""The configuration: one YAML file → frozen options, with every fault named by file and line."""

from blynk_gateway.config.effective import Setting, as_yaml, effective
from blynk_gateway.config.loader import load, load_data_dir
from blynk_gateway.config.locations import find_config, find_data_dir
from blynk_gateway.config.options import Options
from blynk_gateway.config.secret import Secret

__all__ = [
    "Options",
    "Secret",
    "Setting",
    "as_yaml",
    "effective",
    "find_config",
    "find_data_dir",
    "load",
    "load_data_dir",
]
