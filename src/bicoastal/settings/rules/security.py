"""BC6xx: the secret, exposure, and what must not be written down."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from bicoastal.settings.draft import Draft
from bicoastal.settings.keys import dotted
from bicoastal.settings.rules.base import Problem, rule
from bicoastal.settings.rules.network import parsed
from bicoastal.settings.secrecy import HIDDEN, is_secret_key, quoted, shown

SECRET_ARN = (
    "https://docs.aws.amazon.com/secretsmanager/latest/userguide/"  # noqa: S105  (a page's address)
    "reference_iam-permissions.html"
)
REPLICAS = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html"
PARTIAL = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html"
PUBLIC = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "USER_VPC.WorkingWithRDSInstanceinaVPC.html"
)
TAGS = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"
SUBSCRIBE = "https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html"

_ARN = re.compile(
    r"arn:(?P<partition>aws|aws-cn|aws-us-gov):secretsmanager:(?P<region>[a-z0-9-]+):[0-9]{12}:"
    r"secret:(?P<name>[A-Za-z0-9/_+=.@-]{1,519})"
)
_GOOD = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bicoastal/dev-AbCdEf"
_CREATE = (
    "Create one with the keys username and password in the home region, replicated to the "
    "standby region, and give its ARN: pulumi config set secretArn ARN."
)


def _clients(*cidrs: str, endpoint: str = "private") -> dict[str, Any]:
    return {"network": {"clientCidrs": cidrs}, "health": {"endpointCheck": endpoint}}


@rule(
    "BC601",
    "error",
    source=REPLICAS,
    passes=[{"secretArn": _GOOD}],
    fails=[{}, {"secretArn": ""}],
)
def secret_given(draft: Draft) -> Iterable[Problem]:
    """A deployment names the secret that holds the master user's name and password."""
    if draft.deploying and draft.settings.secret_arn is None:
        yield Problem(
            "secretArn",
            "secretArn is missing: bicoastal invents no password and keeps none in its state, it "
            "takes them from an existing secret in Secrets Manager.",
            _CREATE,
        )


@rule(
    "BC602",
    "error",
    source=SECRET_ARN,
    passes=[{"secretArn": _GOOD}, {}],
    fails=[
        {"secretArn": "bicoastal/dev"},
        {"secretArn": "arn:aws:ssm:us-east-1:123456789012:parameter/x"},
        {"secretArn": _GOOD.replace("123456789012", "1234")},
    ],
)
def secret_form(draft: Draft) -> Iterable[Problem]:
    """`secretArn` is the ARN of a secret."""
    arn = draft.settings.secret_arn
    if arn is not None and not _ARN.fullmatch(arn):
        yield Problem(
            "secretArn",
            f"secretArn is {shown('secretArn', arn)}, which is not the ARN of a secret in Secrets "
            "Manager (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX).",
            "Give the secret's ARN; never the password itself, which belongs in the secret.",
            arn,
        )


@rule(
    "BC603",
    "error",
    source=REPLICAS,
    passes=[{"secretArn": _GOOD}],
    fails=[{"secretArn": _GOOD.replace("us-east-1", "us-west-2")}],
)
def secret_at_home(draft: Draft) -> Iterable[Problem]:
    """The secret is in the home region."""
    home = draft.settings.regions.home
    match = _ARN.fullmatch(draft.settings.secret_arn or "")
    if match and match["region"] != home:
        wanted, found = shown("regions.home", home), shown("region", match["region"])
        yield Problem(
            "secretArn",
            f"secretArn names a secret in {found}, but regions.home is {wanted}, where the "
            "members' credentials are read at creation.",
            f"Give the ARN of the secret in {wanted}; its replica belongs in the standby region.",
            draft.settings.secret_arn,
            related=("regions.home",),
        )


@rule(
    "BC604",
    "warning",
    source=PARTIAL,
    passes=[{"secretArn": _GOOD}, {"secretArn": "bicoastal/dev"}],
    fails=[{"secretArn": _GOOD.removesuffix("-AbCdEf")}],
)
def secret_whole(draft: Draft) -> Iterable[Problem]:
    """`secretArn` ends with the six characters that Secrets Manager adds."""
    match = _ARN.fullmatch(draft.settings.secret_arn or "")
    if match and not re.search(r"-[A-Za-z0-9]{6}$", match["name"]):
        yield Problem(
            "secretArn",
            "secretArn is without the hyphen and six characters that Secrets Manager adds to a "
            "name; permissions that name it would not match the secret.",
            "Give the whole ARN: aws secretsmanager describe-secret --secret-id NAME.",
            draft.settings.secret_arn,
        )


@rule(
    "BC605",
    "error",
    source=PUBLIC,
    passes=[_clients("198.51.100.0/24", endpoint="public"), _clients("10.0.0.0/8")],
    fails=[_clients("0.0.0.0/0"), _clients("10.0.0.0/8", "0.0.0.0/0", endpoint="public")],
)
def not_open(draft: Draft) -> Iterable[Problem]:
    """The database is not open to the whole internet."""
    for number, cidr in enumerate(draft.settings.network.client_cidrs):
        network = parsed(cidr)
        if network and network.prefixlen == 0:
            key = f"network.clientCidrs[{number}]"
            yield Problem(
                key,
                f"{key} is {cidr}, which opens the database's port to every address.",
                "Name the ranges from which your applications connect.",
                cidr,
            )


@rule(
    "BC606",
    "warning",
    source=PUBLIC,
    passes=[{}],
    fails=[{"health": {"endpointCheck": "public"}}],
)
def private_endpoint(draft: Draft) -> Iterable[Problem]:
    """The members have private endpoints."""
    if draft.settings.health.endpoint_check == "public":
        yield Problem(
            "health.endpointCheck",
            "health.endpointCheck is public, so the members stand in public subnets with public "
            "addresses, and only security groups and TLS keep others out.",
            "Choose private, which uses the witnesses, unless clients must come from outside.",
            "public",
        )


@rule(
    "BC607",
    "warning",
    source=TAGS,
    passes=[{"tags": {"Owner": "me"}}],
    fails=[{"tags": {"DbPassword": "hunter2"}}, {"tags": {"Note": "AKIAABCDEFGHIJKLMNOP"}}],
)
def no_secret_tags(draft: Draft) -> Iterable[Problem]:
    """No tag holds a secret: tags are readable by many and shown in bills."""
    for key, value in draft.settings.tags.items():
        if is_secret_key(key) or shown(key, value) == HIDDEN:
            yield Problem(
                dotted(["tags", key]),
                f"The tag {quoted('tags', key)} looks like a secret, but tags are readable by many "
                "and shown in bills.",
                "Keep secrets in Secrets Manager.",
                value,
                at_key=True,
            )


@rule(
    "BC608",
    "error",
    source=SUBSCRIBE,
    passes=[{"monitoring": {"alarmEmails": ["ops@example.com"]}}],
    fails=[{"monitoring": {"alarmEmails": ["ops@example.com", "ops"]}}],
)
def emails(draft: Draft) -> Iterable[Problem]:
    """`alarmEmails` are e-mail addresses."""
    for number, address in enumerate(draft.settings.monitoring.alarm_emails):
        # The length comes first: on a very long address the pattern would take minutes.
        if len(address) > 320 or not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
            key = f"monitoring.alarmEmails[{number}]"
            yield Problem(
                key,
                f"{key} is {quoted(key, address)}, which is not an e-mail address.",
                "Write one such as ops@example.com.",
                address,
            )


@rule(
    "BC612",
    "error",
    source="https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html",
    passes=[{"monitoring": {"alarmUrls": ["https://events.example.com/sns"]}}],
    fails=[
        {"monitoring": {"alarmUrls": [url]}}
        for url in ("http://events.example.com/sns", "events.example.com", "https://me:pw@x.org/")
    ],
)
def alarm_urls(draft: Draft) -> Iterable[Problem]:
    """`alarmUrls` are HTTPS addresses without a user and password."""
    for number, url in enumerate(draft.settings.monitoring.alarm_urls):
        if len(url) > 2048 or not re.fullmatch(r"https://[^/\s@]+(/\S*)?", url):
            key = f"monitoring.alarmUrls[{number}]"
            yield Problem(
                key,
                f"{key} is {quoted(key, url)}, but notices go to an HTTPS address only, and what "
                "stands before an @ would be readable in the stack's state.",
                "Write one such as https://events.example.com/sns.",
                url,
            )
