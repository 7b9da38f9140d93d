"""The household of the scenarios: one device, and a board with something on every bus."""

TOKEN = "4ae3851817194e2596cf1b7103603ef8"
RELAY, PUMP, BUTTON = 17, 22, 27
MAX_ON_S = 20

CONFIG = f"""\
gateway: {{name: Proof}}
data_dir: /var/lib/blynk-gateway
devices:
  bench: {{name: Bench, token: {TOKEN}}}
gpio:
  peripherals:
    relay: {{type: relay, line: {RELAY}, pin: V1, on_start: last, on_stop: keep}}
    pump: {{type: relay, line: {PUMP}, pin: V2, max_on: {MAX_ON_S}s}}
    button: {{type: button, line: {BUTTON}, pull: up, pin: V3}}
    soil: {{type: mcp3008, channel: 0, pin: V4, every: 1s, range: [0, 100]}}
    tank: {{type: ds18b20, pin: V40, every: 2s, decimals: 1}}
mqtt: {{host: localhost}}
links:
  - {{from: pi/V3, to: bench/V7}}
"""
