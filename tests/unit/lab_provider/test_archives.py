"""The zip that a function's code becomes."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pulumi
import pytest

from bicoastal.lab.provider import ProviderError
from bicoastal.lab.provider.archives import digest_of, zip_of


def content(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "pkg" / "__pycache__").mkdir(parents=True)
    (tmp_path / "pkg" / "a.py").write_text("a")
    (tmp_path / "pkg" / "__pycache__" / "a.pyc").write_text("compiled")
    (tmp_path / "b.py").write_text("b")

    assert content(zip_of(pulumi.FileArchive(str(tmp_path)))) == {"pkg/a.py": b"a", "b.py": b"b"}
    assert content(zip_of(str(tmp_path))) == {"pkg/a.py": b"a", "b.py": b"b"}


def test_assets_files_and_folders_in_one(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "c.py").write_text("c")
    code = pulumi.AssetArchive(
        {
            "text.py": pulumi.StringAsset("t"),
            "file.py": pulumi.FileAsset(str(tmp_path / "lib" / "c.py")),
            "deep": pulumi.AssetArchive({"x": pulumi.StringAsset("x")}),
            "lib": pulumi.FileArchive(str(tmp_path / "lib")),
        }
    )

    assert content(zip_of(code)) == {
        "text.py": b"t", "file.py": b"c", "deep/x": b"x", "lib/c.py": b"c",
    }  # fmt: skip


def test_a_zip_file_is_not_packed_again(tmp_path: Path) -> None:
    path = tmp_path / "code.zip"
    path.write_bytes(b"whatever it is")
    assert zip_of(pulumi.FileArchive(str(path))) == b"whatever it is"
    assert zip_of(str(path)) == b"whatever it is"


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("a")
    first = zip_of(pulumi.FileArchive(str(tmp_path)))
    os.utime(file, (1, 1_000_000_000))
    second = zip_of(pulumi.AssetArchive({"a.py": pulumi.StringAsset("a")}))

    assert first == second
    assert digest_of(first) == digest_of(second)
    assert digest_of(b"") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="there is no file or folder"):
        zip_of(pulumi.FileArchive(str(tmp_path / "none")))


@pytest.mark.parametrize("code", (None, pulumi.RemoteArchive("https://example.com/x.zip")))
def test_code_from_elsewhere_is_an_error(code: object) -> None:
    with pytest.raises(ProviderError, match="is not known to the lab"):
        zip_of(code)
