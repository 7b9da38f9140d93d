"""Print the manual page or the completion for bash, made from the parser of the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from blynk_gateway import __version__
from blynk_gateway.cli.parser import build_parser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

HEAD = """\
.TH BLYNK-GATEWAY 1 "" "blynk-gateway {version}" "User Commands"
.nh
.ad l
.SH NAME
blynk-gateway \\- local server for stock Blynk devices
.SH SYNOPSIS
.B blynk-gateway
.RI [ options ]
.I COMMAND
.RI [ arguments ]
.SH DESCRIPTION
Devices flashed with the stock Blynk library, legacy 0.x or Blynk IoT 1.x, log in to this server
instead of a cloud. It serves the binary protocol, WebSocket, TLS and both HTTP APIs, drives the
pins of the Raspberry Pi without code, and keeps every value in SQLite.
.PP
The package runs it as the service
.IR blynk-gateway ;
most commands talk to that service, or work on its data while it is stopped. They need its rights:
.PP
.EX
sudo blynk-gateway device add Greenhouse
sudo blynk-gateway pin watch
.EE
"""

FOOT = """\
.SH EXIT STATUS
.TP
.B 0
All is well.
.TP
.B 1
The command failed; standard error says why and what to do.
.TP
.B 2
Wrong usage.
.TP
.B 78
The configuration cannot be used, or the database is of a later version. The service is not started
again then.
.SH SIGNALS
The service takes these:
.TP
.B SIGHUP
Read the configuration again, as
.B systemctl reload blynk-gateway
does. A faulty one is refused, and the old one stays in force.
.TP
.B SIGUSR1
Log everything; a second one ends that.
.TP
.BR SIGTERM ", " SIGINT
Stop. A second one does not wait.
.SH ENVIRONMENT
.TP
.B BLYNK_GATEWAY_CONFIG
The configuration file, where
.B \\-\\-config
does not name one.
.TP
.B STATE_DIRECTORY
The data directory, where neither
.B \\-\\-data\\-dir
nor the configuration names one.
.SH FILES
.TP
.I /etc/blynk\\-gateway/gateway.yaml
The configuration. What can stand in it:
.I /usr/share/doc/blynk\\-gateway/examples/gateway.example.yaml
.TP
.I /etc/blynk\\-gateway/secrets.yaml
Secrets that it names by
.BR !secret ;
not readable by others.
.TP
.I /var/lib/blynk\\-gateway
The database and the keys.
.TP
.I /var/backups/blynk\\-gateway
Weekly backups.
.TP
.I /usr/share/doc/blynk\\-gateway/docs
Guides and reference.
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1),
.BR mosquitto (8)
"""


class Command(NamedTuple):
    """A command or a group of them."""

    path: tuple[str, ...]
    parser: argparse.ArgumentParser
    subcommands: tuple[str, ...]

    @property
    def options(self) -> list[argparse.Action]:
        """What begins with dashes, the help left out."""
        return [
            one
            for one in _actions(self.parser)
            if one.option_strings and one.option_strings[-1] != "--help"
        ]

    @property
    def operands(self) -> list[argparse.Action]:
        """What stands by its place."""
        return [
            one
            for one in _actions(self.parser)
            if not one.option_strings and not isinstance(one.choices, dict)
        ]


def commands(
    parser: argparse.ArgumentParser | None = None, path: tuple[str, ...] = ()
) -> Iterator[Command]:
    """Every command, the program itself first, in the order of its help."""
    parser = parser or build_parser()
    nested: dict[str, argparse.ArgumentParser] = {}
    for action in _actions(parser):
        if isinstance(action.choices, dict):
            nested = action.choices
    yield Command(path, parser, tuple(nested))
    for name, one in nested.items():
        yield from commands(one, (*path, name))


def man_page() -> str:
    """The manual page, in the macros of man(7)."""
    every = list(commands())
    program, *rest = every
    lines = [HEAD.format(version=__version__).rstrip(), ".SH OPTIONS"]
    for option in program.options:
        lines += _option(option)
    lines += [
        ".SH COMMANDS",
        ".B \\-\\-config",
        "and",
        ".B \\-\\-data\\-dir",
        "may also stand behind a command, and each command has",
        ".BR \\-\\-help .",
    ]
    for command in rest:
        if command.subcommands:
            continue
        operands = " ".join(_shape(one) for one in command.operands)
        lines += [f'.SS "{_escaped(" ".join((*command.path, operands)).strip())}"']
        lines += [_escaped(command.parser.description or "")]
        for operand in command.operands:
            lines += [".TP", f".I {_escaped(_name(operand))}", _escaped(_help(operand))]
        for option in command.options:
            if option.option_strings[-1] not in ("--config", "--data-dir"):
                lines += _option(option)
        if command.parser.epilog:
            lines += [".PP", ".EX", _escaped(command.parser.epilog), ".EE"]
    return "\n".join([*lines, FOOT])


def completion() -> str:
    """The completion for bash."""
    every = list(commands())
    valued = {flag for one in every for option in one.options for flag in _valued(option)}
    paths = [_joined(one) for one in every if one.path]
    lines = [
        "# shellcheck shell=bash",
        "# Completion of blynk-gateway for bash, made from its parser.",
        "_blynk_gateway() {",
        "    local cur prev words cword at path='' reply='' is_file=''",
        "    _init_completion || return",
        "    for ((at = 1; at < cword; at++)); do",
        "        case ${words[at]} in",
        f"            {'|'.join(sorted(valued))}) ((at++)) ;;",
        "        esac",
        '        case "$path ${words[at]}" in',
        f'            {"|".join(_quoted(path) for path in paths)}) path+=" ${{words[at]}}" ;;',
        "        esac",
        "    done",
        '    case "$path" in',
    ]
    for command in every:
        lines += _completion_of(command)
    lines += [
        "    esac",
        "    [[ $is_file && $cur != -* ]] && _filedir && return",
        '    mapfile -t COMPREPLY < <(compgen -W "$reply" -- "$cur")',
        "}",
        "complete -F _blynk_gateway blynk-gateway",
    ]
    return "\n".join(lines) + "\n"


def _completion_of(command: Command) -> list[str]:
    lines = [f"        {_quoted(_joined(command))})"]
    cases = []
    for option in command.options:
        flags = "|".join(_valued(option))
        if not flags:
            continue
        if option.choices:
            cases += [f"                {flags}) reply='{' '.join(map(str, option.choices))}' ;;"]
        elif option.metavar in ("FILE", "DIR"):
            flag = " -d" if option.metavar == "DIR" else ""
            cases += [f"                {flags}) _filedir{flag}; return ;;"]
        else:
            cases += [f"                {flags}) return ;;"]
    words = [*command.subcommands, *(option.option_strings[-1] for option in command.options)]
    words += [str(word) for one in command.operands for word in one.choices or ()]
    lines += [f"            reply='{' '.join([*words, '--help'])}'"]
    if any(one.metavar == "FILE" for one in command.operands):
        lines += ["            is_file=yes"]
    if cases:
        lines += ['            case "$prev" in', *cases, "            esac"]
    return [*lines, "            ;;"]


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001  argparse has no other way to list them


def _valued(option: argparse.Action) -> list[str]:
    return [] if option.nargs == 0 else list(option.option_strings)


def _joined(command: Command) -> str:
    return "".join(f" {name}" for name in command.path)


def _quoted(path: str) -> str:
    return f"'{path}'"


def _name(action: argparse.Action) -> str:
    if isinstance(action.metavar, tuple):
        return " ".join(action.metavar)
    return action.metavar or "|".join(map(str, action.choices or ())) or action.dest.upper()


def _shape(operand: argparse.Action) -> str:
    name = _name(operand)
    shapes = {"?": f"[{name}]", "*": f"[{name}…]", "+": f"{name}…"}
    return shapes.get(str(operand.nargs), name)


def _help(action: argparse.Action) -> str:
    # As argparse does it: %(default)s and %%.
    return (action.help or "") % {**vars(action), "prog": "blynk-gateway"}


def _option(option: argparse.Action) -> list[str]:
    value = "" if option.nargs == 0 else f" \\fI{_escaped(_name(option))}\\fR"
    flags = ", ".join(f"\\fB{_escaped(flag)}\\fR" for flag in option.option_strings)
    return [".TP", flags + value, _escaped(_help(option))]


def _escaped(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    # A line that begins with one of these would be a request.
    return "\n".join(
        "\\&" + line if line.startswith((".", "'")) else line for line in escaped.split("\n")
    )


if __name__ == "__main__":
    MADE = {"man": man_page, "completion": completion}
    if len(sys.argv) != 2 or sys.argv[1] not in MADE:  # noqa: PLR2004  program and word
        sys.exit(f"usage: python -m docs.generate_from_parser {'|'.join(MADE)}")
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a build has LC_ALL=C
    print(MADE[sys.argv[1]](), end="")
