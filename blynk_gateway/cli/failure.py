"""What can go wrong between a command and the running gateway."""

from blynk_gateway.errors import GatewayError


class NotRunning(GatewayError):
    """No gateway runs on this data directory."""

    code = "cli.not_running"
    hint = (
        "Start it with `blynk-gateway run` or `sudo systemctl start blynk-gateway`; if it runs"
        " already, give the same --config and --data-dir as it has."
    )


class NotPermitted(GatewayError):
    """The gateway runs, but not for this user."""

    code = "cli.not_permitted"
    hint = "Run the command with sudo, or as the user named above."


class NoAnswer(GatewayError):
    """The gateway broke off, or did not answer in time."""

    code = "cli.no_answer"
    hint = "Look into its log: `journalctl -u blynk-gateway`, or the terminal it runs in."


class Refused(GatewayError):
    """The gateway refused a request, and said why.

    Attributes:
        advice: what it says is to be done, in place of `hint`.
    """

    code = "cli.refused"
    hint = "Look into the gateway's log for the reason."

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


class PasswordsDiffer(GatewayError):
    """A password was typed in two ways."""

    code = "cli.passwords_differ"
    hint = "Run the command again and type the same password twice."


class NoListener(GatewayError):
    """The gateway is configured to listen nowhere."""

    code = "cli.no_listener"
    hint = "Give `server.listen` an address in the configuration, such as 0.0.0.0:8080."
