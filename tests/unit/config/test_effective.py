from collections.abc import Callable
from pathlib import Path

from blynk_gateway.config import Options, Setting, as_yaml, effective, load

RICH = """
gateway: {name: "Shed \\"1\\" \\U0001F33F", slug: shed, template: all, pins: {D5: pu, A7: in}}
data_dir: data
server: {listen: ["[::1]:80", "localhost:81"], listen_tls: [], quota: {burst: 5}}
devices:
  greenhouse:
    token: t
    template: all
    stale_after: 90s
    metadata: {Device Name: "a: b # c", "x.y": z}
    pins: {D8: out, A0: {mode: in, every: 1s}}
    datastreams: {V2: {default: ["a\\n", '"', ""], unit: "%"}}
templates:
  all:
    datastreams:
      V1: {type: double, min: -0.5, max: 1e300, default: 1e2}
      V3: {type: enum, labels: {-1: "null", 0: "~"}, fallback: -1}
gpio:
  factory: mock
  direct: [26, 5]
  analog: {type: mcp3008, every: 500ms}
  peripherals:
    pump: {type: relay, line: 17, pin: V1, on_start: "on", max_on: 30m, interlock: water}
    tap: {type: valve, line: 22, pin: V2, interlock: water}
    vent: {type: angular_servo, line: 18, pin: V3, initial: 5}
    soil: {type: mcp3008, pin: V4, deadband: 0.5, range: [100, 0]}
    tub: {type: ds18b20, id: 28-0123456789ab, pin: V5}
    night: {type: time_window, start: 22:00, end: 6:00, pin: V6}
    card: {type: disk, path: /srv, pin: V7}
    pi: {type: ping, host: "::1", pin: V8}
dashboards:
  home:
    widgets:
      - {type: slider, pin: greenhouse/v1, min: -1.5, max: 1e3, color: "#00ff00", title: "a: #1"}
      - {type: image, urls: ["http://nas/a.png", /uploads/b.png], desktop: [3, 0, 9, 4]}
      - {type: joystick, pins: [greenhouse/V1, shed/D2], auto_return: off, phone: [0, 1, 4, 4]}
  two: {title: "\\U0001F33F", pages: [{title: One}, {title: Two, widgets: [{type: header}]}]}
links: [{from: greenhouse/V1, to: shed/V1}, {from: shed/D2, to: greenhouse/A0}]
history: {commit_every: 1.5s, retention: {raw: forever, max_size: 1.5GB}}
logging: {level: debug}
"""


def test_each_setting_says_where_it_came_from(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text("server:\n  quota:\n    burst:\n      7\n")
    settings = effective(load(path, {}))
    assert Setting("server.quota.burst", "7", f"{path}:3") in settings
    assert Setting("server.quota.messages_per_second", "100", "default") in settings


def test_settings_shown_as_yaml_mean_the_same_again(
    options_of: Callable[[str], Options],
) -> None:
    options = options_of(RICH)
    # The one thing that is not shown is the token.
    shown = as_yaml(effective(options)).replace('"***"', "t")
    assert options_of(shown) == options


def test_yaml_is_nested_with_the_origin_behind_each_value() -> None:
    settings = [
        Setting("a.b.c", "1", "f.yaml:3"),
        Setting("a.b.d", "2", "default"),
        Setting("a.e", "3", "default"),
        Setting("f", "[]", "default"),
        Setting("g.b.c", "4", "default"),
    ]
    assert as_yaml(settings) == (
        "a:\n  b:\n    c: 1  # f.yaml:3\n    d: 2  # default\n  e: 3  # default\n"
        "f: []  # default\ng:\n  b:\n    c: 4  # default\n"
    )
