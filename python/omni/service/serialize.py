"""The only place that turns values into JSON text."""

from __future__ import annotations

from typing import Any

import ujson


def to_json(value: Any) -> str:
    """Plain Python values as compact JSON, whatever text they hold: names of files need not be UTF-8.

    Raises:
        OverflowError: a number is not finite, which JSON cannot say.
        TypeError: a value is not plain (an array, a numpy number).
    """
    text = str(ujson.dumps(value, ensure_ascii=False, escape_forward_slashes=False, allow_nan=False))
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, for which ? stands
        return text.encode("utf-8", "replace").decode()
    return text
