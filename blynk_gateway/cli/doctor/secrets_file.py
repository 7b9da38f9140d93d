"""The check of `secrets.yaml`: the gateway may read it, and nobody else."""

import stat
from collections.abc import Iterator

from blynk_gateway.cli.doctor.account import READ, user_name
from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.finding import Finding, fault, ok
from blynk_gateway.config.credentials import SECRETS_FILE

_NAME = "secrets"


def check_secrets(case: Case) -> Iterator[Finding]:
    """The file beside the configuration has an owner and a mode that fit."""
    if case.config is None:
        return
    path = case.config.parent / SECRETS_FILE
    if not path.exists():
        return
    status, user = path.stat(), case.account.name
    if status.st_mode & stat.S_IRWXO:
        yield fault(
            _NAME,
            f"{path} has mode {stat.S_IMODE(status.st_mode):04o}; expected nothing for others",
            f"Run `sudo chmod o= {path}`.",
        )
    elif not case.account.may(path, READ):
        yield fault(
            _NAME,
            f"{path} of {user_name(status.st_uid)} may not be read by {user}, who runs the daemon",
            f"Run `sudo chgrp {user} {path}` and `sudo chmod 0640 {path}`.",
        )
    else:
        yield ok(_NAME, f"{path}, which only {user} and root read")
