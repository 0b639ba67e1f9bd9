"""Text of users: what can be told to others, and JSON in which nothing is said twice."""

from __future__ import annotations

from typing import Any
from unicodedata import category


def is_text(text: str) -> bool:
    """Whether UTF-8 can carry it: bytes of a name that are no text, and halves of a character, it cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def visible(text: str) -> str:
    """What others have called something, for a line on a terminal: what would clear or forge it is spelt out."""
    return "".join(char.encode("unicode_escape").decode() if category(char) == "Cc" else char for char in text)


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a JSON file (``object_pairs_hook``); of two equal keys readers keep the last in silence.

    Raises:
        ValueError: a key is given twice; names it.
    """
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"given twice in one object: {', '.join(twice)}")
    return document
