"""The reference page says what the code does."""

from docs.generate_protocol_page import PAGE, protocol_page


def test_page_is_what_the_code_says() -> None:
    message = "run: python -m docs.generate_protocol_page"
    assert PAGE.read_text(encoding="utf-8") == protocol_page(), message
