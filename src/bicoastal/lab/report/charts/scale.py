"""From numbers to pixels, with an axis of round numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

_ROUND = (1, 2, 5, 10)


@dataclass(frozen=True)
class Scale:
    """A linear scale.

    Attributes:
        low: The number at `start`.
        high: The number at `end`; above `low`.
        start: Pixels.
        end: Pixels; may be less than `start`.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Give the pixel of a number; numbers outside are put on the edge.

        Args:
            value: The number.

        Returns:
            Pixels.
        """
        part = (min(self.high, max(self.low, value)) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)

    def ticks(self, most: int) -> list[float]:
        """Give round numbers inside the scale.

        Args:
            most: About how many at most.

        Returns:
            The numbers, in order, 1, 2 or 5 times a power of ten apart.
        """
        rough = (self.high - self.low) / most
        power = 10 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in _ROUND if power * factor >= rough * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]
