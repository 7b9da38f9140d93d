"""No secret of a gateway that has all there can be gets into a support bundle, in any form."""

import asyncio
import base64
import io
import json
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from urllib.parse import quote

import yaml

from blynk_gateway.config.credentials import SecretText
from blynk_gateway.config.kinds import Key, MapOf
from blynk_gateway.config.schema import SCHEMA
from blynk_gateway.config.webhooks.json_body import JsonBodyKind
from blynk_gateway.config.webhooks.texts import MixedTextKind, MixedTexts
from tests.helpers.processes import GatewayProcess, free_port

_SECRET_KINDS = (SecretText, MixedTextKind, MixedTexts, JsonBodyKind)


def secret_options(kind: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Dotted paths of all options that may hold a secret, `*` for names."""
    if isinstance(kind, _SECRET_KINDS):
        yield ".".join(path)
    elif isinstance(kind, Key):
        yield from secret_options(kind.kind, (*path, kind.name))
    elif isinstance(kind, MapOf):
        yield from secret_options(kind.section, (*path, "*"))
    elif is_dataclass(kind) and not isinstance(kind, type):
        for field in fields(kind):
            value = getattr(kind, field.name)
            for one in value if isinstance(value, tuple) else (value,):
                yield from secret_options(one, path)


class Secrets:
    """Makes secrets, each with the same odd word in it, and remembers where they went."""

    WORD = "Geheim&nis/"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._count = 0

    def text(self) -> str:
        """One for the file itself."""
        self._count += 1
        return f"{self.WORD}{self._count}"

    def token(self) -> str:
        """A token, which has no slash."""
        return self.text().replace("/", ".")

    def file(self, text: str) -> str:
        """One in a file of its own."""
        path = self._directory / f"secret-{self._count}"
        path.write_text(text + "\n")
        path.chmod(0o600)
        return str(path)


def whole_configuration(secret: Secrets, port: int) -> dict[str, object]:
    """Every option that holds a secret, each at least once."""
    here = f"127.0.0.1:{port}"
    above = {"tls": False, "via": "mqtt-gateway"}
    return {
        "gateway": {"token": secret.token()},
        "devices": {
            "a": {"token": secret.token()},
            "b": {"token_file": secret.file(secret.token())},
        },
        "mqtt": {
            "enabled": True, "host": "127.0.0.1", "port": port,
            "username": secret.text(), "password": secret.text(),
        },
        "upstream": {
            "one": {
                "server": here, **above, "username": secret.text(), "password": secret.text(),
                "devices": {"a": {"token": secret.token(), "pins": {"V1": "Light"}}},
            },
            "two": {
                "server": here, **above, "username": secret.text(),
                "password_file": secret.file(secret.text()),
                "devices": {
                    "b": {"token_file": secret.file(secret.token()), "pins": {"V1": "Light"}},
                },
            },
        },
        "history": {"mirror": {
            "url": f"http://{here}/api/v2/write?org=o&bucket=b", "token": secret.text(),
        }},
        "notifications": {"services": {
            "one": {"url": f"ntfy://{here}/{secret.token()}"},
            "two": {"url_file": secret.file(f"ntfy://{here}/{secret.token()}")},
        }},
        "webhooks": {
            "one": {
                "method": "POST", "url": f"http://{here}/services/{secret.token()}/x",
                "headers": {"X-Any": secret.text() * 2, "Authorization": secret.text()},
                "query": {"key": secret.text(), "to": secret.text()},
                "form": {"any": secret.text()}, "retries": 0,
                "auth": None,
            },
            "two": {
                "method": "POST", "url": f"http://{here}/?key={secret.token()}", "retries": 0,
                "json": {"any": [secret.text()], "token": secret.text()},
                "auth": {"username": secret.text(), "password": secret.text()},
            },
            "three": {
                "method": "POST", "url": f"http://{here}/", "body": secret.text(), "retries": 0,
                "auth": {"username": "ann", "password_file": secret.file(secret.text())},
            },
        },
    }  # fmt: skip


def configured(document: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all mappings' values, from the whole down."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield (*path, name)
            yield from configured(value, (*path, name))


def matches(option: str, path: tuple[str, ...]) -> bool:
    parts = option.split(".")
    return len(parts) == len(path) and all(
        want in ("*", got) for want, got in zip(parts, path, strict=True)
    )


NOT_BESIDE = {"mqtt.password_file", "history.mirror.password", "history.mirror.password_file",
              "history.mirror.token_file", "gateway.token_file"}  # fmt: skip
"""Read by the same code as what stands in their place."""


def test_configuration_of_the_trial_leaves_out_no_secret(tmp_path: Path) -> None:
    paths = list(configured(whole_configuration(Secrets(tmp_path), 1)))
    options = set(secret_options(SCHEMA)) - NOT_BESIDE
    assert len(options) > 15
    assert [one for one in sorted(options) if not any(matches(one, path) for path in paths)] == []


async def run(gateway: GatewayProcess, *arguments: str, given: str = "") -> str:
    options = ("--config", str(gateway.config_path), "--data-dir", str(gateway.data_dir))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "blynk_gateway", *options, *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate(given.encode())
    return out.decode()


def forms(text: str) -> set[str]:
    return {
        text, quote(text), quote(text, safe=""), json.dumps(text)[1:-1].replace("/", "\\/"),
        base64.b64encode(text.encode()).decode().rstrip("=")[:-1],
    }  # fmt: skip


async def test_no_secret_of_any_option_or_of_the_database_is_in_the_bundle(tmp_path: Path) -> None:
    secret = Secrets(tmp_path)
    config = whole_configuration(secret, free_port())
    added = secret.token()
    file = tmp_path / "bundle.tar.gz"
    async with GatewayProcess(tmp_path, config) as gateway:
        token, other, *_ = await asyncio.gather(
            run(gateway, "api-token", "add", "node-red", "--role", "admin"),
            run(gateway, "device", "add", "Other", "--json"),
            run(gateway, "device", "add", "Added", "--token", added),
            run(gateway, "user", "add", "ann", "--role", "admin", given=f"{secret.text()}\n"),
            *(run(gateway, "webhook", "test", name) for name in ("one", "two", "three")),
            *(run(gateway, "notification", "test", name) for name in ("one", "two")),
        )
        (gateway.data_dir / f"{added}.png").touch()
        # Requests with tokens in their paths, some of them wrong.
        for path in (f"{quote(added, safe='')}/update/V1?value=1", f"wrong{quote(added)}/get/V1"):
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
            writer.write(f"GET /{path} HTTP/1.0\r\n\r\n".encode())
            await reader.read()
            writer.close()
        listed = json.loads(await run(gateway, "support-bundle", str(file), "--json"))
    assert listed["warning"] == ""
    with tarfile.open(file) as archive:
        texts = {
            member.name: io.TextIOWrapper(archive.extractfile(member) or io.BytesIO()).read()
            for member in archive.getmembers()
        }
    whole = "\n".join(f"{name}\n{text}" for name, text in texts.items())
    # It did reach what it was to be kept out of, and that is there.
    assert Secrets.WORD in yaml.safe_dump(config)
    for name in ("configuration.yaml", "health.json", "log.txt", "database.json", "doctor.txt"):
        assert any(one.endswith(name) for one in texts), name
    assert "***.png" in whole
    for text in {token.strip(), json.loads(other)["token"], *forms("Geheim&nis"), "Geheim"}:
        assert text not in whole, [line for line in whole.splitlines() if text in line][:5]
    assert file.stat().st_size < 5_000_000
