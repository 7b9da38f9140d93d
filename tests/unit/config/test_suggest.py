from blynk_gateway.config.suggest import MAX_WORD_LENGTH, MAX_WORDS, hint, suggestion


def test_nearest_word_is_suggested_whatever_its_case() -> None:
    assert suggestion("TOKN", ["token", "name"]) == '; did you mean "token"?'


def test_nothing_is_suggested_for_a_far_word() -> None:
    assert suggestion("mqtt", ["token", "name"]) == ""
    assert suggestion("float", ["int", "double", "location"]) == ""


def test_long_words_are_not_compared() -> None:
    word = "a" * (MAX_WORD_LENGTH + 1)
    assert suggestion(word, [word]) == ""


def test_more_words_than_can_be_compared_in_no_time_are_not() -> None:
    words = [f"rule-{number}" for number in range(MAX_WORDS)]
    assert suggestion("rul-1", words)
    assert suggestion("rul-1", [*words, "rule"]) == ""


def test_habit_goes_before_what_looks_alike() -> None:
    habits = {"sun": "set", "and": "write a list"}
    assert hint("Sun", ["set", "sum"], habits) == ("set", '; did you mean "set"?')
    assert hint("and", ["any"], habits) == ("", "; write a list")
    assert hint("anny", ["any"], habits) == ("any", '; did you mean "any"?')
    assert hint("foo", ["any"], habits) == ("", "")
