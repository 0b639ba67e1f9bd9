"""What a text is that others can be told of."""

from __future__ import annotations


def is_text(text: str) -> bool:
    """Whether UTF-8 can carry it: bytes of a name that are no text, and halves of a character, it cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
