from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options, effective, load
from blynk_gateway.errors import ConfigError

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]


def token_of(options: Options) -> str:
    return options.devices["shed"].token.reveal()


def write_secrets(directory: Path, text: str, mode: int = 0o600) -> None:
    path = directory / "secrets.yaml"
    path.write_text(text)
    path.chmod(mode)


@pytest.mark.parametrize("token", ["0012", "12:30", "1e3", "true", "3" * 32, "a-_.~#?&"])
def test_token_is_taken_as_written(options_of: OptionsOf, token: str) -> None:
    assert token_of(options_of(f"devices: {{shed: {{token: '{token}'}}}}")) == token
    assert token_of(options_of(f"devices:\n  shed:\n    token: {token}\n")) == token


@pytest.mark.parametrize("token", ["two words", "a/b", "x" * 65, "ü", "''", "~", "[a]", "!tag a"])
def test_token_that_cannot_be_one_is_refused_and_never_repeated(
    faults_of: FaultsOf, token: str
) -> None:
    (fault,) = faults_of(f"devices:\n  shed:\n    token: {token}\n")
    assert fault.startswith("gateway.yaml:3: devices.shed.token: found ")
    assert token not in fault


def test_token_file_holds_the_token_and_a_line_end(options_of: OptionsOf, tmp_path: Path) -> None:
    (tmp_path / "shed.token").write_text("hidden\r\n")
    assert token_of(options_of("devices: {shed: {token_file: shed.token}}")) == "hidden"


@pytest.mark.parametrize("content", [b"", b"two words", b"a\nb", b"\xff\xfe", b"x" * 5000])
def test_token_file_with_anything_else_is_refused(
    faults_of: FaultsOf, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "shed.token").write_bytes(content)
    (fault,) = faults_of("devices: {shed: {token_file: shed.token}}")
    assert fault.startswith("gateway.yaml:1: devices.shed.token_file: the file ")
    assert content.decode("latin-1") not in fault or not content


def test_missing_token_file_is_a_fault(faults_of: FaultsOf) -> None:
    assert faults_of("devices: {shed: {token_file: shed.token}}") == [
        'gateway.yaml:1: devices.shed.token_file: found "shed.token", which cannot be read'
        " (No such file or directory); expected a readable file"
    ]


def test_named_secret_comes_from_the_file_beside(options_of: OptionsOf, tmp_path: Path) -> None:
    write_secrets(tmp_path, "shed: 0012\nother: x y\n")
    assert token_of(options_of("devices: {shed: {token: !secret shed}}")) == "0012"


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_secrets_that_others_can_read_are_refused_once(
    faults_of: FaultsOf, tmp_path: Path, mode: int
) -> None:
    write_secrets(tmp_path, "a: hidden\nb: hidden\n", mode)
    (fault,) = faults_of("devices: {a: {token: !secret a}, b: {token: !secret b}}")
    assert fault.startswith("secrets.yaml: is refused: others than its owner may use it")


def test_secrets_nobody_asks_for_are_not_looked_at(options_of: OptionsOf, tmp_path: Path) -> None:
    write_secrets(tmp_path, "[", 0o644)
    assert options_of("") == Options()


@pytest.mark.parametrize("text", ["hidden", "[hidden]", "shed: [hidden]", "shed: *hidden"])
def test_faulty_secrets_are_told_without_repeating_them(
    faults_of: FaultsOf, tmp_path: Path, text: str
) -> None:
    write_secrets(tmp_path, text)
    (fault,) = faults_of("devices: {shed: {token: !secret shed}}")
    assert fault.startswith("secrets.yaml:1: ")
    assert "hidden" not in fault


def test_unknown_secret_is_told_the_nearest_one(faults_of: FaultsOf, tmp_path: Path) -> None:
    write_secrets(tmp_path, "greenhouse: hidden\n")
    assert faults_of("devices: {shed: {token: !secret greenhose}}") == [
        'gateway.yaml:1: devices.shed.token: found no secret "greenhose", expected it in'
        ' secrets.yaml or a systemd credential of that name; did you mean "greenhouse"?'
    ]


def test_systemd_credential_goes_before_the_file(tmp_path: Path) -> None:
    write_secrets(tmp_path, "shed: from-file\n")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "shed").write_text("from-systemd\n")
    path = tmp_path / "gateway.yaml"
    path.write_text("devices: {shed: {token: !secret shed}}")
    assert token_of(load(path, {"CREDENTIALS_DIRECTORY": str(credentials)})) == "from-systemd"
    assert token_of(load(path, {"CREDENTIALS_DIRECTORY": str(tmp_path / "none")})) == "from-file"


def test_credential_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "shed").mkdir()
    path = tmp_path / "gateway.yaml"
    path.write_text("devices: {shed: {token: !secret shed}}")
    with pytest.raises(ConfigError, match=r"token: the file .* cannot be read \(Is a directory\)"):
        load(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)})


@pytest.mark.parametrize("name", ["..", "../gateway.yaml", "a/b", "''", "[a]"])
def test_secret_name_cannot_leave_the_directory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(f"devices:\n  shed:\n    token: !secret {name}\n")
    with pytest.raises(ConfigError, match="found !secret without a name"):
        load(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_secret_is_refused_where_it_would_be_shown(faults_of: FaultsOf, tmp_path: Path) -> None:
    write_secrets(tmp_path, "name: hidden\n")
    assert faults_of("gateway: {name: !secret name}") == [
        "gateway.yaml:1: gateway.name: found !secret, expected plain text: this option is no secret"
    ]


def test_effective_options_do_not_show_tokens(options_of: OptionsOf, tmp_path: Path) -> None:
    (tmp_path / "shed.token").write_text("hidden-b")
    write_secrets(tmp_path, "c: hidden-c\n")
    options = options_of(
        "gateway: {token: hidden-a}\n"
        "devices: {b: {token_file: shed.token}, c: {token: !secret c}, d: {token: hidden-d}}"
    )
    shown = [setting for setting in effective(options) if setting.key.endswith(".token")]
    assert [setting.value for setting in shown] == ['"***"'] * 4
    assert [setting.origin.rpartition(":")[2] for setting in shown] == ["1", "2", "2", "2"]
    assert "hidden" not in repr(options)
