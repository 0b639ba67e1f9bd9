"""What the routes of webhooks and events answer, as ``answers.py``."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

Dropped = TypedDict("Dropped", {"class": str, "cause": str, "count": int})
Dropped.__doc__ = "How many messages of a class of importance were dropped for this cause."


class Latency(TypedDict):
    """From the event to its 2xx. ``counts``: of the histogram of ``/metrics``."""

    p50_ms: float | None
    p99_ms: float | None
    sum_s: float
    counts: list[int]


class WebhookFigures(TypedDict):
    """How delivery to one subscriber is going."""

    id: str
    endpoint: str
    kind: str
    delivered: dict[str, int]
    dropped: list[Dropped]
    attempts: dict[str, int]
    disabled: bool
    paused: bool
    resting: bool
    last_failure: str
    latency: Latency
    waiting: int
    oldest_age_s: float
    dead: int


class Outbox(TypedDict):
    """Where messages wait."""

    bytes: int
    problem: str


class Webhooks(TypedDict):
    """Who is told, and how that is going."""

    delivered: dict[str, int]
    dropped: list[Dropped]
    endpoints: list[WebhookFigures]
    outbox: Outbox


class Tested(TypedDict):
    """How an empty message fared. ``status``: of HTTP, null where there was no answer."""

    delivered: bool
    status: int | None
    failure: str
    latency_ms: float


class Paused(TypedDict):
    """Whether messages are kept without being sent."""

    paused: bool


class Secret(TypedDict):
    """A new one, which is shown this once."""

    secret: str


class Attempt(TypedDict):
    """One try. ``at``: epoch seconds; ``status``: of HTTP, null where there was no answer."""

    at: float
    status: int | None
    error: str
    duration_ms: float


class DeliveryOfOne(TypedDict):
    """What became of a message. ``created``: epoch seconds; ``sequence``: null where it was never tried."""

    id: str
    sequence: int | None
    stream: str
    reason: str
    created: float
    state: Literal["waiting", "delivered", "dead"]
    attempts: list[Attempt]


class Deliveries(TypedDict):
    """Newest first."""

    deliveries: list[DeliveryOfOne]


class DeadLetter(TypedDict):
    """A message that was given up. Times are epoch seconds; ``answer``: the first KiB of the last one."""

    id: int
    endpoint: str
    webhook_id: str
    kind: str
    reason: str
    stream_uuid: str
    published_at: float
    given_up_at: float
    cause: str
    attempts: int
    last_status: int | None
    answer: str
    replay: bool


class DeadLetters(TypedDict):
    """Oldest first."""

    dead: list[DeadLetter]


class Replayed(TypedDict):
    """How many are sent again."""

    replayed: int


class Purged(TypedDict):
    """How many are forgotten."""

    purged: int


class Event(TypedDict):
    """What happened, as it is POSTed (``body``), and the cursor behind it."""

    cursor: str
    webhook_id: str
    epoch: str
    kind: str
    reason: str
    stream_uuid: str
    timestamp: float
    body: Any


class Events(TypedDict):
    """A part of the log. ``next``: the cursor to go on from; ``gap``: what came after the given one is not kept."""

    events: list[Event]
    next: str
    gap: bool
