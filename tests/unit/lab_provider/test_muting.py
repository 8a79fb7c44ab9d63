"""What mutes an alarm over others reaches CloudWatch; the embedded AWS takes it and forgets it."""

from __future__ import annotations

from typing import Any

from botocore.session import get_session
from botocore.validate import ParamValidator

from bicoastal.lab.provider.overview import CompositeAlarm


def test_the_suppressor_is_asked_for_under_aws_s_names() -> None:
    asked: dict[str, Any] = {}
    fake = type("Fake", (), {"put_composite_alarm": lambda _self, **more: asked.update(more)})()
    alarm = {"alarmName": "outage", "alarmRule": 'ALARM("down")'}
    CompositeAlarm().put(fake, alarm)
    assert set(asked) == {"AlarmName", "AlarmRule"}
    suppressor = {"alarm": "maintenance", "waitPeriod": 60, "extensionPeriod": 180}
    CompositeAlarm().put(fake, alarm | {"actionsSuppressor": suppressor})
    assert {key: value for key, value in asked.items() if key.startswith("ActionsSuppressor")} == {
        "ActionsSuppressor": "maintenance",
        "ActionsSuppressorWaitPeriod": 60,
        "ActionsSuppressorExtensionPeriod": 180,
    }
    model = get_session().get_service_model("cloudwatch").operation_model("PutCompositeAlarm")
    assert model.input_shape is not None
    assert not ParamValidator().validate(asked, model.input_shape).has_errors()
