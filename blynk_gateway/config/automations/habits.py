"""Words of other programs that people write in rules by habit, and what to write in their place."""

_PIN_ENTRY = "it belongs into the entry with `pin`"
_ITS_KEY = "the key itself says what it is, such as"

RULE = {
    **dict.fromkeys(("alias", "title"), "name"),
    **dict.fromkeys(("trigger", "triggers", "on", "schedule"), "when"),
    **dict.fromkeys(("condition", "conditions", "only_if"), "if"),
    **dict.fromkeys(("action", "actions", "do", "sequence"), "then"),
    **dict.fromkeys(("throttle", "cooldown"), "limit"),
    "initial_state": "enabled",
    "for": "it belongs to the trigger, in `when`",
    "delay": "it is an action, in `then`",
    "else": "write another rule with the opposite test",
    **dict.fromkeys(("id", "description"), "leave it out, or make it a comment"),
}

TRIGGER = {
    **dict.fromkeys(
        ("platform", "trigger"), f'{_ITS_KEY} {{at: "07:30"}}, {{sun: sunset}} or {{startup: true}}'
    ),
    "time": "at",
    **dict.fromkeys(("every", "interval", "time_pattern", "schedule"), "cron"),
    "topic": "mqtt",
    **dict.fromkeys(("boot", "start", "homeassistant"), "startup"),
    **dict.fromkeys(("sunrise", "sunset"), "write it as in {sun: sunset, offset: -30m}"),
    **dict.fromkeys(
        ("online", "offline", "stale"), "write it as in {device: greenhouse, becomes: offline}"
    ),
    **dict.fromkeys(
        ("above", "below", "between", "outside", "equals", "is", "changes", "any"), _PIN_ENTRY
    ),
    "entity_id": "pin",
}

CONDITION = {
    **dict.fromkeys(
        ("platform", "condition"), f"{_ITS_KEY} {{pin: pi/V1, is: on}} or {{after: sunset}}"
    ),
    **dict.fromkeys(("and", "all"), "a list of conditions means all of them"),
    "or": "any",
    **dict.fromkeys(("time", "at", "sun"), 'write it as in {after: sunset, before: "23:00"}'),
    **dict.fromkeys(("day", "weekday", "weekdays", "weekend"), "days"),
    "between": f'of times write {{after: "22:00", before: "06:00"}}; of values {_PIN_ENTRY}',
    **dict.fromkeys(("above", "below", "outside", "equals", "is"), _PIN_ENTRY),
    "entity_id": "pin",
}

ACTION = {
    **dict.fromkeys(("service", "action"), f"{_ITS_KEY} {{set: {{pi/V1: 1}}}}"),
    **dict.fromkeys(("wait", "sleep", "pause"), "delay"),
    **dict.fromkeys(("email", "mail", "push", "sms", "message"), "notify"),
    **dict.fromkeys(("mqtt", "mqtt.publish"), "publish"),
    **dict.fromkeys(("write", "turn_on", "turn_off", "on", "off"), "set"),
    **dict.fromkeys(("run", "script", "automation"), "scene"),
    **dict.fromkeys(("http", "url", "request", "rest_command"), "webhook"),
    **dict.fromkeys(("event", "log"), "log_event"),
    **dict.fromkeys(("if", "condition"), "conditions stand in `if`, beside `then`"),
}

COMPARISON = {
    **dict.fromkeys((">", ">=", "greater", "greater_than", "higher", "over"), "above"),
    **dict.fromkeys(("<", "<=", "less", "less_than", "lower", "under"), "below"),
    **dict.fromkeys(("=", "==", "to", "value", "payload"), "equals"),
    "!=": "not_equals",
    "state": "is",
}

PIN_TRIGGER = {
    **COMPARISON,
    "device": "it stands in `pin`, as in greenhouse/V5",
    "duration": "for",
    **dict.fromkeys(("days", "after", "before"), "it is a condition, in `if`"),
}
PIN_CONDITION = {
    **COMPARISON,
    "device": "it stands in `pin`, as in greenhouse/V5",
    "for": "only a trigger can have it, in `when`",
    "hysteresis": "only a trigger can have it, in `when`",
    **dict.fromkeys(("days", "after", "before"), "make it a condition of its own, in a list"),
}
DEVICE_TRIGGER = dict.fromkeys(("is", "to", "state"), "becomes")
DEVICE_CONDITION = dict.fromkeys(("becomes", "state"), "is")
TIME_TRIGGER = {
    **dict.fromkeys(("day", "weekday", "weekdays", "weekend"), "days"),
    **dict.fromkeys(("after", "before"), "it is a condition, in `if`"),
}
CRON_TRIGGER = {"days": "weekdays are the fifth field"}
NOTIFY = {
    **dict.fromkeys(("message", "body", "msg"), "text"),
    **dict.fromkeys(("target", "service", "services"), "to"),
    "subject": "title",
}
EVENT = {
    **dict.fromkeys(("event", "name"), "code"),
    **dict.fromkeys(("description", "message"), "text"),
}
PULSE = dict.fromkeys(("duration", "time", "on_for"), "for")
PUBLISH = dict.fromkeys(("message", "value"), "payload")
