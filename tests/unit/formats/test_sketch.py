import pytest

from blynk_gateway.cli import device_options
from blynk_gateway.formats.sketch import BOARDS, Datastream, Target, sketch_for

TARGET = Target("Greenhouse", "4ae3851817194e2596cf1b7103603ef8", "192.168.1.5", 8080)


def stream(pin: str, kind: str = "int", *, writable: bool = True, name: str = "N") -> Datastream:
    return {"pin": pin, "name": name, "type": kind, "writable": writable}


def test_the_command_line_offers_exactly_the_boards_there_are() -> None:
    assert set(device_options.BOARDS) == set(BOARDS)


@pytest.mark.parametrize("board", BOARDS)
def test_a_sketch_holds_token_host_port_and_what_1x_insists_on(board: str) -> None:
    text = sketch_for(BOARDS[board], TARGET, [])
    assert '"4ae3851817194e2596cf1b7103603ef8"' in text
    assert '"192.168.1.5", 8080);' in text
    assert text.index("#define BLYNK_TEMPLATE_ID ") < text.index("#include")
    assert text.index("#define BLYNK_TEMPLATE_NAME ") < text.index("#include")
    assert ("YourPassword" in text) == (board in ("esp8266", "esp32"))
    assert text.count("{") == text.count("}")


def test_each_writable_pin_has_a_handler_of_its_type() -> None:
    text = sketch_for(
        BOARDS["esp32"],
        TARGET,
        [
            stream("V1"),
            stream("V2", "double"),
            stream("V3", "string"),
            stream("V4", "location"),
            stream("V5", writable=False, name="Power"),
        ],
    )
    handlers = {part[:2]: part for part in text.split("BLYNK_WRITE(")[1:]}
    assert set(handlers) == {"V1", "V2", "V3", "V4"}
    assert "int value = param.asInt();" in handlers["V1"]
    assert "float value = param.asFloat();" in handlers["V2"]
    assert "const char* value = param.asStr();" in handlers["V3"]
    assert "param[1].asFloat()" in handlers["V4"]
    assert "BLYNK_WRITE_DEFAULT" not in text
    assert "//   Blynk.virtualWrite(V5, …);   Power" in text


def test_without_datastreams_every_write_is_shown() -> None:
    assert "BLYNK_WRITE_DEFAULT()" in sketch_for(BOARDS["uno"], TARGET, [])


@pytest.mark.parametrize(("board", "own"), [("uno", "V31"), ("esp8266", "V127")])
def test_pins_without_a_handler_of_their_own_share_the_default_one(board: str, own: str) -> None:
    text = sketch_for(BOARDS[board], TARGET, [stream(own), stream("V200", name="Far")])
    assert f"BLYNK_WRITE({own})" in text
    assert "BLYNK_WRITE(V200)" not in text
    assert "case 200: {   // Far" in text


def test_names_cannot_become_code() -> None:
    target = TARGET._replace(name='a"; evil(); "\n#include "x', token='"\\')
    text = sketch_for(BOARDS["linux"], target, [stream("V1", name="x\nevil();\\")])
    assert 'BLYNK_TEMPLATE_NAME "a\\"; evil(); \\" #include \\"x"' in text
    assert 'char auth[] = "\\"\\\\";' in text
    assert "// x evil();/: called" in text
    assert not any(line.startswith(("evil", '#include "x')) for line in text.splitlines())
