import pytest

from blynk_gateway.core.definition import TOKEN_PATTERN, DeviceDefinition, new_token
from blynk_gateway.errors import DeviceError


@pytest.mark.parametrize("slug", ["a", "0", "green-house-2", "x" * 32])
def test_well_formed_slug_is_taken(slug: str) -> None:
    assert DeviceDefinition(slug, "Name", "token").slug == slug


@pytest.mark.parametrize("slug", ["", "-a", "A", "a_b", "a/b", "ä", "a\n", "x" * 33])
def test_malformed_slug_is_refused(slug: str) -> None:
    with pytest.raises(DeviceError, match="no device slug"):
        DeviceDefinition(slug, "Name", "token")


def test_slug_that_stands_for_the_gateway_in_topics_is_refused() -> None:
    with pytest.raises(DeviceError, match="reserved"):
        DeviceDefinition("bridge", "Bridge", "token")


@pytest.mark.parametrize("token", ["t", "4ae3851817194e2596cf1b7103603ef8", "a-b_c.~!", "x" * 64])
def test_printable_token_of_any_length_is_taken(token: str) -> None:
    assert DeviceDefinition("shed", "Shed", token).token == token


@pytest.mark.parametrize("token", ["", "a b", "a/b", "ä", "a\n", "a\x7f", "x" * 65])
def test_token_that_fits_no_path_segment_is_refused(token: str) -> None:
    with pytest.raises(DeviceError, match="token of 'shed'"):
        DeviceDefinition("shed", "Shed", token)


@pytest.mark.parametrize(
    "token", ["api", "external", "uploads", "websocket", "websockets", "websocket1", ".", ".."]
)
def test_token_that_another_path_of_the_http_api_begins_with_is_refused(token: str) -> None:
    with pytest.raises(DeviceError, match="not api, external, uploads"):
        DeviceDefinition("shed", "Shed", token)


@pytest.mark.parametrize("token", ["api1", "apis", "my-websocket", "Api", "...", "upload"])
def test_token_that_merely_resembles_such_a_word_is_taken(token: str) -> None:
    assert DeviceDefinition("shed", "Shed", token).token == token


def test_token_is_shown_nowhere() -> None:
    definition = DeviceDefinition("shed", "Shed", "s3cret")
    assert "s3cret" not in repr(definition)
    with pytest.raises(DeviceError) as caught:
        DeviceDefinition("shed", "Shed", "s3cret token")
    assert "s3cret" not in str(caught.value)


def test_new_tokens_differ_and_have_the_stock_length() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {32}
    assert all(TOKEN_PATTERN.fullmatch(token) for token in tokens)


def test_no_new_token_looks_like_an_option() -> None:
    assert not any(new_token().startswith("-") for _ in range(2000))
