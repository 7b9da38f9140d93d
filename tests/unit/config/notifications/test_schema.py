"""The section `notifications`: what it takes, and that its complaints repeat no secret."""

from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options, as_yaml, effective
from blynk_gateway.config.notifications.options import NotificationOptions, ServiceOptions
from blynk_gateway.config.secret import Secret

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

URL = "ntfy://me:correct-horse@nas/garden"
PHONE = f"services: {{phone: {{url: '{URL}'}}}}"
PREFIX = "gateway.yaml:1: notifications"


def test_services_and_who_uses_them(options_of: OptionsOf, tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("mailtos://me:secret@example.org\n")
    text = """
notifications:
  services: {phone: {url: !secret ntfy}, mail: {url_file: mail}}
  default: [phone]
  push: [phone, mail]
  email: [mail]
  hourly_cap: 5
"""
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text(f"ntfy: {URL}\n")
    secrets.chmod(0o600)
    assert options_of(text).notifications == NotificationOptions(
        {
            "phone": ServiceOptions("phone", Secret(URL)),
            "mail": ServiceOptions("mail", Secret("mailtos://me:secret@example.org")),
        },
        default=("phone",),
        push=("phone", "mail"),
        email=("mail",),
        hourly_cap=5,
    )


def test_there_are_none_unless_they_are_given(options_of: OptionsOf) -> None:
    assert options_of("").notifications is None
    assert options_of("notifications: null").notifications is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("services: {phone: {}}", ".services.phone: found no url or url_file, expected one"),
        ("services: {phone: {url: nas/correct-horse}}", ".services.phone.url: found 17 characters"),
        ("services: {phone: {url: ''}}", ".services.phone.url: found nothing, expected a URL of"),
        ("services: {phone: {url: 'ntfy://'}}", ".services.phone.url: found 7 characters that do"),
        ("services: {phone: {url: 'a://correct horse'}}", ".services.phone.url: found 17 char"),
        ("services: {Phone: {url: 'a://b'}}", '.services.Phone: found "Phone", expected up to 32'),
        (f"{PHONE}, default: phone", '.default: found "phone", expected a list of services such'),
        (
            f"{PHONE}, default: [phon]",
            '.default[0]: found "phon", expected one of the services: phone; did you mean "phone"?',
        ),
        ("sms: [phone]", '.sms[0]: found "phone", expected one of the services: none yet'),
        (f"{PHONE}, hourly_cap: 1001", '.hourly_cap: found "1001", expected a whole number from 0'),
        (f"{PHONE}, mail: [phone]", ".mail: found an unknown key, expected one of services, def"),
    ],
)
def test_complaints_say_what_is_expected(faults_of: FaultsOf, text: str, fault: str) -> None:
    (complaint,) = faults_of(f"notifications: {{{text}}}")
    assert complaint.startswith(f"{PREFIX}{fault}")
    assert "correct" not in complaint


def test_a_service_that_is_faulty_is_not_unknown_as_well(faults_of: FaultsOf) -> None:
    faults = faults_of("notifications: {services: {phone: {url: x}}, default: [phone]}")
    assert [fault.split(": ")[1] for fault in faults] == ["notifications.services.phone.url"]


def test_what_is_in_force_is_shown_without_secrets(options_of: OptionsOf) -> None:
    shown = as_yaml(effective(options_of(f"notifications: {{{PHONE}, default: [phone]}}")))
    assert [line for line in shown.splitlines() if ' url: "***"' in line]
    assert "correct-horse" not in shown
