"""`bicoastal bootstrap` without a database: what it prints, and what it needs to apply it."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import pymysql
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.errors import BicoastalError
from bicoastal.operate import bootstrapping
from bicoastal.operate.bootstrap import BY_IAM, BootstrapError, Outcome, apply, statements

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"
APPLY = ("bootstrap", "--apply", "--host", "db.example", "--tls", "off")


def run(*arguments: str, **more: Any) -> Any:
    return CliRunner().invoke(app, arguments, **more)


def test_the_statements_are_printed_as_they_can_be_pasted() -> None:
    result = run("bootstrap")
    assert result.exit_code == 0
    for statement in statements():
        assert f"-- {statement.what}\n{statement.sql};\n" in result.stdout
    rows = json.loads(run("bootstrap", "--json").stdout)["statements"]
    assert [row["sql"] for row in rows] == [statement.sql for statement in statements()]


def test_the_probe_user_is_iams_inside_tls_and_may_write_one_table() -> None:
    sql = "\n".join(statement.sql for statement in statements())
    assert sql.count("IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'") == 2
    assert "REQUIRE SSL WITH MAX_USER_CONNECTIONS 12" in sql
    grants = [line for line in sql.splitlines() if line.startswith("GRANT")]
    assert grants == ["GRANT INSERT, DELETE ON bicoastal.heartbeat TO 'bicoastal_probe'@'%'"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    (
        (("bootstrap", "--apply", "--tls", "off"), "--apply needs --host"),
        (("bootstrap", "--apply", "--host", "h"), "cannot be verified without --ca-file"),
        (("bootstrap", "--apply", "--ca-file", "/no.pem"), "/no.pem holds no certificate"),
        (APPLY, "--apply needs --user"),
        ((*APPLY, "--user", "u", "--password-env", "ABSENT"), "ABSENT is not in the environment"),
    ),
)
def test_bad_usage_is_named(arguments: tuple[str, ...], text: str) -> None:
    error = run(*arguments).exception
    assert isinstance(error, BicoastalError)
    assert text in str(error)


class FakeConnection:
    """A database in which some of it is there already; says that it is a fake."""

    def __init__(self, present: int) -> None:
        self.present = present
        self.said: list[str] = []

    def cursor(self) -> FakeConnection:
        return self

    def __enter__(self) -> FakeConnection:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        pass

    def execute(self, sql: str) -> int:
        if sql.startswith("SELECT"):
            self.present -= 1
            return int(self.present >= 0)
        self.said.append(sql)
        return 0


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> tuple[FakeConnection, list[Any]]:
    fake, logins = FakeConnection(present=2), []

    def connect(login: bootstrapping.Login, _tls: object) -> FakeConnection:
        logins.append(login)
        return fake

    monkeypatch.setattr(bootstrapping, "connect", connect)
    return fake, logins


def test_what_is_missing_is_applied_and_the_password_is_asked_for(
    database: tuple[FakeConnection, list[Any]],
) -> None:
    fake, logins = database
    result = run(*APPLY, "--user", "admin", input="secret\n")
    assert result.exit_code == 0, result.output
    assert fake.said == [statement.sql for statement in statements()[2:]]
    assert logins == [bootstrapping.Login("db.example", 3306, "admin", "secret")]
    lines = result.stdout.splitlines()
    assert sum(line.startswith("is so") for line in lines) == 2
    assert sum(line.startswith("done") for line in lines) == 3
    assert "secret" not in result.output


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    database: tuple[FakeConnection, list[Any]],
) -> None:
    result = run(*APPLY, "--user", "admin", "--dry-run", input="secret\n")
    assert result.stdout.count("would do") == 3
    assert database[0].said == []


def test_the_master_user_comes_from_the_stacks_secret(
    database: tuple[FakeConnection, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(f"config:\n  bicoastal:secretArn: {ARN}\n")
    asked: list[str] = []

    def from_secret(_clients: object, arn: str) -> tuple[str, str]:
        asked.append(arn)
        return "admin", "kept"

    monkeypatch.setattr(bootstrapping, "from_secret", from_secret)
    assert run(*APPLY, "--stack", str(file)).exit_code == 0
    assert asked == [ARN]
    assert database[1] == [bootstrapping.Login("db.example", 3306, "admin", "kept")]


class FakeSecrets:
    """Secrets Manager with one secret, or a refusal; says that it is a fake."""

    def __init__(self, text: str | Exception) -> None:
        self._text = text

    def get(self, service: str, region: str) -> FakeSecrets:
        assert (service, region) == ("secretsmanager", "us-east-1")
        return self

    def get_secret_value(self, **_: str) -> dict[str, str]:
        if isinstance(self._text, Exception):
            raise self._text
        return {"SecretString": self._text}


def test_a_secret_is_read_and_never_repeated() -> None:
    good: Any = FakeSecrets('{"username": "admin", "password": "p"}')
    assert bootstrapping.from_secret(good, ARN) == ("admin", "p")
    for text in ("p4ss", "[]", '{"username": "p4ss"}'):
        bad: Any = FakeSecrets(text)
        with pytest.raises(BootstrapError, match="does not hold") as raised:
            bootstrapping.from_secret(bad, ARN)
        assert "p4ss" not in str(raised.value)
    refusal = ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSecretValue"
    )
    refusing: Any = FakeSecrets(refusal)
    with pytest.raises(BootstrapError, match="AccessDeniedException: no"):
        bootstrapping.from_secret(refusing, ARN)


def test_tls_verifies_unless_told_otherwise() -> None:
    authorities = Path(ssl.get_default_verify_paths().openssl_cafile)
    verified = bootstrapping.tls("verify", authorities)
    assert verified is not None
    assert (verified.verify_mode, verified.check_hostname) == (ssl.CERT_REQUIRED, True)
    encrypted = bootstrapping.tls("encrypt", None)
    assert encrypted is not None
    assert encrypted.verify_mode is ssl.CERT_NONE
    assert bootstrapping.tls("off", None) is None


def test_a_standby_cannot_be_bootstrapped() -> None:
    class Standby(FakeConnection):
        def execute(self, sql: str) -> int:
            if sql.startswith("SELECT"):
                return 0
            raise pymysql.OperationalError(1290, "read-only")

    with pytest.raises(BootstrapError, match=r"schema of the heartbeat: .*connect to the writer"):
        apply(Standby(0), BY_IAM)
    assert apply(Standby(0), dry=True)[0] == Outcome(
        "schema of the heartbeat", "CREATE DATABASE IF NOT EXISTS bicoastal", changes=True
    )
