"""A home with a pin of each kind, and what each of them is to be in Home Assistant."""

from typing import Any, Final
from unittest.mock import ANY

TOKEN: Final = "4ae3851817194e2596cf1b7103603ef8"

STREAMS: Final = {
    "V0": {"name": "Temperature", "type": "double", "unit": "°C", "decimals": 1, "writable": False},
    "V1": {"name": "Humidity", "type": "int", "unit": "%", "min": 0, "max": 100, "writable": False},
    "V2": {"name": "Fan", "type": "int", "min": 0, "max": 1, "default": 0},
    "V3": {"name": "Motion", "type": "bool", "writable": False},
    "V4": {"name": "Target", "type": "double", "min": 5, "max": 30, "decimals": 1, "unit": "°C"},
    "V5": {"name": "Mode", "type": "enum", "labels": {0: "Off", 1: "Auto", 2: "Manual"}},
    "V6": {"name": "Phase", "type": "enum", "labels": {0: "Idle", 1: "Wet"}, "writable": False},
    "V7": {"name": "Message", "type": "string"},
    "V8": {"name": "Report", "type": "string", "writable": False},
    "V9": {"name": "Place", "type": "location", "writable": False},
    "V10": {"name": "Count", "type": "int"},
    "V11": {"name": "Level", "type": "int", "unit": "C", "min": 0, "max": 9, "writable": False},
}
"""Units and limits as people write them, some of which Home Assistant does not know."""

CHOSEN: Final[tuple[dict[str, str], ...]] = (
    {"component": "cover", "device_class": "garage"},
    {"component": "lock"},
    {"component": "siren"},
    {"component": "fan", "icon": "mdi:fan"},
    {"component": "valve", "device_class": "water"},
    {"component": "button", "category": "config"},
    {"component": "number", "category": "config"},
    {"component": "text"},
    {"component": "binary_sensor", "device_class": "door"},
    {"component": "sensor", "state_class": "measurement"},
    {"component": "light"},
    {"component": "none"},
    {"component": "event"},
)
"""What the owner says, each once for a pin of 0 and 1 and once, 20 pins on, for one of 0 to 100."""

PERIPHERALS: Final = {
    "pump": {"type": "relay", "line": 17, "pin": "V1", "active_high": False},
    "lamp": {"type": "pwm", "line": 18, "pin": "V2"},
    "mood": {"type": "rgb", "red": 5, "green": 6, "blue": 13, "pin": "V3"},
    "vent": {"type": "servo", "line": 12, "pin": "V4", "range": [0, 100]},
    "flap": {"type": "angular_servo", "line": 16, "pin": "V5", "range": [-60, 60]},
    "gate": {"type": "motor", "forward": 20, "backward": 21, "pin": "V6"},
    "bell": {"type": "tonal_buzzer", "line": 19, "pin": "V7"},
    "tank": {"type": "input", "line": 22, "pin": "V8"},
    "door": {"type": "button", "line": 27, "pin": "V9", "hold": "1s", "double": "400ms"},
    "volume": {"type": "encoder", "a": 23, "b": 24, "pin": "V10", "range": [0, 50]},
    "water": {"type": "counter", "line": 25, "pin": "V11", "scale": 0.5},
    "wind": {"type": "frequency", "line": 26, "pin": "V12", "every": "1s"},
    "soil": {"type": "mcp3008", "channel": 0, "pin": "V15", "every": "1s"},
    "card": {"type": "disk", "path": "/", "pin": "V20", "every": "10m"},
    "load": {"type": "cpu_load", "pin": "V21"},
    "evening": {"type": "time_window", "start": "00:00", "end": "23:59", "pin": "V22"},
}


def configuration(port: int, discovery: str) -> dict[str, Any]:
    """Of a gateway whose broker is there."""
    streams: dict[str, Any] = dict(STREAMS)
    for number, chosen in enumerate(CHOSEN):
        for pin_number, kind in ((20 + number, "Two"), (40 + number, "Wide")):
            streams[f"V{pin_number}"] = {
                "name": f"{kind} {chosen['component']}",
                "type": "int",
                "min": 0,
                "max": 1 if kind == "Two" else 100,
                "home_assistant": chosen,
            }
    return {
        "gateway": {"name": "Gartenhäuschen"},
        "server": {"quota": {"messages_per_second": 0}},
        "devices": {"greenhouse": {"name": "Greenhouse", "token": TOKEN, "template": "all"}},
        "templates": {"all": {"datastreams": streams}},
        "gpio": {
            "factory": "mock",
            "analog": {"type": "mcp3008"},
            "direct": [2, 3],
            "peripherals": PERIPHERALS,
        },
        "mqtt": {"host": "127.0.0.1", "port": port, "discovery": discovery},
    }


WRITTEN: Final = {
    "V0": ("21.5",),
    "V1": ("48",),
    "V2": ("1",),
    "V3": ("1",),
    "V4": ("19.5",),
    "V5": ("1",),
    "V6": ("1",),
    "V7": ("Guten Tag",),
    "V8": ("x" * 300,),
    "V9": ("13.4", "52.5"),
    "V10": ("-7",),
    "V11": ("3",),
    **{f"V{20 + number}": ("1",) for number in range(len(CHOSEN))},
    **{f"V{40 + number}": ("40",) for number in range(len(CHOSEN))},
    "V60": ("hello",),
    "V61": ("1", "2"),
    "V62": ("3.5",),
}
"""What the device says, in its order; the last ones are of pins that nobody declared."""

SHOWN: Final[dict[str, tuple[str, Any]]] = {
    "greenhouse_v0": ("sensor", "21.5"),
    "greenhouse_v1": ("sensor", "48"),
    "greenhouse_v2": ("switch", "on"),
    "greenhouse_v3": ("binary_sensor", "on"),
    "greenhouse_v4": ("number", 19.5),
    "greenhouse_v5": ("select", "Auto"),
    "greenhouse_v6": ("sensor", "Wet"),
    "greenhouse_v7": ("text", "Guten Tag"),
    "greenhouse_v8": ("sensor", "x" * 255),
    "greenhouse_v9": ("device_tracker", None),
    "greenhouse_v10": ("sensor", "-7"),
    "greenhouse_v11": ("sensor", "3"),
    "greenhouse_v20": ("cover", "open"),
    "greenhouse_v21": ("lock", "locked"),
    "greenhouse_v22": ("siren", "on"),
    "greenhouse_v23": ("fan", "on"),
    "greenhouse_v24": ("valve", "open"),
    "greenhouse_v25": ("button", None),
    "greenhouse_v26": ("number", 1),
    "greenhouse_v27": ("text", "1"),
    "greenhouse_v28": ("binary_sensor", "on"),
    "greenhouse_v29": ("sensor", "1"),
    "greenhouse_v30": ("light", "on"),
    "greenhouse_v32": ("event", None),
    "greenhouse_v40": ("cover", "open"),
    "greenhouse_v41": ("lock", "locked"),
    "greenhouse_v42": ("siren", "on"),
    "greenhouse_v43": ("fan", "on"),
    "greenhouse_v44": ("valve", "open"),
    "greenhouse_v45": ("button", None),
    "greenhouse_v46": ("number", 40),
    "greenhouse_v47": ("text", "40"),
    "greenhouse_v48": ("binary_sensor", "on"),
    "greenhouse_v49": ("sensor", "40"),
    "greenhouse_v50": ("light", "on"),
    "greenhouse_v52": ("event", None),
    "greenhouse_v60": ("sensor", "hello"),
    "greenhouse_v61": ("sensor", '["1", "2"]'),
    "greenhouse_v62": ("sensor", "3.5"),
    "greenhouse_event_alarm": ("event", None),
    "pi_bridge_backlog": ("sensor", ANY),
    "pi_bridge_connected_devices": ("sensor", ANY),
    "pi_bridge_last_error": ("sensor", "-"),
    "pi_bridge_pairing": ("switch", "off"),
    "pi_bridge_restart": ("button", None),
    "pi_bridge_state": ("binary_sensor", "on"),
    "pi_bridge_temperature": ("sensor", ANY),
    "pi_v1": ("switch", "off"),
    "pi_v2": ("light", "off"),
    "pi_v3": ("light", "off"),
    "pi_v4": ("number", None),
    "pi_v5": ("number", None),
    "pi_v6": ("number", 0),
    "pi_v7": ("text", "0"),
    "pi_v8": ("binary_sensor", "off"),
    "pi_v9": ("event", None),
    "pi_v10": ("number", 0),
    "pi_v11": ("sensor", "0"),
    "pi_v12": ("sensor", ANY),
    "pi_v15": ("sensor", ANY),
    "pi_v20": ("sensor", ANY),
    "pi_v21": ("sensor", ANY),
    "pi_v22": ("binary_sensor", "on"),
}
"""Component and state of each entity, by what its id ends with; no more and no less."""

USED: Final = {
    "greenhouse/v2": "0",
    "greenhouse/v4": "5",
    "greenhouse/v5": "2",
    "greenhouse/v7": "440",
    "greenhouse/v20": "0",
    "greenhouse/v21": "0",
    "greenhouse/v22": "0",
    "greenhouse/v23": "0",
    "greenhouse/v24": "0",
    "greenhouse/v25": "1",
    "greenhouse/v26": "1",
    "greenhouse/v27": "1",
    "greenhouse/v30": "1",
    "greenhouse/v40": "0",
    "greenhouse/v41": "0",
    "greenhouse/v42": "0",
    "greenhouse/v43": "0",
    "greenhouse/v44": "0",
    "greenhouse/v45": "100",
    "greenhouse/v46": "1",
    "greenhouse/v47": "100",
    "greenhouse/v50": "50",
    "pi/v1": "0",
    "pi/v2": "128",
    "pi/v3": '["128", "128", "128"]',
    "pi/v4": "1",
    "pi/v5": "1",
    "pi/v6": "1",
    "pi/v7": "440",
    "pi/v10": "1",
}
"""What each pin has after the `ACTIONS` of `validate.py`: all off, numbers 1, texts 440, ….

The target is clamped to its least, the texts of numbers to their greatest.
"""
