"""Whatever the bytes are: findings or success, never a traceback, in bounded time and memory."""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bicoastal.settings import Finding, review_stack_file, validate_pulumi_config
from bicoastal.settings.keys import groups, known_keys
from bicoastal.settings.loading import review_stack_content
from bicoastal.settings.yamltext import LONGEST

SEED = 20_261_124
INPUTS = 9_500
CONFIGURATIONS = 500
MOST_SECONDS = 2.0
MOST_MIB = 400

WHOLE = """\
config:
  aws:region: us-east-1
  bicoastal:environmentSuffix: dev
  bicoastal:secretArn: arn:aws:secretsmanager:us-east-1:123456789012:secret:bicoastal/dev-AbCdEf
  bicoastal:tags: {Owner: me, "Größe": "10"}
  bicoastal:regions: &regions
    home: us-east-1
    standby: us-west-2
  bicoastal:database:
    instanceClass: db.r9g.large  # bicoastal: ignore BC204 -- offered to us
    serverlessMinAcu: 0.5
    port: 3306
  bicoastal:network:
    clientCidrs:
      - 10.40.0.0/16
  bicoastal:failover: '{"mode": "observe", "threshold": 7}'
"""
SCALARS = (
    "", "~", "null", "true", "no", "0", "-1", "0.7", "1e400", ".inf", "-.inf", ".nan", "0x1F",
    "0o17", "1_000", "190:20:30", "1:" * 300 + "1", "1:" * 300 + "1.5", "9" * 5_000, "2026-11-24",
    "2026-99-99", "2026-11-24T25:00:00Z", "'", '"', '"\\ud800"', '"\\x00\\x07\\e[31m"', "|", ">-",
    "!!bool x", "!!int ''", "!!float ''", "!!timestamp x", "!!binary x", "!!binary AAAA",
    "!!set {a, b}", "!!omap [a: 1]", "!!pairs [a: 1]", "!!null x", "!!python/name:os.system",
    "!!str [a]", "!!map []", "!!seq {}", "!", "!x y", "&a x", "*a", "*nosuch", "&a [*a]",
    "{a: &b {c: *b}}", "[[[[[[]]]]]]", "{secure: AAAA}", "{secure: {secure: [x]}}", "[1, x, {}]",
    "{? [a] : b}", "{? {a: b} : c}", "{1: 2, null: 3, true: 4}", "<<", "{<<: [1]}",
    "{<<: {port: 1}}", "'{\"port\": NaN}'", "'{\"port\": 1, \"port\": 2}'", "'[1'", "::/0",
    "db.t3.small", "10.0.0.0/8", "x" * 3_000, "aA1" * 1_000, "a@" + "b." * 500 + "@", "\u2028",
    "\u202egpj.exe", "💥", "# none", "x  # bicoastal: ignore BC204", "%", "@", "`", "- x", "? y",
    "x  # bicoastal: ignore BC0 -- y", "db." + "x" * 900 + ".large",
)  # fmt: skip
PUNCTUATION = ("\n", "  ", "\t", ": ", "- ", "---\n", "...\n", "\r", "\ufeff")
PIECES = (*SCALARS, *PUNCTUATION, "config:", "bicoastal:")


def some_key(draw: random.Random) -> str:
    keys = [*known_keys(), *groups(), "secure", "<<", "bicoastal", "x" * 300, "5", "''"]
    return draw.choice(keys).rsplit(".", 1)[-1]


def some_value(draw: random.Random, depth: int = 0) -> str:
    """A value in flow style: a scalar, or up to a few levels of mappings and sequences."""
    kind = draw.random()
    if depth > 4 or kind < 0.6:
        return draw.choice(SCALARS)
    parts = [some_value(draw, depth + 1) for _ in range(draw.randrange(4))]
    if kind < 0.85:
        return "{" + ", ".join(f"{some_key(draw)}: {part}" for part in parts) + "}"
    return "[" + ", ".join(parts) + "]"


def generated(draw: random.Random) -> bytes:
    """A stack file whose keys are known and whose values are anything."""
    lines = ["config:"]
    for _ in range(draw.randrange(1, 6)):
        key = draw.choice([*known_keys(), *groups()])
        group, _, field = key.partition(".")
        lines.append(f"  bicoastal:{group}:" + ("" if field else f" {some_value(draw)}"))
        if field:
            lines.append(f"    {field}: {some_value(draw)}")
    return "\n".join(lines).encode("utf-8", "replace")


def cut_and_pasted(draw: random.Random) -> bytes:
    """The good file, with pieces put in, taken out and swapped."""
    text = WHOLE
    for _ in range(draw.randrange(1, 8)):
        at = draw.randrange(len(text) + 1)
        until = at + draw.choice((0, 0, 1, 5, 40))
        text = text[:at] + draw.choice(PIECES) + text[until:]
    return text.encode("utf-8", "replace")


def reordered(draw: random.Random) -> bytes:
    """The good file's lines in another order, some twice, with other indentation."""
    lines = draw.choices(WHOLE.splitlines(), k=draw.randrange(1, 25))
    return "\n".join(" " * draw.choice((0, 0, 0, 2)) + line for line in lines).encode()


def flipped(draw: random.Random) -> bytes:
    """The good file with some bytes replaced by any others."""
    content = bytearray(WHOLE.encode())
    for _ in range(draw.randrange(1, 6)):
        content[draw.randrange(len(content))] = draw.randrange(256)
    return bytes(content[: draw.randrange(len(content) + 1)])


def binary(draw: random.Random) -> bytes:
    """No text at all."""
    return draw.randbytes(draw.randrange(200))


KINDS: tuple[Callable[[random.Random], bytes], ...] = (
    generated,
    cut_and_pasted,
    reordered,
    flipped,
    binary,
)


@contextmanager
def untraced() -> Iterator[None]:
    """Let coverage look away: all inputs run the same lines, and tracing triples the time."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


def well_formed(finding: Finding) -> bool:
    """Whether a finding is complete, and safe to print."""
    texts = (finding.rule_id, finding.key, finding.value, finding.message, finding.cure)
    return (
        bool(finding.message and finding.cure)
        and "".join(texts).isprintable()
        and len(finding.message) < 2_000
    )


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
def test_any_input_gives_findings_or_success(
    kind: Callable[[random.Random], bytes],
) -> None:
    draw = random.Random(f"{SEED}-{kind.__name__}")
    outcomes = set()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(INPUTS // len(KINDS)):
        content = kind(draw)
        begun = time.process_time()
        try:
            with untraced():
                review = review_stack_content(content, "Pulumi.dev.yaml", deploying=True)
        except Exception as error:  # the test is to show which input it was
            raise AssertionError(f"input {number} of {kind.__name__}: {content!r}") from error
        assert time.process_time() - begun < MOST_SECONDS, content
        for finding in review.findings:
            assert well_formed(finding), (finding, content)
        outcomes.add(frozenset(finding.rule_id for finding in review.findings))
    assert len(outcomes) > 1, "the inputs are all alike"
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (after - before) / 1024 < MOST_MIB


def test_any_configuration_from_pulumi_gives_findings_or_success() -> None:
    draw = random.Random(SEED)
    for _ in range(CONFIGURATIONS):
        config = {f"bicoastal:{some_key(draw)}": some_value(draw) for _ in range(4)}
        config["bicoastal:database"] = json.dumps({some_key(draw): draw.choice(SCALARS)})
        with untraced():
            findings = validate_pulumi_config(config)
        assert all(well_formed(finding) for finding in findings)


def config_of(*lines: str) -> str:
    return "\n".join(["config:", *lines, ""])


def many(line: str, head: str) -> str:
    """As many lines as a stack file may have."""
    room = (LONGEST - len(head) - 20) // (len(line.format(9_999_999)) + 1)
    return config_of(head, *(line.format(number) for number in range(room)))


def doubling(pattern: str) -> str:
    """Thirty values, each of which names the one before twice."""
    head = "a0: &a0 {k: v}\n"
    return head + "".join(f"a{n}: &a{n} {pattern.format(n - 1)}\n" for n in range(1, 31))


HOSTILE = {
    "unknown keys": many("    k{}: 1", "  bicoastal:database:"),
    "unknown keys at the top": many("  bicoastal:k{}: 1", "  a: b"),
    "unknown keys in a long group": many("    k{}: 1", "  bicoastal:" + "g" * 20_000 + ":"),
    "tags": many("    k{}: v", "  bicoastal:tags:"),
    "tags of a wrong type": many("    k{}: 1", "  bicoastal:tags:"),
    "ranges": many("      - {}", "  bicoastal:network:\n    clientCidrs:"),
    "ranges of a wrong type": many("      - [{}]", "  bicoastal:network:\n    clientCidrs:"),
    "addresses": many("      - a{}", "  bicoastal:monitoring:\n    alarmEmails:"),
    "duplicate keys": many("    port: {}", "  bicoastal:database:"),
    "ignores": many("# bicoastal: ignore BC204 -- {}", "  a: b"),
    "unknown ignores": many("# bicoastal: ignore BC99{}", "  a: b"),
    "one long address": config_of(
        "  bicoastal:monitoring:", "    alarmEmails: [a@" + "a." * 25_000 + "@]"
    ),
    "one long value": config_of("  bicoastal:project: " + "a" * 60_000),
    "one long class": config_of("  bicoastal:database: {instanceClass: " + "a" * 60_000 + "}"),
    "one long key": config_of("  bicoastal:database:", "    ? " + "k" * 60_000, "    : 1"),
    "one long domain": config_of("  bicoastal:domainName: " + "a." * 25_000),
    "sexagesimal": config_of("  bicoastal:project: " + "1:" * 30_000 + "1"),
    "sexagesimal fraction": config_of("  bicoastal:project: " + "1:" * 30_000 + "1.5"),
    "brackets": "[" * 60_000,
    "nested": "config:\n" + "".join(" " * n + "a:\n" for n in range(600)),
    "nested JSON": config_of(
        "  bicoastal:database: '{\"port\": " + "[" * 900 + "]" * 900 + "}'"
    ),
    "laughs": doubling("[*a{0}, *a{0}]"),
    "laughing keys": doubling("{{? [*a{0}, *a{0}] : *a{0}}}"),
    "laughing merges": doubling("{{<<: [*a{0}, *a{0}]}}"),
    "wide aliases": "b: &b {" + ", ".join(f"k{n}: 1" for n in range(2_000)) + "}\n" + config_of(
        "  bicoastal:tags: {" + ", ".join(f"t{n}: *b" for n in range(2_000)) + "}"
    ),
    "self in a key": "config: &c {? [*c] : 1}\n",
    "self": "config: &c {bicoastal:database: *c, bicoastal:network: {clientCidrs: &d [*d]}}\n",
    "too long": "a: b\n" * 100_000,
}  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_input_takes_bounded_time_and_memory(text: str, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(text, "utf-8")
    begun = resource.getrusage(resource.RUSAGE_SELF)
    review = review_stack_file(file)
    ended = resource.getrusage(resource.RUSAGE_SELF)
    assert ended.ru_utime - begun.ru_utime < 2 * MOST_SECONDS
    assert (ended.ru_maxrss - begun.ru_maxrss) / 1024 < MOST_MIB
    assert all(well_formed(finding) for finding in review.findings)
