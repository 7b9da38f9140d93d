"""The dashboard's texts: the same keys in every language, all that are used, none besides."""

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import pytest

from blynk_gateway.api.web_app import DIRECTORY

LANGUAGES = sorted(path.stem for path in (DIRECTORY / "texts").glob("*.json"))
REFERENCE = "en"

_CALL = re.compile(r"(?<![\w.])(t|plural)\(")
_LITERAL = re.compile(r"'([a-z0-9_.]+)'")
_TEMPLATE = re.compile(r"`([a-z0-9_.]*\.[a-z0-9_]*)\$\{[^`]*?\}([a-z0-9_.]*)`")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@cache
def texts(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((DIRECTORY / f"texts/{language}.json").read_text())
    return found


@cache
def scripts() -> dict[str, str]:
    return {
        path.relative_to(DIRECTORY).as_posix(): path.read_text()
        for path in sorted(DIRECTORY.rglob("*.js"))
        if "vendor" not in path.parts
    }


def first_argument(script: str, begin: int) -> str:
    """From behind a call's parenthesis up to the comma or the end of the call."""
    depth = 0
    for at in range(begin, len(script)):
        depth += (script[at] in "([{") - (script[at] in ")]}")
        if depth < 0 or (depth == 0 and script[at] == ","):
            return script[begin:at]
    raise AssertionError(f"a call has no end: {script[begin : begin + 60]!r}")


def asked() -> Iterator[tuple[str, str, str]]:
    """File, function and key of each text that is asked for by its whole key."""
    for name, script in scripts().items():
        for call in _CALL.finditer(script):
            argument = first_argument(script, call.end()).strip()
            whole = _LITERAL.fullmatch(argument)
            # In a condition stand words that are no keys; those have a dot.
            keys = (
                [whole[1]] if whole else [key for key in _LITERAL.findall(argument) if "." in key]
            )
            for key in keys:
                yield name, call[1], key


def base(key: str) -> str:
    """A key without the form of its plural."""
    return re.sub(r"\.(one|other)$", "", key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_in_order(language: str) -> None:
    assert list(texts(language)) == sorted(texts(REFERENCE))


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_of_every_language_take_the_same_values(language: str) -> None:
    for key, text in texts(language).items():
        wanted = set(_PLACEHOLDER.findall(texts(REFERENCE)[key]))
        assert set(_PLACEHOLDER.findall(text)) == wanted, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_untidy(language: str) -> None:
    for key, text in texts(language).items():
        assert text == text.strip(), key
        assert text, key
        assert "  " not in text, key


def test_every_key_that_is_asked_for_exists() -> None:
    known = texts(REFERENCE)
    missing = set()
    for file, function, key in asked():
        needed = [f"{key}.one", f"{key}.other"] if function == "plural" else [key]
        missing |= {(file, one) for one in needed if one not in known}
    assert missing == set()


def test_every_key_that_is_put_together_may_exist() -> None:
    known = texts(REFERENCE)
    for file, script in scripts().items():
        for call in _CALL.finditer(script):
            for begin, end in _TEMPLATE.findall(first_argument(script, call.end())):
                found = [key for key in known if key.startswith(begin) and key.endswith(end)]
                assert found, f"{file}: {begin}…{end}"


def test_no_text_is_unused() -> None:
    everything = "\n".join(scripts().values())
    literals = set(_LITERAL.findall(everything))
    templates = set(_TEMPLATE.findall(everything))
    unused = [
        key
        for key in texts(REFERENCE)
        if key not in literals
        and base(key) not in literals
        and not any(key.startswith(begin) and key.endswith(end) for begin, end in templates)
    ]
    assert unused == []


def test_files_of_texts_are_written_in_one_way() -> None:
    for language in LANGUAGES:
        written = (DIRECTORY / f"texts/{language}.json").read_text()
        assert written == json.dumps(texts(language), ensure_ascii=False, indent=2) + "\n"
    assert all(one < other for one, other in pairwise(texts(REFERENCE)))
