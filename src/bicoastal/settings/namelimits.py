"""What each service of AWS takes as a name."""

from __future__ import annotations

import re

_RDS = re.compile(r"(?=.{1,63}$)[a-z](?:-?[a-z0-9])*")
_RDS_LONG = re.compile(r"(?=.{1,255}$)[a-z](?:-?[a-z0-9])*")

NAME_LIMITS: dict[str, re.Pattern[str]] = {
    "global cluster": _RDS,
    "DB cluster": _RDS,
    "DB instance": _RDS,
    "DB snapshot": _RDS_LONG,
    "DB parameter group": _RDS_LONG,
    "DB subnet group": re.compile(r"(?!default$)[a-zA-Z][a-zA-Z0-9._ -]{0,254}"),
    "budget": re.compile(r"(?!.*/action/)[^:\\]{1,100}"),
    "KMS alias": re.compile(r"(?=.{1,256}$)alias/(?!aws/)[a-zA-Z0-9/_-]+"),
    "IAM role": re.compile(r"[\w+=,.@-]{1,64}", re.ASCII),
    "Lambda function": re.compile(r"[a-zA-Z0-9_-]{1,64}"),
    "EventBridge rule": re.compile(r"[.\-_A-Za-z0-9]{1,64}"),
    "log group": re.compile(r"[.\-_/#A-Za-z0-9]{1,512}"),
    "SNS topic": re.compile(r"[A-Za-z0-9_-]{1,256}"),
    "CloudWatch alarm": re.compile(r"[ -~]{1,255}"),
    "dashboard": re.compile(r"[A-Za-z0-9_-]{1,255}"),
    "event subscription": _RDS_LONG,
    "metric filter": re.compile(r"[^:*]{1,512}"),
    "DynamoDB table": re.compile(r"[a-zA-Z0-9_.-]{3,255}"),
    "security group": re.compile(r"(?!sg-)[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}"),
    "set identifier": re.compile(r"[ -~]{1,128}"),
    "Name tag": re.compile(r"[\w .:/=+@-]{0,256}"),
}
"""What each service takes as a name.

Sources, service by service: the API reference's constraint on the name, such as
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html and
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html.
"""
