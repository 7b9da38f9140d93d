from blynk_gateway.config.suggest import MAX_WORD_LENGTH, suggestion


def test_nearest_word_is_suggested_whatever_its_case() -> None:
    assert suggestion("TOKN", ["token", "name"]) == '; did you mean "token"?'


def test_nothing_is_suggested_for_a_far_word() -> None:
    assert suggestion("mqtt", ["token", "name"]) == ""
    assert suggestion("float", ["int", "double", "location"]) == ""


def test_long_words_are_not_compared() -> None:
    word = "a" * (MAX_WORD_LENGTH + 1)
    assert suggestion(word, [word]) == ""
