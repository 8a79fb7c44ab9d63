"""Where a command's settings come from."""

from __future__ import annotations

from pathlib import Path

from bicoastal.cli.stackfile import deployable_settings

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:mine-AbCdEf"


def test_the_stack_files_own_secret_is_kept(tmp_path: Path) -> None:
    stack = tmp_path / "Pulumi.dev.yaml"
    stack.write_text(f"config:\n  bicoastal:secretArn: {ARN}\n")
    assert deployable_settings(stack).secret_arn == ARN


def test_without_a_secret_a_placeholder_in_the_home_region_stands_in(tmp_path: Path) -> None:
    stack = tmp_path / "Pulumi.dev.yaml"
    stack.write_text(
        "config:\n  bicoastal:regions: {home: us-west-2, standby: us-east-1, witness: us-east-2}\n"
    )
    assert str(deployable_settings(stack).secret_arn).startswith(
        "arn:aws:secretsmanager:us-west-2:"
    )
