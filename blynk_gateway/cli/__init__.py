"""The command line. A command's own module is imported only when that command runs."""

import importlib
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from types import FrameType

from blynk_gateway.cli.commands import PROGRAM
from blynk_gateway.cli.parser import build_parser
from blynk_gateway.errors import ConfigError, GatewayError, SchemaTooNew

EXIT_FAILED = 1
EXIT_BAD_CONFIG = 78
"""EX_CONFIG of sysexits.h; the service manager does not restart on it."""

EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""What a shell reports of a program ended by SIGINT or SIGPIPE."""

_ENDINGS = (signal.SIGTERM, signal.SIGHUP)
"""What a service manager, a scheduler or a lost `ssh` sends."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors go to standard error, never a traceback.

    Args:
        argv: the arguments, None for those of the process.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal's encoding lacks must not end a listing halfway.
        sys.stdout.reconfigure(errors="backslashreplace")
    # Only where the process is ours: signals are.
    tidily = _ended_tidily() if argv is None else nullcontext()
    try:
        with tidily:
            code = _run(argv)
        # Unlike `flush` this minds no missing standard output.
        print(end="", flush=True)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:
        if sys.stdout is not None:
            # Python writes what it still has on its way out, and must not fail then.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return EXIT_BROKEN_PIPE
        return _complain_of_system(error)
    return code


@contextmanager
def _ended_tidily() -> Iterator[None]:
    """Let other signals end the process as Ctrl-C does: what it began to write does not stay."""
    received: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        # A second one does not wait.
        signal.signal(number, signal.SIG_DFL)
        received.append(number)
        raise KeyboardInterrupt

    for number in _ENDINGS:
        # Under `nohup` one is ignored, and stays so.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)
    try:
        yield
    except KeyboardInterrupt:
        if received:
            # Whoever waits for the process is to see what ended it.
            signal.raise_signal(received[0])
        raise


def _run(argv: Sequence[str] | None) -> int:
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as ending:
        return int(ending.code or 0)
    module, function = arguments.handler.split(":")
    try:
        found = importlib.import_module(f"blynk_gateway.cli.{module}")
        handler: Callable[..., int] = getattr(found, function)
        return handler(arguments)
    except ConfigError as error:
        _complain(str(error), error.hint)
        return EXIT_BAD_CONFIG
    except GatewayError as error:
        _complain(f"{PROGRAM}: {error}", getattr(error, "advice", error.hint))
        # The service manager would start it for ever, and it would never find another database.
        is_hopeless = module == "daemon" and isinstance(error, SchemaTooNew)
        return EXIT_BAD_CONFIG if is_hopeless else EXIT_FAILED
    except OSError as error:
        if error.filename is None:
            # Most likely standard output takes no more.
            raise
        return _complain_of_system(error)


def _complain_of_system(error: OSError) -> int:
    place = f"{error.filename}: " if error.filename else ""
    _complain(
        f"{PROGRAM}: {place}{error.strerror or error}; expected to be able to use it",
        "Check that it exists, that there is room, and that this user may read and write it.",
    )
    return EXIT_FAILED


def _complain(text: str, hint: str) -> None:
    # Never wrapped: people search for messages, and programs for `file:line`.
    sys.stderr.write(f"{text}\n  {hint}\n")
