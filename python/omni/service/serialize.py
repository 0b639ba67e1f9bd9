"""The only place that turns values into JSON text."""

from __future__ import annotations

from typing import Any

import ujson


def to_json(value: Any) -> str:
    """Plain Python values as compact JSON, in UTF-8: ``?`` stands for bytes of a file's name that are no text.

    Raises:
        OverflowError: a number is not finite, which JSON cannot say.
        TypeError: a value is not plain (an array, a numpy number).
    """
    text = str(ujson.dumps(value, ensure_ascii=False, escape_forward_slashes=False, allow_nan=False))
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
