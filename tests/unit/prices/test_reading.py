"""Files that are no price list, end too early or lie elsewhere are named; memory stays small."""

from __future__ import annotations

import functools
import http.server
import io
import json
import os
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from bicoastal.costs import figures
from bicoastal.costs.errors import NoPriceListError, PriceListError
from bicoastal.costs.pricelist import jsonstream
from bicoastal.costs.pricelist.bulk import BulkFiles
from bicoastal.costs.pricelist.collector import Collector
from bicoastal.costs.pricelist.files import read_csv, read_json
from bicoastal.costs.pricelist.jsonstream import JsonStream
from bicoastal.costs.refresh import rebuild

KEY = ("kms:key", "us-east-1")
HEAD = '{"version": "20261120225923", "publicationDate": "2026-11-20T22:59:23Z", '
FIRST = (
    '"Publication Date","2026-11-20T22:59:23Z"\n"Version","20261120225923"\n"a","b"\n"c","d"\n'
    '"e","f"\n'
)
COLUMNS = "SKU,TermType,StartingRange,Unit,PricePerUnit,Currency,usageType\n"


def silent(*_: object) -> None:
    pass


@pytest.fixture
def collector() -> Collector:
    """Looks for one price: a key of KMS in us-east-1."""
    targets = figures.targets((), ("us-east-1", "us-west-2"))
    return Collector([target for target in targets if target.place == KEY])


def walked(stream: JsonStream) -> list[tuple[str, object]]:
    return [(name, stream.value()) for name in stream.members()]


@pytest.mark.parametrize("chunk", (1, 2, 3, 7, 64))
def test_json_in_chunks_of_any_size(chunk, monkeypatch):
    """Values that a chunk cuts in two, numbers among them, come out whole."""
    monkeypatch.setattr(jsonstream, "_CHUNK", chunk)
    body = {"a": 12345, "b": {"c": [1, 2.5], "é": '"}'}, "d": True, "e": None, "f": {}, "g": "x"}
    for text in (json.dumps(body), json.dumps(body, indent=1, ensure_ascii=False)):
        assert dict(walked(JsonStream(io.StringIO(text)))) == body


@pytest.mark.parametrize(
    ("text", "reason"),
    (
        ("", "ends too early"),
        ("[1]", r"'\[' stands where \{ is expected"),
        ('{"a": 1', "ends too early"),
        ('{"a": tru}', "ends too early, or is no JSON"),
        ('{"a" 1}', "'1' stands where : is expected"),
        ('{"a": 1 "b": 2}', "stands where , or } is expected"),
        ('{"a": "' + "x" * 300, "value of more than 100 characters"),
    ),
)
def test_what_is_no_json_is_refused(text, reason, monkeypatch):
    if "more than" in reason:
        monkeypatch.setattr(jsonstream, "_LONGEST", 100)
    with pytest.raises(PriceListError, match=reason):
        walked(JsonStream(io.StringIO(text)))


@pytest.mark.parametrize(
    ("text", "reason"),
    (
        ("{}", "its version is None"),
        (HEAD + '"products": {"A": 1}}', "a product has an unknown form: 1"),
        (HEAD + '"products": {"A": {"sku": "A", "attributes": 3}}}', "a product has an unknown"),
        ('{"version": "x", "publicationDate": "2026-11-20"}', "version is 'x'"),
        ('{"version": "1", "publicationDate": "soon"}', "published 'soon'"),
    ),
)
def test_json_that_is_no_price_list_is_refused(text, reason, collector):
    with pytest.raises(PriceListError, match=reason):
        read_json(io.StringIO(text), collector)


@pytest.mark.parametrize(
    ("terms", "reason"),
    (
        ("1", "the terms of A have an unknown form: 1"),
        ('{"A.J": {}}', "the terms of A have"),
        ('{"A.J": {"priceDimensions": {"x": {"unit": "Keys", "pricePerUnit": {"USD": "-1"}}}}}',
         "'-1' is no quantity or price"),
        ('{"A.J": {"priceDimensions": {"x": {"unit": "Keys", "pricePerUnit": {"USD": "NaN"}}}}}',
         "'NaN' is no quantity or price"),
    ),
)  # fmt: skip
def test_terms_of_another_form_are_refused(terms, reason, collector):
    attributes = {
        "usagetype": "us-east-1-KMS-Keys", "regionCode": "us-east-1", "locationType": "AWS Region",
    }  # fmt: skip
    product = json.dumps({"sku": "A", "attributes": attributes})
    text = f'{HEAD}"products": {{"A": {product}}}, "terms": {{"OnDemand": {{"A": {terms}}}}}}}'
    with pytest.raises(PriceListError, match=reason):
        read_json(io.StringIO(text), collector)


@pytest.mark.parametrize(
    ("text", "reason"),
    (
        ("", "its header lacks SKU, TermType"),
        (FIRST + "SKU,TermType\n", "its header lacks StartingRange"),
        (FIRST + COLUMNS + "A\n", "line 7 is no line of a price list"),
        ('"a"\n' + FIRST, "is no line of a price list"),
        ('"x","y"\n' * 5 + COLUMNS, "its version is None"),
        (FIRST + COLUMNS.strip() + ",Region Code,Location Type\n"
         "A,OnDemand,0,Keys,cheap,USD,us-east-1-KMS-Keys,us-east-1,AWS Region\n",
         "'cheap' is no quantity or price"),
    ),
)  # fmt: skip
def test_csv_that_is_no_price_list_is_refused(text, reason, collector):
    with pytest.raises(PriceListError, match=reason):
        read_csv(io.StringIO(text, newline=""), collector)


def index(folder: Path, name: str, body: object) -> Path:
    file = folder / "offers/v1.0/aws" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(body if isinstance(body, str) else json.dumps(body))
    return folder


@pytest.mark.parametrize(
    ("body", "reason"),
    (
        ({"offers": {"awskms": 3}}, "currentRegionIndexUrl is None, not a path"),
        ({"offers": {"awskms": {"currentRegionIndexUrl": "/../../secret"}}}, "not a path"),
        ({"offers": {"awskms": {"currentRegionIndexUrl": "https://else.where/"}}}, "not a path"),
    ),
)
def test_an_index_of_another_form_is_refused(body, reason, collector, tmp_path):
    files = BulkFiles(str(index(tmp_path, "index.json", body)), "csv", silent)
    with pytest.raises(PriceListError, match=r"offers/v1\.0/aws/index\.json cannot .*" + reason):
        files.collect("awskms", "us-east-1", collector)


@pytest.mark.parametrize("body", ("not json", {"regions": {}}, {"offers": 3}))
def test_without_the_first_index_there_is_no_price_list(body, pair, tmp_path):
    """Said once, not for every region of every offer."""
    files = BulkFiles(str(index(tmp_path, "index.json", body)), "csv", silent)
    with pytest.raises(NoPriceListError, match=r"aws/index\.json cannot be used: it is no index"):
        rebuild(pair, files)


def test_a_region_index_of_another_form_is_refused(collector, tmp_path):
    path = "/offers/v1.0/aws/awskms/current/region_index.json"
    index(tmp_path, "index.json", {"offers": {"awskms": {"currentRegionIndexUrl": path}}})
    index(tmp_path, "awskms/current/region_index.json", {"places": {}})
    with pytest.raises(PriceListError, match=r"region_index\.json cannot be used: it is no index"):
        BulkFiles(str(tmp_path), "csv", silent).collect("awskms", "us-east-1", collector)


def test_what_is_not_sold_somewhere_is_none(collector, tmp_path):
    path = "/offers/v1.0/aws/awskms/current/region_index.json"
    index(tmp_path, "index.json", {"offers": {"awskms": {"currentRegionIndexUrl": path}}})
    index(tmp_path, "awskms/current/region_index.json", {"regions": {}})
    files = BulkFiles(str(tmp_path), "csv", silent)
    assert files.collect("awskms", "us-east-1", collector) is None
    assert files.collect("AmazonNothing", "us-east-1", collector) is None


def test_a_file_in_another_encoding_is_refused(collector, price_list, tmp_path):
    price_list.write(tmp_path, "csv")
    (file,) = tmp_path.glob("offers/v1.0/aws/awskms/*/us-east-1/index.csv")
    file.write_bytes(b"\xff\xfe" + file.read_bytes())
    with pytest.raises(PriceListError, match=r"index\.csv cannot be used: line 0 is no line"):
        BulkFiles(str(tmp_path), "csv", silent).collect("awskms", "us-east-1", collector)
    price_list.write(tmp_path, "json")
    file = file.with_suffix(".json")
    file.write_bytes(b"\xff\xfe" + file.read_bytes())
    with pytest.raises(PriceListError, match=r"index\.json cannot be used: it is no index or file"):
        BulkFiles(str(tmp_path), "json", silent).collect("awskms", "us-east-1", collector)


def test_errors_of_the_network_name_the_address(collector, serve, tmp_path):
    address = serve(tmp_path)
    with pytest.raises(NoPriceListError, match=r"http://127\.0\.0\.1.*: HTTP 404 File not found"):
        BulkFiles(address, "csv", silent).collect("awskms", "us-east-1", collector)
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        port = server.server_port
    with pytest.raises(NoPriceListError, match="Connection refused"):
        BulkFiles(f"http://127.0.0.1:{port}", "csv", silent).collect("x", "y", collector)


@pytest.mark.parametrize(
    ("length", "reason"), (("Content-Length: 99999\r\n", "ends after"), ("", "ends too early"))
)
def test_a_download_that_breaks_off_is_noticed(length, reason, collector, price_list, tmp_path):
    """Were it not, rows of the part that is lacking would go unseen: a second match for one."""
    price_list.write(tmp_path, "json")

    class Cut(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            content = Path(self.translate_path(self.path)).read_bytes()
            broken = self.path.endswith("us-east-1/index.json")
            self.wfile.write(f"HTTP/1.0 200 OK\r\n{length if broken else ''}\r\n".encode())
            self.wfile.write(content[: len(content) // 2] if broken else content)

        def log_message(self, *_: object) -> None:
            pass

    seen: list[tuple[str, int, int | None]] = []
    handler = functools.partial(Cut, directory=str(tmp_path))
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        files = BulkFiles(
            f"http://127.0.0.1:{server.server_port}", "json", lambda *told: seen.append(told)
        )
        try:
            with pytest.raises(PriceListError, match=reason):
                files.collect("awskms", "us-east-1", collector)
        finally:
            server.shutdown()
            thread.join()
    name, done, total = seen[-1]
    assert name == "awskms us-east-1"
    assert done > 0
    assert total == (99999 if length else None)


CHILD = """
import sys
from bicoastal.costs import figures
from bicoastal.costs.pricelist.bulk import BulkFiles
from bicoastal.costs.pricelist.collector import Collector
wanted = [t for t in figures.targets((), ("us-east-1", "us-west-2"))
          if t.listing.offer == "AmazonRDS" and t.file == "us-east-1"]
collector = Collector(wanted)
BulkFiles(sys.argv[1], sys.argv[2], lambda *_: None).collect("AmazonRDS", "us-east-1", collector)
prices, failures = collector.results(frozenset())
assert not failures, failures
print(prices["aurora:io", "us-east-1"], len(prices))
# Not getrusage: its figure begins with the memory of the process that started this one.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024)
"""


@pytest.mark.parametrize("form", ("csv", "json"))
def test_three_hundred_megabytes_are_read_in_little_memory(form, price_list, tmp_path):
    price_list.write(tmp_path, form)
    (file,) = tmp_path.glob(f"offers/v1.0/aws/AmazonRDS/*/us-east-1/index.{form}")
    swell(file, form)
    assert file.stat().st_size > 300 * 10**6
    plain = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE")}
    ended = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), form],
        capture_output=True, text=True, timeout=120, check=False, env=plain,
    )  # fmt: skip
    file.unlink()
    assert ended.returncode == 0, ended.stderr
    (price, count), (peak,) = (line.split() for line in ended.stdout.splitlines())
    assert Decimal(price) == Decimal("0.2")
    assert int(count) > 15
    assert int(peak) < 200


def swell(file: Path, form: str) -> None:
    """Rows of other databases, as most of AWS's file is: before the wanted ones, and after."""
    text = file.read_bytes().decode()
    if form == "csv":
        row = next(line for line in text.split("\r\n") if "LARGERDS" in line)
        row = row.replace("db.r6g", "db.m5")
        filler = f"{row}\r\n" + f"{row.replace('OnDemand', 'Reserved')}\r\n" * 3
        middle = '"serviceName"\r\n'
    else:
        product = json.loads(text)["products"]["LARGERDSus-east-1"]
        product["attributes"]["instanceType"] = "db.m5.large"
        filler = f'"X": {json.dumps(product, indent=2)},\n'
        middle = '"products": {'
    before, _, after = text.partition(middle)
    block = filler * (2_000_000 // len(filler))
    with file.open("w", newline="") as stream:
        stream.write(before + middle)
        for _ in range(300_000_000 // len(block) + 1):
            stream.write(block)
        stream.write(after)
