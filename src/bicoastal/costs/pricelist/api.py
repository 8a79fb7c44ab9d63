"""The same rows from the Pricing API, which needs credentials but no download.

Its products have the form of the JSON files.
Source: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bicoastal.costs.errors import NoPriceListError, PriceListError
from bicoastal.costs.pricelist.bulk import Progress
from bicoastal.costs.pricelist.collector import Collector
from bicoastal.costs.pricelist.files import Edition, edition, take_offers, take_product

REGION = "us-east-1"
"""One of the few regions that have the Pricing API."""


class PricingApi:
    """The Pricing API.

    Args:
        client: a boto3 client of `pricing`.
        progress: told of each product that arrives.
    """

    def __init__(self, client: Any, progress: Progress) -> None:
        self._client = client
        self._progress = progress

    def collect(self, offer: str, region: str, into: Collector) -> Edition | None:
        """Ask for an offer's products in a region.

        Args:
            offer: such as `AmazonRDS`.
            region: such as `us-east-1`; `global` for what has no region.
            into: what is wanted.

        Returns:
            The oldest edition of what came, or `None` if nothing did.

        Raises:
            PriceListError: the API answered with something else.
            NoPriceListError: there are no credentials, or the API refuses.
        """
        oldest: Edition | None = None
        try:
            for count, text in enumerate(self._products(offer, into), 1):
                item = json.loads(text)
                found = edition(item.get("version"), item.get("publicationDate"))
                oldest = min(oldest or found, found, key=lambda one: one.published)
                self._progress(f"{offer} {region}", count, None)
                sku = item["product"]["sku"]
                if not into.wants(sku):  # two questions may have the same answer
                    take_product(item["product"], into)
                    take_offers(sku, item["terms"].get("OnDemand", {}), into)
        except (BotoCoreError, ClientError) as error:
            msg = f"The Pricing API cannot be used: {error}"
            raise NoPriceListError(msg) from None
        except (PriceListError, KeyError, TypeError, ValueError, AttributeError):
            msg = f"The Pricing API answered for {offer} in {region} with what is no product."
            raise PriceListError(msg) from None
        return oldest

    def _products(self, offer: str, into: Collector) -> Any:
        pages = self._client.get_paginator("get_products")
        for question in into.questions():
            filters = [
                {"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in question
            ]
            for page in pages.paginate(ServiceCode=offer, Filters=filters, FormatVersion="aws_v1"):
                yield from page["PriceList"]
