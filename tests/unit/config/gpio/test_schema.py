"""Each type of peripheral and its page in the documentation say the same."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blynk_gateway.config import Options, effective
from blynk_gateway.config.gpio.common import Level, Pull, Range
from blynk_gateway.config.gpio.inputs import AdcOptions, ButtonOptions
from blynk_gateway.config.gpio.options import AnalogOptions, Factory, GpioOptions
from blynk_gateway.config.gpio.outputs import OutputOptions, PwmOptions
from blynk_gateway.config.gpio.schema import PERIPHERAL
from blynk_gateway.config.kinds import OrNull

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

PAGE = (Path(__file__).parents[4] / "docs/reference/config.md").read_text()

TYPES = {
    word: body
    for heading, body in re.findall(
        r"^#### Type ([^\n]+)\n(.*?)(?=^#)", PAGE, re.MULTILINE | re.DOTALL
    )
    for word in re.findall(r"`(\w+)`", heading)
}

MINIMAL = {
    "line": "5",
    "socket": "1",
    "forward": "5",
    "backward": "6",
    "phase": "5",
    "enable": "6",
    "red": "5",
    "green": "6",
    "blue": "13",
    "a": "5",
    "b": "6",
    "trigger": "5",
    "echo": "6",
    "device": "chip",
    "channel": "temp",
    "start": '"07:00"',
    "end": '"08:00"',
    "host": "localhost",
}

# The example of the product page, word for word.
PRODUCT = """
gpio:
  factory: auto                       # auto | lgpio | rpigpio | pigpio | native | mock | none
  direct: [5, 6, 13]                  # lines that dw/dr/aw/ar, HTTP and the dashboard may use as pi/D<n>; or "all"
  peripherals:
    pump:   {type: output, line: 17, pin: V1, active_high: false, on_start: last, on_stop: "off", max_on: 30m}
    lamp:   {type: pwm, line: 18, pin: V2, range: [0, 255]}
    door:   {type: button, line: 27, pull: up, debounce: 20ms, hold: 1s, pin: V3}
    soil:   {type: mcp3008, channel: 0, pin: V4, every: 5s, deadband: 0.5, range: [0, 100]}
"""  # noqa: E501  as it stands there


def told(text: str, word: str) -> dict[str, str]:
    """Keys and defaults that a sentence beginning with a word names."""
    match = re.search(rf"^{word} (.*?)\.$", text, re.MULTILINE | re.DOTALL)
    flat = match[1].replace("\n", " ") if match else ""
    return dict(re.findall(r"`(\w+)(?:: (.+?))?`", flat))


def group(heading: str) -> dict[str, str]:
    match = re.search(rf"^#### What {heading} take\n\n(.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)
    assert match
    return dict(re.findall(r"`(\w+)(?:: (.+?))?`", match[1].replace("\n", " ")))


def test_every_type_has_its_heading_and_no_other() -> None:
    assert sorted(TYPES) == sorted(PERIPHERAL.shapes)


@pytest.mark.parametrize("word", PERIPHERAL.shapes)
def test_type_needs_and_takes_what_its_page_says(word: str, options_of: OptionsOf) -> None:
    body, shape = TYPES[word], PERIPHERAL.shapes[word]
    needed = told(body, "Needs")
    taken = told(body, "Takes")
    for name in ("outputs", "readings"):
        if f"what {name} take" in body.replace("\n", " "):
            taken = group(name) | taken
    assert {*needed, "pin"} == set(shape.required)
    assert {"type", "pin", *needed, *taken} == {key.name for key in shape.keys}
    given = "".join(f", {name}: {MINIMAL[name]}" for name in needed)
    options = options_of(f"gpio: {{peripherals: {{x: {{type: {word}, pin: V1{given}}}}}}}")
    real = {setting.key: setting.value for setting in effective(options)}
    assert taken == {name: real[f"gpio.peripherals.x.{name}"] for name in taken}


@pytest.mark.parametrize("word", PERIPHERAL.shapes)
def test_type_has_an_example_that_works_as_it_stands(word: str, options_of: OptionsOf) -> None:
    match = re.search(r"```yaml\n(.+)\n```", TYPES[word])
    assert match
    options = options_of(f"gpio:\n  peripherals:\n    {match[1]}\n")
    (example,) = options.gpio.peripherals.values()
    assert TYPES[example.type] is TYPES[word]
    assert options.warnings == ()


def limits() -> Iterator[tuple[str, str]]:
    """Each key with a limit that its kind names, those that say nothing left out."""
    for shape in PERIPHERAL.shapes.values():
        for key in shape.keys:
            kind = key.kind.kind if isinstance(key.kind, OrNull) else key.kind
            match = re.search(r"from ([\w.-]+) to (\w+)", getattr(kind, "expected", ""))
            for limit in match.groups() if match and key.name != "channel" else ():
                if limit not in ("0", "0s") and len(limit.lstrip("-")) < len("1000000000"):
                    yield key.name, limit


@pytest.mark.parametrize(("name", "limit"), sorted(set(limits())))
def test_page_names_every_limit_of_a_key(name: str, limit: str) -> None:
    match = re.search(
        rf"^#### `gpio\.peripherals\.<name>\.{name}`\n(.*?)(?=^#)", PAGE, re.MULTILINE | re.DOTALL
    )
    assert match
    assert re.search(rf"(?<![\w.]){re.escape(limit)}(?![\w])", match[1].replace(",", ""))


def test_examples_of_the_page_work_together_with_what_they_need(options_of: OptionsOf) -> None:
    blocks = re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)
    whole = [block for block in blocks if re.match(r"gpio:|devices:", block)]
    assert len(whole) == 2
    for block in whole:
        assert options_of(block).warnings == ()
    (own,) = [block for block in blocks if block.startswith("gateway:")]
    assert options_of(own + "gpio: {direct: [5, 6, 13]}\n").gateway.pins.keys() == {
        "D5",
        "D6",
        "D13",
    }
    (interlocked,) = [block for block in blocks if block.startswith("up:")]
    indented = re.sub("^", "    ", interlocked.strip(), flags=re.MULTILINE)
    assert options_of(f"gpio:\n  peripherals:\n{indented}\n").warnings == ()


def test_example_of_the_product_page_is_accepted_word_for_word(options_of: OptionsOf) -> None:
    options = options_of(PRODUCT)
    assert options.warnings == ()
    assert options.gpio == GpioOptions(
        factory=Factory.AUTO,
        direct=(5, 6, 13),
        peripherals={
            "pump": OutputOptions(
                name="pump",
                type="output",
                pin="V1",
                line=17,
                active_high=False,
                on_start=Level.LAST,
                on_stop=Level.OFF,
                max_on_ms=1_800_000,
            ),
            "lamp": PwmOptions(name="lamp", type="pwm", pin="V2", line=18, range=Range(0, 255)),
            "door": ButtonOptions(
                name="door",
                type="button",
                pin="V3",
                line=27,
                pull=Pull.UP,
                debounce_ms=20,
                hold_ms=1000,
            ),
            "soil": AdcOptions(
                name="soil", type="mcp3008", pin="V4", channel=0, every_ms=5000, deadband=0.5
            ),
        },
    )


def test_analog_pins_are_told_their_converter(options_of: OptionsOf) -> None:
    text = "gpio: {analog: {type: mcp3208, device: 1, every: 10ms, deadband: 4095}}"
    assert options_of(text).gpio.analog == AnalogOptions("mcp3208", 1, 10, 4095)
    assert options_of("gpio: {analog: null}").gpio.analog is None


@pytest.mark.parametrize(
    ("analog", "complaint"),
    [
        ("{}", "gpio.analog: found no type, expected one"),
        ("{type: mcp3800}", 'did you mean "mcp3008"?'),
        ("{type: mcp3008, every: 9ms}", "from 10ms to 1d"),
        ("{type: mcp3008, deadband: 0.5}", "from 0 to 4095"),
    ],
)
def test_wrong_converter_is_a_fault(faults_of: FaultsOf, analog: str, complaint: str) -> None:
    (fault,) = faults_of(f"gpio: {{analog: {analog}}}")
    assert fault.endswith(complaint)


def test_more_peripherals_than_virtual_pins_are_refused(faults_of: FaultsOf) -> None:
    entries = ", ".join(f"x{n}: {{type: cpu_load, pin: V{n % 256}}}" for n in range(257))
    (fault,) = faults_of(f"gpio: {{peripherals: {{{entries}}}}}")
    assert fault.endswith("gpio.peripherals: found 257 entries, expected at most 256")
