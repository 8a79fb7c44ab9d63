"""Reads price list files as streams, in both forms that AWS publishes.

Source:
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/bulk-api-reading-price-list-files.html
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TextIO

from bicoastal.costs.errors import PriceListError
from bicoastal.costs.pricelist.collector import Collector, Tier
from bicoastal.costs.pricelist.jsonstream import JsonStream

_ON_DEMAND = "OnDemand"
_USD = "USD"
_COLUMNS = (
    "SKU", "TermType", "StartingRange", "Unit", "PricePerUnit", "Currency",
)  # fmt: skip
_METADATA_LINES = 5


@dataclass(frozen=True)
class Edition:
    """Which edition of an offer was read.

    Attributes:
        version: AWS's number, such as `20260318225923`.
        published: the day on which AWS published it.
    """

    version: str
    published: date


def edition(version: object, published: object) -> Edition:
    """Read an edition.

    Args:
        version: its number.
        published: its time, such as `2026-03-18T22:59:23Z`.

    Returns:
        The edition.

    Raises:
        PriceListError: there is no such number or time.
    """
    try:
        return Edition(str(int(str(version))), datetime.fromisoformat(str(published)).date())
    except ValueError:
        msg = f"its version is {version!r}, published {published!r}: it is no price list"
        raise PriceListError(msg) from None


def _amount(text: object) -> Decimal:
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or number < 0:
        msg = f"{text!r} is no quantity or price"
        raise PriceListError(msg)
    return number


def read_json(stream: TextIO, into: Collector) -> Edition:
    """Read a file in JSON.

    Args:
        stream: its text.
        into: what is wanted.

    Returns:
        Its edition.

    Raises:
        PriceListError: it is no price list.
    """
    walk = JsonStream(stream)
    head: dict[str, Any] = {}
    for name in walk.members():
        if name == "products":
            for _ in walk.members():
                take_product(walk.value(), into)
        elif name == "terms":
            for term in walk.members():
                for sku in walk.members():
                    offers = walk.value()
                    if term == _ON_DEMAND and into.wants(sku):
                        take_offers(sku, offers, into)
        else:
            head[name] = walk.value()
    return edition(head.get("version"), head.get("publicationDate"))


def take_product(product: Any, into: Collector) -> None:
    """Hand over a product in the form that JSON files and the Pricing API share.

    Args:
        product: with `sku`, `productFamily` and `attributes`.
        into: what is wanted.

    Raises:
        PriceListError: it has another form.
    """
    try:
        attributes = product["attributes"]
        attributes["productFamily"] = product.get("productFamily", "")
        into.product(product["sku"], attributes)
    except (KeyError, TypeError, AttributeError):
        msg = f"a product has an unknown form: {str(product)[:80]}"
        raise PriceListError(msg) from None


def take_offers(sku: str, offers: Any, into: Collector) -> None:
    """Hand over a product's terms on demand in the form that both share.

    Args:
        sku: the product.
        offers: offer code -> term, each with `priceDimensions`.
        into: what is wanted.

    Raises:
        PriceListError: they have another form.
    """
    try:
        for offer in offers.values():
            for dimension in offer["priceDimensions"].values():
                usd = dimension["pricePerUnit"].get(_USD)
                price = None if usd is None else _amount(usd)
                begin = _amount(dimension.get("beginRange", "0"))
                into.price(sku, Tier(dimension["unit"], begin, price))
    except (KeyError, TypeError, AttributeError):
        msg = f"the terms of {sku} have an unknown form: {str(offers)[:80]}"
        raise PriceListError(msg) from None


def read_csv(stream: TextIO, into: Collector) -> Edition:
    """Read a file in CSV: five lines about the file, a header, a line for each price.

    Args:
        stream: its text.
        into: what is wanted.

    Returns:
        Its edition.

    Raises:
        PriceListError: it is no price list.
    """
    rows = csv.reader(stream)
    try:
        head = dict(row[:2] for _, row in zip(range(_METADATA_LINES), rows, strict=False))
        header = next(rows, [])
        for values, attributes in _on_demand(rows, header, into):
            sku, _, begin, unit, amount, currency = values
            into.product(sku, attributes)
            if into.wants(sku):
                price = _amount(amount) if currency == _USD else None
                into.price(sku, Tier(unit, _amount(begin or "0"), price))
    except (csv.Error, ValueError, IndexError) as error:
        msg = f"line {rows.line_num} is no line of a price list: {error}"
        raise PriceListError(msg) from None
    return edition(head.get("Version"), head.get("Publication Date"))


def _on_demand(
    rows: Iterator[list[str]], header: list[str], into: Collector
) -> Iterator[tuple[tuple[str, ...], Mapping[str, str]]]:
    """The lines on demand: their own columns, and the attributes that are looked at.

    `Region Code` in the header is `regionCode` in JSON: the same letters, spaces apart.
    """
    places = {title.replace(" ", "").lower(): place for place, title in enumerate(header)}
    missing = [title for title in (*_COLUMNS, "usageType") if title.lower() not in places]
    if missing:
        msg = f"its header lacks {', '.join(missing)}"
        raise PriceListError(msg)
    own = [places[title.lower()] for title in _COLUMNS]
    term = own[1]
    looked = [(name, places[name.lower()]) for name in into.names if name.lower() in places]
    for row in rows:
        if row[term] == _ON_DEMAND:
            yield tuple(row[place] for place in own), {name: row[at] for name, at in looked}
