"""What can be wrong with a request, and the one table from error codes to HTTP statuses."""

from collections.abc import Iterable

from blynk_gateway.errors import GatewayError


class RequestError(GatewayError):
    """The request is malformed; nothing was changed."""

    code = "request.invalid"
    hint = "Compare the request with /api/v1/openapi.json."


class TooLarge(RequestError):
    """The body is longer than this route takes."""

    code = "request.too_large"
    hint = "Send less at once."


class TooSlow(RequestError):
    """The body did not arrive in time."""

    code = "request.too_slow"
    hint = "Send the whole body without pauses."


class WrongContentType(RequestError):
    """The body is not declared as JSON."""

    code = "request.content_type"
    hint = "Send the header `Content-Type: application/json`."


class UnknownRoute(GatewayError):
    """No route has this path."""

    code = "route.unknown"
    hint = "See /api/v1/openapi.json for all paths."


class WrongMethod(GatewayError):
    """The path exists, but not with this method.

    Args:
        text: what was found.
        allowed: the methods that it has.
    """

    code = "route.method"
    hint = "See /api/v1/openapi.json for the methods of each path."

    def __init__(self, text: str, allowed: Iterable[str]) -> None:
        super().__init__(text)
        self.allowed = sorted(allowed)


class Conflict(GatewayError):
    """The request does not fit the present state."""

    code = "request.conflict"
    hint = "Look at what is there first, for example by `blynk-gateway device list`."


class Unauthorized(GatewayError):
    """No API token or session was sent, or one that does not exist."""

    code = "auth.required"
    hint = (
        "Log in at the dashboard, or send `Authorization: Bearer TOKEN`; make one with"
        " `blynk-gateway api-token add NAME`."
    )


class LoginRefused(Unauthorized):
    """A name, password, setup link or shared link is wrong."""

    code = "auth.login_refused"
    hint = (
        "Check upper and lower case; an admin gives a new password or link, or"
        " `blynk-gateway user passwd NAME` does."
    )


class Forbidden(GatewayError):
    """The caller's role does not allow this."""

    code = "auth.forbidden"
    hint = "Use one of a higher role: viewer reads, operator writes pins, admin does the rest."


class OutOfScope(Forbidden):
    """The caller may see some devices or one dashboard only, and this is none of them."""

    code = "auth.out_of_scope"
    hint = "Use an API token for this device, or one for all devices."


class CrossSite(Forbidden):
    """A browser sent a session's cookie, but not from a page of this gateway."""

    code = "auth.cross_site"
    hint = (
        "Use the dashboard at the address in the browser's address bar; a proxy in front of it must"
        " pass the header `Host` on. Scripts use an API token instead of a cookie."
    )


class WrongPassword(Forbidden):
    """The present password, asked for once more, is another one."""

    code = "auth.wrong_password"
    hint = "Type it again; an admin, or `blynk-gateway user passwd NAME`, sets a new one."


class Throttled(GatewayError):
    """Too many wrong tokens or passwords came from one address, or for one user."""

    code = "auth.throttled"
    hint = "Wait a minute, then try again."


class UnknownDashboard(GatewayError):
    """No dashboard has this slug, or none that the caller may see."""

    code = "dashboard.unknown"
    hint = "List the dashboards with `GET /api/v1/dashboards`."


class UnknownApiToken(GatewayError):
    """No API token has this name."""

    code = "token.unknown"
    hint = "List the tokens with `blynk-gateway api-token list`."


class NoConfigurationFile(GatewayError):
    """There is no configuration file that could be read anew."""

    code = "settings.no_file"
    hint = "Start the gateway with `--config FILE`, or write /etc/blynk-gateway/gateway.yaml."


class NoAuthority(GatewayError):
    """The gateway has no certificate authority that clients could trust."""

    code = "tls.no_authority"
    hint = "See docs/guide/tls.md; whoever made the certificate of server.tls has its authority."


class UnknownUser(GatewayError):
    """No user has this name."""

    code = "user.unknown"
    hint = "List the users with `blynk-gateway user list`."


class UnknownShare(GatewayError):
    """No shared link has this id."""

    code = "share.unknown"
    hint = "List the shared links with GET /api/v1/shares."


class NotSimulated(GatewayError):
    """The gateway has no simulated pins."""

    code = "gpio.not_simulated"
    hint = "Set `gpio: {factory: mock}` and restart, or run `blynk-gateway demo`."


class TooManyStreams(GatewayError):
    """As many clients watch changes as may."""

    code = "live.too_many"
    hint = "Close one of the other clients first."


class TooManyExports(GatewayError):
    """As many long answers are on their way as may."""

    code = "history.too_many"
    hint = "Wait until one of the other exports has ended, then try again."


class BadQuestion(RequestError):
    """A question about the past makes no sense."""

    code = "history.question"
    hint = (
        "Ask for a range such as -7d to now, and for a step such as 1h; what is left out is chosen:"
        " the last day, in steps that fit."
    )


class Busy(GatewayError):
    """The gateway cannot take writes at the moment: its disk does not keep up."""

    code = "gateway.busy"
    hint = "Try again in a few seconds; /api/health tells what is wrong."


class ControlSocketUnusable(GatewayError):
    """The control socket cannot be opened."""

    code = "control.unusable"
    hint = "Choose a data directory that this user may write, with a path of at most 90 characters."


class Refusal(GatewayError):
    """A device dialect says no, in its own words.

    Args:
        text: as the original server spells it.
        status: HTTP status.
    """

    code = "http.refused"
    hint = "See docs/reference/http-devices.md for what each endpoint expects."

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


STATUS_BY_CODE = {
    "request.invalid": 400,
    "request.too_large": 413,
    "request.too_slow": 408,
    "request.content_type": 415,
    "request.conflict": 409,
    "route.unknown": 404,
    "route.method": 405,
    "auth.required": 401,
    "auth.forbidden": 403,
    "auth.throttled": 429,
    "token.unknown": 404,
    "dashboard.unknown": 404,
    "dashboard.invalid": 400,
    "user.unknown": 404,
    "share.unknown": 404,
    "gpio.not_simulated": 404,
    "settings.no_file": 409,
    "tls.no_authority": 404,
    "config.invalid": 409,
    "server.address": 409,
    "server.certificate": 409,
    "live.too_many": 503,
    "gateway.busy": 503,
    "gateway.error": 500,
    "pin.error": 400,
    "pin.unknown": 404,
    "pin.invalid_value": 400,
    "pin.not_writable": 403,
    "pin.loop": 409,
    "device.error": 400,
    "device.unknown": 404,
    "device.unknown_token": 404,
    "device.exists": 409,
    "device.offline": 409,
    "automation.unknown": 404,
    "automation.stopped": 409,
    "webhook.unknown": 404,
    "notification.unknown_service": 404,
    "history.error": 503,
    "history.question": 400,
    "history.too_many": 503,
}
"""HTTP status of each error code; a code that is not here has its base class's."""


def status_of(error: GatewayError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, Refusal):
        return error.status
    codes = (getattr(cls, "code", "") for cls in type(error).__mro__)
    return next(STATUS_BY_CODE[code] for code in codes if code in STATUS_BY_CODE)
