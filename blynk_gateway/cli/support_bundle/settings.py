"""The configuration in force for a support bundle: every option, and nothing private in any."""

import re
from urllib.parse import urlsplit

from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.config.effective import Setting, as_yaml, effective
from blynk_gateway.config.fault import quoted
from blynk_gateway.config.secret import HIDDEN

_NOTHING = frozenset({"null", "{}", "[]", '""', "false"})

_PRIVATE = re.compile(
    # What is sent by webhooks may hold a secret anywhere, and under any name.
    r"webhooks\.[^.]+\.(?:headers|query|form|json|body|auth)(?:\..*)?"
    r"|gateway\.location(?:\..*)?"
    r"|(?:.*\.)?(?:username|user|password|token|secret|metadata)"
)
_ADDRESS = re.compile(r"(?:.*\.)?url")


def configuration(case: Case) -> str:
    """The options in YAML with the place of each; or the faults of the file."""
    if case.faults:
        return "".join(f"{fault}\n" for fault in case.faults)
    head = f"# {case.config or 'no file, the defaults'}\n"
    warnings = "".join(f"# {warning}\n" for warning in case.options.warnings)
    return head + warnings + as_yaml(map(_masked, effective(case.options)))


def _masked(setting: Setting) -> Setting:
    if setting.value in _NOTHING:
        return setting
    if _PRIVATE.fullmatch(setting.key):
        return setting._replace(value=quoted(HIDDEN))
    if _ADDRESS.fullmatch(setting.key):
        return setting._replace(value=quoted(_origin_of(setting.value)))
    return setting


def _origin_of(url: str) -> str:
    """Scheme, host and port: many services have their secret in the path."""
    try:
        parts = urlsplit(url.strip('"'))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return HIDDEN
    if not parts.hostname:
        return HIDDEN
    return f"{parts.scheme}://{parts.hostname}{port}/{HIDDEN}"
