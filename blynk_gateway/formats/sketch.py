"""Complete sketches for the stock library, 0.x and 1.x alike.

They compile with what the library's own examples need and nothing else. Source: its examples
`Boards_WiFi`, `Boards_Ethernet` and `linux/main.cpp`.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

Datastream: TypeAlias = dict[str, Any]


class Target(NamedTuple):
    """Where the device is to connect to, and as what."""

    name: str
    token: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Board:
    """What differs between boards.

    Attributes:
        pins: so many virtual pins can have a BLYNK_WRITE of their own.
        has_wifi: whether it needs name and password of a network.
    """

    console: str
    includes: tuple[str, ...]
    pins: int
    has_wifi: bool


BOARDS = {
    "esp8266": Board("Serial", ("ESP8266WiFi.h", "BlynkSimpleEsp8266.h"), 128, True),
    "esp32": Board("Serial", ("WiFi.h", "WiFiClient.h", "BlynkSimpleEsp32.h"), 128, True),
    "uno": Board("Serial", ("SPI.h", "Ethernet.h", "BlynkSimpleEthernet.h"), 32, False),
    "linux": Board("stdout", ("BlynkApiLinux.h", "BlynkSocket.h"), 32, False),
}


def sketch_for(board: Board, target: Target, datastreams: list[Datastream]) -> str:
    """The sketch.

    Args:
        datastreams: each with `pin`, `name`, `type` and `writable`, in order.
    """
    return "\n".join(
        (
            *_head(board, target),
            "",
            "// After each login: ask for the values the gateway has.",
            "BLYNK_CONNECTED()",
            "{",
            "  Blynk.syncAll();",
            "}",
            "",
            *_handlers(board, [stream for stream in datastreams if stream["writable"]]),
            *_reports([stream for stream in datastreams if not stream["writable"]]),
            *_tail(board, target),
        )
    )


def _head(board: Board, target: Target) -> list[str]:
    lines = [
        f"// {_comment(target.name)}, for the Blynk gateway at {target.host}:{target.port}",
        "",
        "// Library 1.x does not compile without these two; the gateway takes any text.",
        '#define BLYNK_TEMPLATE_ID   "TMPLgateway"',
        f"#define BLYNK_TEMPLATE_NAME {_literal(target.name)}",
        "",
        f"#define BLYNK_PRINT {board.console}",
        "",
        *(f"#include <{name}>" for name in board.includes),
        "",
    ]
    if board.console == "stdout":
        lines += ["static BlynkTransportSocket transport;", "BlynkSocket Blynk(transport);", ""]
    lines.append(f"char auth[] = {_literal(target.token)};")
    if board.has_wifi:
        lines += [
            'char ssid[] = "YourNetwork";   // your Wi-Fi: 2.4 GHz',
            'char pass[] = "YourPassword";',
        ]
    return lines


def _handlers(board: Board, datastreams: list[Datastream]) -> list[str]:
    lines: list[str] = []
    others: list[Datastream] = []
    for stream in datastreams:
        if int(stream["pin"][1:]) >= board.pins:
            others.append(stream)
            continue
        lines += [
            f"// {_comment(stream['name'])}: called whenever someone writes it",
            f"BLYNK_WRITE({stream['pin']})",
            "{",
            *_use(stream, "  "),
            "}",
            "",
        ]
    if not datastreams:
        lines += [
            "// Called whenever someone writes any pin",
            "BLYNK_WRITE_DEFAULT()",
            "{",
            '  BLYNK_LOG4("V", (int)request.pin, " = ", param.asStr());',
            "}",
            "",
        ]
    elif others:
        lines += ["BLYNK_WRITE_DEFAULT()", "{", "  switch (request.pin) {"]
        for stream in others:
            lines += [
                f"    case {stream['pin'][1:]}: {{   // {_comment(stream['name'])}",
                *_use(stream, "      "),
                "      break;",
                "    }",
            ]
        lines += ["  }", "}", ""]
    return lines


def _use(stream: Datastream, indent: str) -> list[str]:
    pin = stream["pin"]
    match stream["type"]:
        case "int" | "enum" | "bool":
            lines = ["int value = param.asInt();"]
        case "double":
            lines = ["float value = param.asFloat();"]
        case "location":
            lines = [
                "float longitude = param[0].asFloat();",
                "float latitude = param[1].asFloat();",
                f'BLYNK_LOG4("{pin} = ", longitude, ", ", latitude);',
            ]
            return [indent + line for line in lines]
        case _:
            lines = ["const char* value = param.asStr();"]
    return [indent + line for line in (*lines, f'BLYNK_LOG2("{pin} = ", value);')]


def _reports(datastreams: list[Datastream]) -> list[str]:
    if not datastreams:
        return []
    return [
        "// To be reported by you, for example from a BlynkTimer:",
        *(
            f"//   Blynk.virtualWrite({stream['pin']}, …);   {_comment(stream['name'])}"
            for stream in datastreams
        ),
        "",
    ]


def _tail(board: Board, target: Target) -> list[str]:
    place = f"{_literal(target.host)}, {target.port}"
    if board.console == "stdout":
        return [
            "int main()",
            "{",
            f"  Blynk.begin(auth, {place});",
            "  while (true) {",
            "    Blynk.run();",
            "  }",
            "}",
        ]
    wifi = "ssid, pass, " if board.has_wifi else ""
    return [
        "void setup()",
        "{",
        "  Serial.begin(115200);",
        f"  Blynk.begin(auth, {wifi}{place});",
        "}",
        "",
        "void loop()",
        "{",
        "  Blynk.run();",
        "}",
    ]


def _comment(text: str) -> str:
    # A backslash at its end would make the next line part of the comment.
    return "".join(char if char.isprintable() else " " for char in text).replace("\\", "/")


def _literal(text: str) -> str:
    clean = "".join(char if char.isprintable() else " " for char in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'
