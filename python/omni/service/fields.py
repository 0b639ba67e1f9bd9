"""The fields of a call, read from its JSON body, form and query string, and checked."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn
from urllib.parse import parse_qsl

from omni._text import is_text
from omni.config.load import DEPTH_MAX, is_too_deep
from omni.errors import OmniError
from omni.service.problems import Problem

if TYPE_CHECKING:
    from omni.service.context import HttpRequest

INT_MAX = 2**63 - 1
TEXT_MAX = 1024
BODY_MAX_BYTES = 256 * 1024
"""The documented calls need less than 1 KiB."""

_EXPECTED = {
    "bool": "true or false",
    "text": f"a string of 1 to {TEXT_MAX} characters",
    "uuid": 'a UUID (8-4-4-4-12 hexadecimal digits) or ""',
}
_BOOLS = {"true": True, "false": False}
_DIGITS = re.compile(r"[0-9]{1,19}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a call.

    Attributes:
        name: in the protocol.
        kind: what it holds.
        default: without one it is required.
        least, most: of an integer.
    """

    name: str
    kind: Literal["bool", "int", "text", "uuid"]
    default: bool | int | str | None = None
    least: int = 0
    most: int = INT_MAX

    @property
    def expected(self) -> str:
        """What it takes, in words."""
        return f"an integer from {self.least} to {self.most}" if self.kind == "int" else _EXPECTED[self.kind]


@dataclass(frozen=True, slots=True)
class _Text:
    """A value from a query string or form: always text, to be read as the field's kind."""

    text: str


def read_fields(request: HttpRequest, fields: Iterable[Field]) -> dict[str, Any]:
    """The value of every field, by its name in the protocol.

    Raises:
        Problem: 400, naming the field, what was expected and what came.
    """
    if len(request.body) > BODY_MAX_BYTES:
        raise Problem("too-large", 413, f"the body is larger than the {BODY_MAX_BYTES >> 10} KiB that this call reads")
    return _checked([*_body_pairs(request), *_text_pairs(request.query_string, "query string")], fields)


def read_query(request: HttpRequest, fields: Iterable[Field]) -> dict[str, Any]:
    """The same of a call whose fields stand in the query string and whose body is something else.

    Raises:
        Problem: 400, naming the field, what was expected and what came.
    """
    return _checked(_text_pairs(request.query_string, "query string"), fields)


def read_document(request: HttpRequest, most_bytes: int = BODY_MAX_BYTES) -> dict[str, Any]:
    """The whole of a call whose body is one JSON object.

    Raises:
        Problem: 400 or 413, it is none, or too large.
    """
    if len(request.body) > most_bytes:
        raise Problem("too-large", 413, f"the body is larger than the {most_bytes >> 10} KiB that this call reads")
    try:
        text = request.body.decode("utf-8-sig")
        document = json.loads(text, object_pairs_hook=_each_once, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Problem("invalid-body", 400, "the body is not JSON that a call can need") from None
    if is_too_deep(document):
        raise Problem("invalid-body", 400, f"the body is nested deeper than {DEPTH_MAX} levels")
    if not isinstance(document, dict):
        raise Problem("invalid-body", 400, "$: expected an object", field="$", expected="an object")
    return document


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two that are the same, JSON readers drop the first in silence."""
    return dict(_given(pairs))


def _checked(pairs: list[tuple[str, Any]], fields: Iterable[Field]) -> dict[str, Any]:
    known = {field.name: field for field in fields}
    given = _given(pairs)
    for name in given.keys() - known.keys():
        _refuse_unknown(name, known)
    return {name: _value(field, given) for name, field in known.items()}


def _given(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    """All that was sent; nothing may be there twice."""
    given = dict(pairs)
    if len(given) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        path, once, often = _path(twice), "each field once", "it more than once"
        raise Problem("duplicate-field", 400, f"{path} is given more than once", field=path, expected=once, found=often)
    return given


def _body_pairs(request: HttpRequest) -> list[tuple[str, Any]]:
    body = request.body
    if not body.strip():
        return []
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "multipart/form-data":
        form: Mapping[str, list[str]] = request.get_form() or {}
        return [(name, _Text(value)) for name, values in form.items() for value in values]
    # curl -d says "form" whatever it sends, and no form begins with a brace
    if content_type == "application/x-www-form-urlencoded" and not body.lstrip().startswith(b"{"):
        return _text_pairs(body.decode("utf-8", "replace"), "form")
    return _json_pairs(body)


def _text_pairs(text: str, where: str) -> list[tuple[str, _Text]]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise Problem("invalid-body", 400, f"the {where} is not percent-encoded UTF-8 of at most 100 fields") from None
    return [(name, _Text(value)) for name, value in pairs]


def _json_pairs(body: bytes) -> list[tuple[str, Any]]:
    try:
        document = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_Pairs, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise Problem("invalid-body", 400, "the body is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Problem("invalid-body", 400, f"the body is not JSON: {error.msg} at {where}") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, NaN, brackets without end
        raise Problem("invalid-body", 400, "the body is not JSON that a call can need") from None
    if not isinstance(document, _Pairs):
        found = _shown(document)
        raise Problem(
            "invalid-body", 400, f"$: expected an object, found {found}", field="$", expected="an object", found=found
        )
    return document


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it stands, with keys that come twice."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _value(field: Field, given: Mapping[str, Any]) -> Any:
    if field.name not in given:
        if field.default is None:
            refuse(field.name, field.expected, "nothing", "missing-field")
        return field.default
    sent = given[field.name]
    value = _from_text(field.kind, sent.text) if isinstance(sent, _Text) else sent
    if not _fits(field, value):
        refuse(field.name, field.expected, _shown(sent.text if isinstance(sent, _Text) else sent))
    return value.lower() if field.kind == "uuid" else value


def _from_text(kind: str, text: str) -> Any:
    if kind == "bool":
        return _BOOLS.get(text.lower(), text)
    if kind == "int" and _DIGITS.fullmatch(text):
        return int(text)
    return text


def _fits(field: Field, value: Any) -> bool:
    if field.kind == "bool":
        return isinstance(value, bool)
    if field.kind == "int":
        return isinstance(value, int) and not isinstance(value, bool) and field.least <= value <= field.most
    if not isinstance(value, str):
        return False
    if field.kind == "uuid":
        return value == "" or _UUID.fullmatch(value) is not None
    return 0 < len(value) <= TEXT_MAX and is_text(value)


def refuse(name: str, expected: str, found: str, slug: str = "invalid-field") -> NoReturn:
    """Refuse a call for one of its fields.

    Raises:
        Problem: 400.
    """
    path = _path(name)
    raise Problem(slug, 400, f"{path}: expected {expected}, found {found}", field=path, expected=expected, found=found)


def refuse_absent(name: str, expected: str, value: str, error: OmniError) -> NoReturn:
    """Refuse a call for a field whose value is right, but names nothing that there is; ``error`` says so.

    Raises:
        Problem: 404.
    """
    raise Problem(error.slug, 404, str(error), field=_path(name), expected=expected, found=_shown(value))


def _refuse_unknown(name: str, known: Iterable[str]) -> NoReturn:
    shown, names = name[:100].encode("utf-8", "replace").decode(), ", ".join(known)
    nearest = difflib.get_close_matches(shown, list(known), n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"this call takes {names or 'none'}"
    path = _path(shown)
    raise Problem("unknown-field", 400, f"{path}: no such field; {hint}", field=path, expected=names, found=shown)


def _path(name: str) -> str:
    return f"$.{name}"


def _shown(value: Any) -> str:
    """A value as a caller recognises it, short."""
    if isinstance(value, _Pairs):
        return "an object"
    if isinstance(value, list):
        return "an array"
    text = json.dumps(value)
    return text if len(text) <= 100 else f"{text[:100]}..."
