"""What a route says of itself, beside its handler: who may call it, what it takes, what it answers.

From it requests are authorised (``access.py``) and the OpenAPI document is made (``openapi.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sanic_routing.route import Route

from omni.service.fields import Field
from omni.tokens import Scope

if TYPE_CHECKING:
    from omni.service.context import HttpRequest

Handler = TypeVar("Handler", bound=Callable[..., Coroutine[Any, Any, Any]])


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        summary: one line.
        scope: what a caller must be allowed; None: everybody may call it, wherever from.
        answer: the type of what it answers, as JSON Schema is made of it; None: no JSON.
        media: content type of the answer.
        query: fields of the query string.
        body: fields of the body, a type that it must have, or the content type of a body that is no JSON.
        path: what the parts of the path mean, by name.
        errors: what can go wrong beside what can always: kinds of problems by status.
        statuses: what it answers when all is well.
        versioned: it changes what has an ETag, and so needs ``If-Match``.
        secret: its answer holds a secret, and is not kept for whoever comes again (``once.py``).
        of_the_original: one of the endpoints that the original documents, which may be open (``http.open_endpoints``).
    """

    summary: str
    scope: Scope | None
    answer: Any = None
    media: str = "application/json"
    query: Sequence[Field] = ()
    body: Sequence[Field] | type | str | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[int, Sequence[str]] = field(default_factory=dict)
    statuses: Sequence[int] = (200,)
    versioned: bool = False
    secret: bool = False
    of_the_original: bool = False


def operation(summary: str, *, scope: Scope | None, **declared: Any) -> Callable[[Handler], Handler]:
    """Declare a handler to be an operation. Arguments are those of ``Operation``.

    A POST that carries an ``Idempotency-Key`` is carried out once (``once.py``).
    """
    told = Operation(summary, scope, **declared)

    def declare(handler: Handler) -> Handler:
        @wraps(handler)
        async def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            call = partial(handler, request, *args, **kwargs)
            return await request.app.ctx.once.answer(request, call, secret=told.secret)

        handle.operation = told  # type: ignore[attr-defined]
        return cast(Handler, handle)

    return declare


def operation_of(route: Route) -> Operation | None:
    """What the route's handler was declared to be."""
    handler = route.handler
    if isinstance(handler, partial):  # Sanic's wrapping of a websocket's handler
        handler = handler.args[0]
    declared: Operation | None = getattr(handler, "operation", None)
    return declared
