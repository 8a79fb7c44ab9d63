"""The zip for Lambda: the same bytes every time, nothing else in it, and it runs on its own."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import importlib.util
import io
import json
import ssl
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import bicoastal
from bicoastal.failover import bundle, handlers
from bicoastal.failover.config import CA_FILE, ProberConfig
from bicoastal.failover.errors import BundleError

from . import servers
from .fakes import HOME, STANDBY, config

# What Lambda's Python runtime brings along: boto3 and what it needs.
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")


def infos() -> list[zipfile.ZipInfo]:
    return zipfile.ZipFile(io.BytesIO(bundle.build())).infolist()


def test_the_bytes_are_the_same_on_every_build() -> None:
    first = bundle.build()
    bundle.build.cache_clear()
    assert bundle.build() == first


def test_the_bytes_do_not_depend_on_the_files_dates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(str(bicoastal.__file__)).parent
    for path in (root / "__init__.py", root / "errors.py", *(root / "failover").glob("*.py")):
        copy = tmp_path / "bicoastal" / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (tmp_path / "bicoastal" / "failover" / "__pycache__").mkdir()
    (tmp_path / "bicoastal" / "failover" / "__pycache__" / "x.pyc").write_bytes(b"x")
    first = bundle.build()
    bundle.build.cache_clear()
    monkeypatch.setattr(bicoastal, "__file__", str(tmp_path / "bicoastal" / "__init__.py"))
    assert bundle.build() == first
    bundle.build.cache_clear()


def test_entries_are_sorted_dated_and_readable() -> None:
    names = [info.filename for info in infos()]
    assert names == sorted(set(names))
    for info in infos():
        assert info.date_time == (1980, 1, 1, 0, 0, 0)
        assert info.external_attr >> 16 == 0o100644
        assert info.compress_type == zipfile.ZIP_STORED


def test_it_holds_the_failover_package_and_pymysql_and_nothing_else() -> None:
    names = {info.filename for info in infos()}
    assert {"bicoastal/__init__.py", "bicoastal/errors.py"} < names
    assert {"bicoastal/failover/handlers.py", "pymysql/connections.py", "pymysql/LICENSE"} < names
    for name in names - {"bicoastal/__init__.py", "bicoastal/errors.py", "pymysql/LICENSE"}:
        assert name.startswith(("bicoastal/failover/", "pymysql/"))
        assert name.endswith(".py")


def test_the_digest_is_what_lambda_computes() -> None:
    assert bundle.digest() == base64.b64encode(hashlib.sha256(bundle.build()).digest()).decode()


def test_it_can_be_written_under_a_name_of_its_content(tmp_path: Path) -> None:
    path = bundle.write(tmp_path)
    assert path.read_bytes() == bundle.build()
    assert bundle.write(tmp_path) == path
    assert path.name == f"failover-{hashlib.sha256(bundle.build()).hexdigest()[:16]}.zip"


@pytest.mark.parametrize("files", (None, []))
def test_pymysql_has_to_be_installed_as_files(
    files: list[Any] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Distribution:
        def __init__(self) -> None:
            self.files = files

    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Distribution())
    with pytest.raises(BundleError, match="reinstall"):
        bundle._pymysql_files()


def test_pymysql_has_to_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(BundleError, match="pip install pymysql"):
        bundle._pymysql_files()


PROGRAM = """
import json, sys
sys.path[:0] = sys.argv[1:3]
from bicoastal.failover import handlers
vote = handlers.prober({"region": sys.argv[3]}, None)
try:
    handlers.controller({"rounds": 1}, None)
except Exception as error:
    vote["controller"] = str(error)
vote["loaded"] = sorted({name.split(".")[0] for name in sys.modules})
vote["from"] = handlers.__file__
print(json.dumps(vote))
"""


def test_it_runs_with_nothing_but_boto3(tmp_path: Path) -> None:
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for name in RUNTIME:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        found = Path(spec.origin)
        source = found.parent if found.name == "__init__.py" else found
        (runtime / source.name).symlink_to(source)
    path = bundle.write(tmp_path)
    with servers.serve(servers.says(servers.greeting())) as member:
        text = ProberConfig(STANDBY, {HOME: member, STANDBY: member}).to_json()
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", PROGRAM, str(path), str(runtime), HOME],
            env={"BICOASTAL_CONFIG": text, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    vote = json.loads(done.stdout)
    assert (vote["verdict"], vote["from"]) == ("UP", f"{path}/bicoastal/failover/handlers.py")
    assert vote["controller"].startswith("BICOASTAL_CONFIG: ")
    assert not {"pydantic", "pulumi", "yaml", "rich", "typer"} & set(vote["loaded"])


def test_both_configurations_fit_into_lambdas_environment() -> None:
    # 4 KB for all variables together:
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    assert len(config().to_json()) < 3000


def test_authorities_go_into_the_zip_where_the_prober_looks_for_them(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(Path(ssl.get_default_verify_paths().openssl_cafile).read_bytes())
    with zipfile.ZipFile(io.BytesIO(bundle.build(file))) as archive:
        assert archive.read(CA_FILE) == file.read_bytes()
    assert bundle.digest(file) != bundle.digest()
    assert Path(bicoastal.__file__).parents[1] == handlers._ROOT


@pytest.mark.parametrize("content", (None, "no certificate"))
def test_what_holds_no_authorities_is_refused(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BundleError, match=r"health.caFile: .*ca.pem holds no certificate"):
        bundle.build(file)
