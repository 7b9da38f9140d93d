"""Checks of the libraries that only some configurations need."""

from collections.abc import Callable, Iterator

from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.finding import Finding, fault, ok
from blynk_gateway.cli.doctor.lines import has_module

_NAME = "packages"


def check_packages(case: Case, has: Callable[[str], bool] = has_module) -> Iterator[Finding]:
    """What the configuration uses is installed."""
    if case.faults:
        return
    used = list(_used(case))
    missing = [one for one in used if not has(one[0])]
    for module, package, extra, use in missing:
        yield fault(
            _NAME,
            f"{use} needs {module}, which is not installed",
            f"Run `sudo apt install {package}`, or `pip install 'blynk-gateway[{extra}]'` where it"
            " came by pip, and restart the gateway.",
        )
    if used and not missing:
        yield ok(_NAME, f"{', '.join(one[0] for one in used)} for what is configured")


def _used(case: Case) -> Iterator[tuple[str, str, str, str]]:
    """Module, package, extra of ours and the option that needs it."""
    notifications, mirror = case.options.notifications, case.options.history.mirror
    if notifications is not None and notifications.services:
        yield "apprise", "apprise", "notifications", "notifications.services"
    if mirror is not None and mirror.is_postgres:
        yield "asyncpg", "python3-asyncpg", "postgres", "history.mirror"
