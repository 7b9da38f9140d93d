"""The section `notifications`."""

import re

from blynk_gateway.config.credentials import SecretFile, SecretRule, SecretText
from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Key, ListOf, MapOf, OrNull, Section
from blynk_gateway.config.notifications.options import NotificationOptions, ServiceOptions
from blynk_gateway.config.scalars import SLUG, whole_number
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.suggest import suggestion

MAX_SERVICES = 32
"""Each may have a process of its own while it is in use."""

MAX_HOURLY_CAP = 1000

URL_EXPECTED = (
    'a URL of Apprise such as "ntfy://my-topic" or "mailto://user:password@example.org",'
    " of at most 2000 characters"
)

SERVICE_URL = SecretRule(
    re.compile(r"(?=.{4,2000}\Z)[A-Za-z][A-Za-z0-9+.-]*://[^\s\x00-\x1f\x7f]+"), URL_EXPECTED
)
"""No more is known without Apprise, which may not be there: it looks at the rest at the start."""

_LISTS = ("default", "push", "email", "tweet", "sms")


def _finish(options: NotificationOptions, key: str, scope: Scope) -> NotificationOptions:
    if scope.is_faulty(f"{key}.services"):
        # A service that was left out for a fault of its own is not unknown.
        return options
    for name in _LISTS:
        for index, service in enumerate(getattr(options, name)):
            if service not in options.services:
                hint = suggestion(service, options.services)
                known = ", ".join(options.services) or "none yet"
                text = f"found {quoted(service)}, expected one of the services: {known}{hint}"
                scope.fault_at(f"{key}.{name}[{index}]", text)
    return options


_SERVICE = Section(
    ServiceOptions,
    (
        Key("url", SecretText(SERVICE_URL)),
        Key("url_file", SecretFile(SERVICE_URL), "url"),
    ),
    required=("url",),
)

_NAMES = ListOf(SLUG, "a list of services such as [phone]", MAX_SERVICES)

NOTIFICATIONS = OrNull(
    Section(
        NotificationOptions,
        (
            Key("services", MapOf(SLUG, ("name",), _SERVICE, MAX_SERVICES)),
            *(Key(name, _NAMES) for name in _LISTS),
            Key("hourly_cap", whole_number(0, MAX_HOURLY_CAP)),
        ),
        finish=_finish,
    )
)
