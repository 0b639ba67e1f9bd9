"""Sessions of browsers, and how often somebody may try to begin one. In memory: a restart asks for the token again."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass

IDLE_S = 12 * 3600.0
"""A session that nobody uses for so long is over. A page that watches uses it."""

LIFETIME_S = 30 * 24 * 3600.0
"""After so long it is over in any case."""

SESSIONS_MAX = 1000
"""One more, and the one that was not used for the longest time is over."""

FAILURES_MAX = 10
WINDOW_S = 60.0
ADDRESSES_MAX = 10_000


@dataclass(slots=True)
class Session:
    """A browser that has shown a token.

    Attributes:
        digest: of the token, which is asked for again at each request: removed, it ends the session.
        csrf: what the page sends along with every write.
        begun: seconds.
        used: seconds; the last request.
    """

    digest: bytes
    csrf: str
    begun: float
    used: float


class Sessions:
    """All open sessions. Times are seconds of one clock."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, Session] = OrderedDict()  # the one used last comes last

    def open(self, digest: bytes, now: float) -> tuple[str, Session]:
        """A new session of the token with this digest, and the id that its cookie carries."""
        session_id = secrets.token_urlsafe(32)
        session = self._by_id[session_id] = Session(digest, secrets.token_urlsafe(32), now, now)
        if len(self._by_id) > SESSIONS_MAX:
            self._by_id.popitem(last=False)
        return session_id, session

    def use(self, session_id: str, now: float) -> Session | None:
        """The session of this id, if it is not over."""
        session = self._by_id.get(session_id)
        if session is None:
            return None
        if now - session.used > IDLE_S or now - session.begun > LIFETIME_S:
            self.close(session_id)
            return None
        session.used = now
        self._by_id.move_to_end(session_id)
        return session

    def close(self, session_id: str) -> None:
        """End a session, if there is one of this id."""
        self._by_id.pop(session_id, None)


class LoginLimit:
    """How many wrong tokens an address may try: ``FAILURES_MAX`` in ``WINDOW_S``.

    No number of tries finds a token of 256 bits; this keeps whoever tries from costing anything.
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[str, list[float]] = OrderedDict()  # the one that failed last comes last

    def wait_s(self, address: str, now: float) -> float:
        """Seconds until this address may try; 0: now."""
        failures = [at for at in self._failures.get(address, ()) if now - at < WINDOW_S]
        return failures[-FAILURES_MAX] + WINDOW_S - now if len(failures) >= FAILURES_MAX else 0.0

    def failed(self, address: str, now: float) -> None:
        """It tried a wrong one."""
        recent = [at for at in self._failures.pop(address, ()) if now - at < WINDOW_S]
        self._failures[address] = [*recent, now]
        if len(self._failures) > ADDRESSES_MAX:
            self._failures.popitem(last=False)
