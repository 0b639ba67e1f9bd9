"""The only place that turns values into JSON text."""

from __future__ import annotations

from typing import Any

import ujson


def to_json(value: Any) -> str:
    """Plain Python values as compact JSON.

    Raises:
        OverflowError: a number is not finite, which JSON cannot say.
        TypeError: a value is not plain (an array, a numpy number).
    """
    return str(ujson.dumps(value, ensure_ascii=False, escape_forward_slashes=False, allow_nan=False))
