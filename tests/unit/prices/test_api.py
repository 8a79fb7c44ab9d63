"""The Pricing API gives the same snapshot as the files; asked through boto3 on the loopback."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from bicoastal.costs import figures
from bicoastal.costs.errors import NoPriceListError, PriceListError
from bicoastal.costs.pricelist.api import REGION, PricingApi
from bicoastal.costs.pricelist.collector import Collector
from bicoastal.costs.refresh import changes, rebuild

VERSION, PUBLISHED = "20261120225923", "2026-11-20T22:59:23Z"


def silent(*_: object) -> None:
    pass


class Service:
    """Answers `GetProducts` as AWS does: by filters, in pages, each product as text."""

    def __init__(self, price_list: Any) -> None:
        self.rows = list(price_list.rows)
        self.asked: list[dict[str, Any]] = []
        self.answers: list[object] | None = None
        self.address = ""

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(question)
        if self.answers is not None:
            return {"FormatVersion": "aws_v1", "PriceList": self.answers}
        found = [
            json.dumps({
                "product": row.product(),
                "serviceCode": row.offer,
                "terms": {"OnDemand": row.offers()},
                "version": VERSION,
                "publicationDate": PUBLISHED,
            })
            for row in self.rows
            if row.offer == question["ServiceCode"]
            and all(
                {**row.attributes, "productFamily": row.family}.get(one["Field"]) == one["Value"]
                for one in question["Filters"]
            )
        ]  # fmt: skip
        start = int(question.get("NextToken", 0))
        page = {"FormatVersion": "aws_v1", "PriceList": found[start : start + 10]}
        if start + 10 < len(found):
            page["NextToken"] = str(start + 10)
        return page


@pytest.fixture
def service(price_list, monkeypatch) -> Iterator[Service]:
    made = Service(price_list)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["X-Amz-Target"] == "AWSPriceListService.GetProducts"
            body = json.dumps(made.answer(question)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        made.address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", made.address)
        yield made
        server.shutdown()
        thread.join()


def client() -> Any:
    return boto3.client("pricing", region_name=REGION)


def wanted() -> Collector:
    """Looks for one price: an address in us-east-1."""
    targets = figures.targets((), ("us-east-1",))
    return Collector([target for target in targets if target.listing.key == "vpc:address"])


def test_the_api_gives_the_snapshot(pair, service):
    told: list[tuple[str, int, int | None]] = []
    new = rebuild(pair, PricingApi(client(), lambda *one: told.append(one)))
    assert changes(pair, new) == ()
    assert new.price_lists["AmazonRDS"] == VERSION
    assert new.figures["aurora:io"].as_of.isoformat() == "2026-11-20"
    assert {name for name, _, _ in told} >= {"AmazonRDS us-east-1", "AmazonRoute53 global"}
    rds = [question for question in service.asked if question["ServiceCode"] == "AmazonRDS"]
    assert all(
        {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"} in one["Filters"]
        or {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-west-2"} in one["Filters"]
        for one in rds
    )


def test_what_the_api_has_nothing_of_is_none(service):
    service.rows = [row for row in service.rows if row.offer != "AmazonVPC"]
    assert PricingApi(client(), silent).collect("AmazonVPC", "us-east-1", wanted()) is None
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "answer",
    (
        "no json",
        json.dumps({"version": "1", "publicationDate": PUBLISHED}),
        json.dumps([]),
        json.dumps({"version": "1", "publicationDate": PUBLISHED, "product": {"sku": "A"},
                    "terms": {}}),
    ),
)  # fmt: skip
def test_an_answer_of_another_form_is_refused(answer, service):
    service.answers = [answer]
    with pytest.raises(PriceListError, match=r"The Pricing API .* for AmazonVPC in us-east-1"):
        PricingApi(client(), silent).collect("AmazonVPC", "us-east-1", wanted())


def test_without_credentials_the_reason_is_told(pair, service, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    api = boto3.session.Session().client("pricing", region_name=REGION)
    with pytest.raises(NoPriceListError, match="Unable to locate credentials"):
        rebuild(pair, PricingApi(api, silent))
    assert service.asked == []
