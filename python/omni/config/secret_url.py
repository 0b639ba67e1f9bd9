"""Addresses that may hold a password."""

from __future__ import annotations

from omni.config.secrets import hidden_login


class SecretUrl(str):
    """An address whose user and password show only to who reads its characters: a decoder, a file's writer.

    Printed, formatted or shown as ``repr``, ``***`` stands for them, and for what its parameters call a secret; so no
    log, error or traceback has them.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return hidden_login(self[:])

    def __repr__(self) -> str:
        return repr(str(self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)
