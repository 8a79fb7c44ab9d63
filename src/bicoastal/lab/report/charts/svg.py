"""A drawing: a few shapes of SVG, escaped by the standard library's XML writer.

The elements are those of https://www.w3.org/TR/SVG2/.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET


class Drawing:
    """An SVG picture of a fixed width, as tall as what was drawn into it.

    Args:
        width: Width in pixels; the page shows it at that size or smaller.
        label: What the picture shows, for people who do not see it.
    """

    def __init__(self, width: float, label: str) -> None:
        self.width = width
        self._root = ET.Element(
            "svg", xmlns="http://www.w3.org/2000/svg", role="img", width=_px(width)
        )
        self._root.set("aria-label", label)
        self._behind = ET.SubElement(self._root, "g")

    def rect(
        self,
        corner: tuple[float, float],
        size: tuple[float, float],
        style: str,
        title: str = "",
    ) -> None:
        """Draw a rectangle.

        Args:
            corner: Left and upper edge, pixels.
            size: Width and height, pixels; nothing is drawn if the width is not positive.
            style: Its classes.
            title: Shown when the pointer rests on it.
        """
        (x, y), (width, height) = corner, size
        if width > 0:
            at = {"x": _px(x), "y": _px(y), "width": _px(width), "height": _px(height)}
            self._add("rect", style, title, **at)

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str) -> None:
        """Draw a line.

        Args:
            x1: Where it begins, pixels.
            y1: Likewise.
            x2: Where it ends, pixels.
            y2: Likewise.
            style: Its classes.
        """
        self._add("line", style, x1=_px(x1), y1=_px(y1), x2=_px(x2), y2=_px(y2))

    def dot(self, x: float, y: float, radius: float, style: str, title: str = "") -> None:
        """Draw a disc.

        Args:
            x: Its middle, pixels.
            y: Likewise.
            radius: Its radius, pixels.
            style: Its classes.
            title: Shown when the pointer rests on it.
        """
        self._add("circle", style, title, cx=_px(x), cy=_px(y), r=_px(radius))

    def path(self, points: list[tuple[float, float]], style: str) -> None:
        """Draw a closed area.

        Args:
            points: Its corners, pixels.
            style: Its classes.
        """
        corners = " L".join(f"{_px(x)} {_px(y)}" for x, y in points)
        self._add("path", style, d=f"M{corners} Z")

    def text(self, x: float, y: float, words: str, style: str = "", anchor: str = "start") -> None:
        """Write words.

        Args:
            x: Where they are anchored, pixels.
            y: Their base line, pixels.
            words: The words.
            style: Their classes.
            anchor: `start`, `middle` or `end`.
        """
        at = {"x": _px(x), "y": _px(y), "text-anchor": anchor}
        self._add("text", style, **at).text = words

    def finish(self, height: float) -> str:
        """End the drawing.

        Args:
            height: Its height, pixels.

        Returns:
            The SVG element as text.
        """
        self._root.set("height", _px(height))
        self._root.set("viewBox", f"0 0 {_px(self.width)} {_px(height)}")
        return ET.tostring(self._root, encoding="unicode")

    def _add(self, tag: str, style: str, title: str = "", **attributes: str) -> ET.Element:
        # The grid lies behind everything, whenever it is drawn.
        parent = self._behind if style == "grid" else self._root
        element = ET.SubElement(parent, tag, attributes)
        if style:
            element.set("class", style)
        if title:
            ET.SubElement(element, "title").text = title
        return element


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
