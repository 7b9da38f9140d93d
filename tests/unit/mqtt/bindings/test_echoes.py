from blynk_gateway.mqtt.bindings.echoes import (
    ECHO_S,
    MAX_VALUES,
    Recent,
    Standing,
    Told,
    Verdict,
    key_of,
)

ON, OFF = ("1",), ("0",)
SENSOR, OTHER = "sensor lamp/V1", "other lamp/V1"


def test_numbers_that_mean_the_same_have_one_key() -> None:
    assert key_of(("1.0",)) == key_of(("1",))
    assert key_of(("on",)) != key_of(("ON",))
    assert key_of(("1", "2")) != key_of(("1",))


def test_key_is_recent_for_the_time_of_an_echo() -> None:
    recent = Recent()
    recent.note(1.0, 10)
    assert recent.has(1.0, 10 + ECHO_S - 0.01)
    assert not recent.has(1.0, 10 + ECHO_S)
    assert not recent.has(2.0, 10)


def test_flood_of_values_takes_bounded_memory() -> None:
    recent = Recent()
    for number in range(5 * MAX_VALUES):
        recent.note(float(number), 10)
    kept = sum(recent.has(float(number), 10) for number in range(5 * MAX_VALUES))
    assert 0 < kept <= MAX_VALUES


def test_expired_keys_make_room_first() -> None:
    recent = Recent()
    for number in range(MAX_VALUES - 1):
        recent.note(float(number), 10)
    recent.note(-1.0, 20)
    recent.note(-2.0, 20)
    assert recent.has(-1.0, 20)


class TestStanding:
    def test_other_value_is_news(self) -> None:
        assert Standing(1, OFF, 0).judge(ON, SENSOR, 0) is Verdict.NEWS

    def test_value_that_was_just_written_here_is_an_echo(self) -> None:
        standing = Standing(1, OFF, 0)
        standing.follow(2, ON, None, 10)
        assert standing.judge(ON, SENSOR, 11) is Verdict.ECHO

    def test_value_that_has_stood_for_a_while_is_news_again(self) -> None:
        standing = Standing(1, OFF, 0)
        standing.follow(2, ON, None, 10)
        assert standing.judge(ON, SENSOR, 10 + ECHO_S) is Verdict.NEWS

    def test_binding_that_says_the_same_again_is_no_echo_of_itself(self) -> None:
        standing = Standing(1, OFF, 0)
        standing.follow(2, ON, SENSOR, 10)
        assert standing.judge(ON, SENSOR, 10.1) is Verdict.NEWS
        assert standing.judge(ON, OTHER, 10.1) is Verdict.ECHO

    def test_binding_that_goes_to_and_fro_is_no_echo_of_itself(self) -> None:
        standing = Standing(1, ("5",), 0)
        standing.follow(2, ON, SENSOR, 10)
        standing.follow(3, OFF, SENSOR, 10.1)
        assert standing.judge(ON, SENSOR, 10.2) is Verdict.NEWS

    def test_value_that_stood_until_just_now_is_suspect(self) -> None:
        standing = Standing(1, OFF, 0)
        standing.follow(2, ON, SENSOR, 10)
        assert standing.judge(OFF, SENSOR, 11) is Verdict.SUSPECT
        assert standing.judge(OFF, SENSOR, 10 + ECHO_S) is Verdict.NEWS

    def test_change_that_is_heard_of_late_counts_as_former(self) -> None:
        standing = Standing(1, OFF, 0)
        standing.follow(3, ON, SENSOR, 10)
        standing.follow(2, ("7",), None, 10)
        assert standing.judge(("7",), SENSOR, 11) is Verdict.SUSPECT
        assert standing.judge(ON, SENSOR, 11) is Verdict.NEWS

    def test_change_is_noted_once(self) -> None:
        standing = Standing(1, OFF, 0)
        standing.follow(2, ON, None, 10)
        standing.follow(2, ON, SENSOR, 11)
        assert standing.judge(ON, SENSOR, 11) is Verdict.ECHO


class TestTold:
    def test_far_end_that_was_told_nothing_is_owed_nothing(self) -> None:
        assert not Told().owes(ON)

    def test_far_end_is_owed_what_it_was_not_told(self) -> None:
        told = Told()
        told.tell(ON, 10)
        assert not told.owes(ON)
        assert told.owes(OFF)

    def test_last_words_are_an_echo_for_a_while(self) -> None:
        told = Told()
        told.tell(ON, 10)
        assert told.judge(ON, 11) is Verdict.ECHO
        assert told.judge(ON, 10 + ECHO_S) is Verdict.NEWS
        assert told.judge(OFF, 11) is Verdict.NEWS

    def test_earlier_words_are_suspect_for_a_while(self) -> None:
        told = Told()
        told.tell(ON, 10)
        told.tell(OFF, 10.5)
        assert told.judge(ON, 11) is Verdict.SUSPECT
        assert told.judge(ON, 10 + ECHO_S) is Verdict.NEWS

    def test_after_a_doubt_the_last_words_are_owed_again(self) -> None:
        told = Told()
        told.tell(ON, 10)
        told.doubt()
        assert told.owes(ON)
        assert told.judge(ON, 11) is Verdict.SUSPECT
        told.tell(ON, 12)
        assert not told.owes(ON)
