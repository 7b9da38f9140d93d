"""What options say of themselves."""

from blynk_gateway.config.webhooks.mixed import MixedText
from blynk_gateway.config.webhooks.options import (
    JsonBody,
    JsonWord,
    Method,
    WebhookOptions,
    texts_of,
)

TEXT = MixedText(("a",))


def test_the_method_is_that_of_the_body_unless_it_is_given() -> None:
    assert WebhookOptions("x", TEXT).verb is Method.GET
    assert WebhookOptions("x", TEXT, form={}).verb is Method.POST
    assert WebhookOptions("x", TEXT, body=TEXT, method=Method.PUT).verb is Method.PUT
    assert not WebhookOptions("x", TEXT).has_body


def test_every_text_of_a_document_is_found() -> None:
    document: JsonBody = {"a": (TEXT, JsonWord("1"), {"b": TEXT}), "c": JsonWord("null")}
    assert list(texts_of(document)) == [TEXT, TEXT]
