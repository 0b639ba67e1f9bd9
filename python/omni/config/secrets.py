"""Secrets of a configuration: what is shown in their place, and how they are put back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

MASK = "***"

ADDRESS_MAX = 4096
"""Characters of an address that is looked through for secrets."""

SECRET_KEYS = frozenset({"secret", "previous_secret"})
ADDRESS_KEYS = frozenset({"url", "brocker_address", "broker_address"})
HEADERS_KEY = "headers"
PATH_KEY = "path"
"""Of a subscriber that is given by its host: what follows that in an address."""

_PASSWORD = re.compile(
    r"(?:(?<=://)|(?<=:/)(?!/)|^(?=[^/:@]*:[^/@]*@))(?:([^/?#:@\[]*):)?([^/?#]*|(?<=:)(?!\d{1,5}[/?#]).*)@", re.DOTALL
)
"""User and password, with spaces as well, also where a slash is missing: up to the last ``@`` of the host; where a
password holds ``/``, ``?`` or ``#``, of all."""

_PARAMETER = re.compile(
    r"(?<=[?&;/_])([^=&#?/;_]*(?:pas|pw|psw|secret|token|key|auth|sig|cred)[^=&#?/;_]*|code)=([^&#]*)", re.IGNORECASE
)
"""``?token=...``, ``?code=...`` of Azure's functions, and ``/user=..._password=..._channel=1`` as some cameras have it
in their paths."""

_NAME_OF_SECRETS = re.compile(r"pass|pw|psw|secret|token|keys?$|auth|cred|sig|^headers?$", re.IGNORECASE)
"""What somebody may have called one in a configuration that nobody has checked."""

_SIGNING_SECRET = "whsec_"


@dataclass(frozen=True, slots=True)
class Concealed:
    """A text that holds a secret, or what was written for one: equal by what it is, shown by ``shown``."""

    value: Any
    shown: str = field(compare=False)

    def __repr__(self) -> str:
        return f"Concealed({self.shown!r})"


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


def conceal(document: Any, key: str = "", *, in_headers: bool = False) -> Any:
    """A JSON document with each secret ``Concealed``: webhook secrets, headers, passwords in addresses."""
    if isinstance(document, Mapping):
        return {name: conceal(value, name, in_headers=key == HEADERS_KEY) for name, value in document.items()}
    if isinstance(document, list | tuple):
        return [conceal(value, key) for value in document]
    if not isinstance(document, str):
        return document
    if in_headers or key in SECRET_KEYS:
        return Concealed(document, MASK)
    if key in ADDRESS_KEYS and MASK in (shown := masked_address(document)):
        return Concealed(document, shown)
    if key == PATH_KEY and MASK in (shown := _masked_parameters(document)):
        return Concealed(document, shown)
    return document


def conceal_unchecked(document: Any, key: str = "", *, hidden: bool = False) -> Any:
    """The same of a document that cannot be used, perhaps because of this: secrets under other names, in other forms.

    Args:
        document: what stands under ``key``.
        key: its name; in a list that of the list.
        hidden: whether all of it is secret.
    """
    if isinstance(document, Mapping):
        return {
            name: conceal_unchecked(value, name, hidden=hidden or _NAME_OF_SECRETS.search(name) is not None)
            for name, value in document.items()
        }
    if isinstance(document, list):
        return [conceal_unchecked(value, key, hidden=hidden) for value in document]
    if document is None or isinstance(document, bool):
        return document
    if hidden or (isinstance(document, str) and document.startswith(_SIGNING_SECRET)):
        return Concealed(document, MASK)
    if not isinstance(document, str):
        return document
    text = masked_address(document)
    if key == PATH_KEY:
        text = _masked_parameters(text)
    return document if text == document else Concealed(document, text)


def shown(document: Any) -> Any:
    """The same as everybody may see it: plain JSON, ``***`` for what is secret."""
    return _with(document, lambda text: text.shown)


def revealed(document: Any) -> Any:
    """The same as it is used and kept: plain JSON, with its secrets."""
    return _with(document, lambda text: text.value)


def _with(document: Any, text_of: Any) -> Any:
    if isinstance(document, Concealed):
        return text_of(document)
    if isinstance(document, Mapping):
        return {name: _with(value, text_of) for name, value in document.items()}
    if isinstance(document, list):
        return [_with(value, text_of) for value in document]
    return document


def masked_address(address: str) -> str:
    """An address without its password (``rtsp://user:***@host``), nor what its parameters call a secret.

    Of a text longer than any address nothing is left: to look through it takes as long as its length squared.
    """
    if len(address) > ADDRESS_MAX:
        return MASK
    without = _PASSWORD.sub(lambda found: f"{found[1] + ':' if found[1] is not None else ''}{MASK}@", address)
    return _without_parameters(without)


def hidden_login(address: str) -> str:
    """The same without the user, too: ``rtsp://***@host``."""
    if len(address) > ADDRESS_MAX:
        return MASK
    return _without_parameters(_PASSWORD.sub(f"{MASK}@", address))


def _without_parameters(address: str) -> str:
    """A file may be called ``pass=1.avi``."""
    return _masked_parameters(address) if ":/" in address else address


def _masked_parameters(address: str) -> str:
    if len(address) > ADDRESS_MAX:
        return MASK
    return _PARAMETER.sub(lambda found: f"{found[1]}={MASK}", address)


def put_back(proposed: Any, current: Any) -> Any:
    """A proposed text with the secret of the current one where it says ``***``; unchanged where that is none of its.

    A password goes to no other host than the one that it was given for.
    """
    if not isinstance(proposed, str) or not isinstance(current, Concealed) or MASK not in proposed:
        return proposed
    if proposed == current.shown:
        return current.value
    if current.shown == MASK or len(proposed) > ADDRESS_MAX or host_of(proposed) != host_of(current.shown):
        return proposed
    password = _PASSWORD.search(current.value)
    if password is not None:
        proposed = proposed.replace(f"{MASK}@", f"{password[2]}@", 1)
    values = dict(_PARAMETER.findall(current.value))
    return _PARAMETER.sub(
        lambda found: f"{found[1]}={values.get(found[1], found[2]) if found[2] == MASK else found[2]}", proposed
    )


def is_masked(value: Any) -> bool:
    """Whether a ``Concealed`` text still says ``***`` where its secret should be."""
    return isinstance(value, Concealed) and value.value == value.shown


def host_of(address: str) -> tuple[str, str]:
    """Scheme, and host and port with what of a login is in it; of what is no address the whole text.

    What Python says of such a one holds its password.
    """
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
    except ValueError:
        return "", address
    return parts.scheme, parts.netloc
