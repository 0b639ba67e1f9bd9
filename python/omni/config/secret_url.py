"""Addresses that may hold a password."""

from __future__ import annotations

import re

_CREDENTIALS = re.compile(r"(?<=://)[^/\s]+@")


class SecretUrl(str):
    """An address whose user and password show only to who reads its characters: a decoder, a file's writer.

    Printed, formatted or shown as ``repr``, ``***`` stands for them; so no log, error or traceback has them.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return _CREDENTIALS.sub("***@", self)

    def __repr__(self) -> str:
        return repr(str(self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)
