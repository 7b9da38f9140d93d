import pytest

from blynk_gateway.config.automations.names import MAX_SLUG_LENGTH, RULE, RULE_NAME, rule_slug


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Too hot", "too-hot"),
        ("Größe: über 30 °C!", "grosse-uber-30-c"),
        ("a", "a"),
        ("x" * 100, "x" * MAX_SLUG_LENGTH),
        ("a" * 63 + " b", "a" * 63),
    ],
)
def test_slug_is_made_of_the_name(name: str, slug: str) -> None:
    assert rule_slug(name) == slug
    assert rule_slug(slug) == slug
    assert RULE.parse(name) == slug


@pytest.mark.parametrize("name", ["", "…", "温室", "a\nb", "x" * 257])
def test_name_without_a_slug_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        RULE_NAME.parse(name)


def test_name_stays_as_it_is_written() -> None:
    assert RULE_NAME.parse("Größe") == "Größe"
