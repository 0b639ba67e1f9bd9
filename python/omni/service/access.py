"""Who may do what."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from omni.config import AgentConfig
from omni.errors import ConfigError, StateError
from omni.service.operations import Operation, operation_of
from omni.service.problems import Problem
from omni.service.sessions import LIFETIME_S, LoginLimit, Session, Sessions
from omni.tokens import BUSY_S, SCOPES, Scope, Tokens, TokensBusyError, digest_of

if TYPE_CHECKING:
    from omni.service.context import HttpRequest

COOKIE = "omni-session"
CSRF_HEADER = "x-csrf-token"

Answer = TypeVar("Answer")

_ASK_AGAIN_S = 0.02
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_UNAUTHORISED = {"www-authenticate": 'Bearer realm="omni"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request.

    Attributes:
        name: of the token; empty where none is needed.
        scopes: what it allows.
        session: the browser's, where the token was shown before.
    """

    name: str
    scopes: tuple[Scope, ...]
    session: Session | None = None


NOBODY = Caller("", ())


class Access:
    """Decides for every request whether it is carried out.

    A token is required where the service is reached from elsewhere, and everywhere as soon as there is one. Tokens
    are looked up for each request, so what ``omni tokens`` does counts at once, also for sessions and open streams.

    Args:
        config: where the service listens, where its state is.
        clock: seconds; sessions end by it.

    Raises:
        ConfigError: the service is reached from elsewhere and there is no token.
    """

    def __init__(self, config: AgentConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self.keep_tokens_in(config.state_folder)
        self._clock = clock
        self._sessions = Sessions()
        self._logins = LoginLimit()
        self._from_elsewhere = config.http.reached_from_elsewhere
        self._names = frozenset({"localhost", *(name.lower() for name in (config.http.host, *config.http.names))})
        wanted = config.http.open_endpoints
        self._original_open = not self._from_elsewhere if wanted is None else wanted
        if self._from_elsewhere and not Tokens(config.state_folder).all():
            raise ConfigError(
                f"$.http: others can reach {config.http.host}{_listed(config.http.names)}, so a token is required and "
                "there is none; make one with: omni tokens add NAME --scopes read,control,config,faces"
            )

    @property
    def required(self) -> bool:
        """Whether a token is required now."""
        return self._from_elsewhere or bool(self._tokens.all())

    def keep_tokens_in(self, state_folder: str | None) -> None:
        """Go on with the tokens of another folder: in safe mode it may not have been known yet."""
        self._tokens = Tokens(state_folder, wait_s=0.0)  # whoever waits here holds up everybody

    def knows_itself_as(self, name: str) -> bool:
        """Whether a host name, lower case, is one of the service's own."""
        return name in self._names

    async def authorise(self, request: HttpRequest) -> None:
        """Let a request through, with ``request.ctx.caller``, or refuse it.

        Raises:
            Problem: 401, 403.
            StateError: the tokens cannot be read.
        """
        await _when_free(lambda: self._authorise(request))

    def _authorise(self, request: HttpRequest) -> None:
        request.ctx.caller = caller = self.caller(request)
        operation = operation_of(request.route) if request.route is not None else None
        if request.route is None or self._is_open(operation):
            return
        scope = operation.scope if operation else "config"  # what declares nothing is for those who may do all
        if not caller.scopes:
            raise Problem(
                "token-required",
                401,
                "this needs a token: Authorization: Bearer TOKEN, or log in",
                headers=_UNAUTHORISED,
            )
        if scope not in caller.scopes:
            raise Problem("scope-missing", 403, f"this needs the scope {scope}, which this token does not have")
        if caller.session is not None and request.method not in _SAFE_METHODS:
            sent = request.headers.get(CSRF_HEADER, "")
            if not secrets.compare_digest(sent.encode(), caller.session.csrf.encode()):
                raise Problem("csrf-refused", 403, f"{CSRF_HEADER}: expected the csrf of GET /api/v1/session")

    async def may_go_on(self, request: HttpRequest) -> bool:
        """Whether a stream that was let through before still would be; not while the tokens cannot be read."""
        try:
            await self.authorise(request)
        except (Problem, StateError):
            return False
        return True

    def caller(self, request: HttpRequest) -> Caller:
        """Who sent this: by its token, by its session, or whoever is on this machine."""
        if not self.required:
            return Caller("", SCOPES)
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._of_digest(digest_of(token.strip()))
        session = self._sessions.use(request.cookies.get(COOKIE) or "", self._clock())
        return NOBODY if session is None else self._of_digest(session.digest, session)

    async def log_in(self, token: str, address: str) -> tuple[str, Caller]:
        """A session for whoever shows a token.

        Returns:
            The id for its cookie, and the caller.

        Raises:
            Problem: 401, no such token; 429, too many wrong ones from this address.
            StateError: the tokens cannot be read.
        """
        return await _when_free(lambda: self._log_in(token, address))

    def _log_in(self, token: str, address: str) -> tuple[str, Caller]:
        now, digest = self._clock(), digest_of(token)
        if self._of_digest(digest) is NOBODY:
            wait_s = self._logins.wait_s(address, now)
            if wait_s > 0:  # of wrong ones alone: else who fails behind a proxy, which is one address, locks all out
                retry = {"retry-after": str(int(wait_s) + 1)}
                raise Problem("too-many-logins", 429, "too many wrong tokens; try again later", headers=retry)
            self._logins.failed(address, now)
            raise Problem("token-unknown", 401, "no such token; omni tokens add makes one", headers=_UNAUTHORISED)
        session_id, session = self._sessions.open(digest, now)
        return session_id, self._of_digest(digest, session)

    def log_out(self, request: HttpRequest) -> None:
        """End the session of this browser, if it has one."""
        self._sessions.close(request.cookies.get(COOKIE) or "")

    def _is_open(self, operation: Operation | None) -> bool:
        if operation is None:
            return False
        return operation.scope is None or (operation.of_the_original and self._original_open)

    def _of_digest(self, digest: bytes, session: Session | None = None) -> Caller:
        token = self._tokens.find(digest)
        return NOBODY if token is None else Caller(token.name, token.scopes, session)


async def _when_free(ask: Callable[[], Answer]) -> Answer:
    """What is asked of the tokens, once no other process has their file to itself; others are served meanwhile.

    Raises:
        TokensBusyError: one has it for ``BUSY_S``.
    """
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            return ask()
        except TokensBusyError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(_ASK_AGAIN_S)


def session_cookie(session_id: str, *, secure: bool) -> str:
    """The value of ``Set-Cookie``: unreadable by scripts, sent by pages of this site alone; empty id: forget it."""
    age = int(LIFETIME_S) if session_id else 0
    return f"{COOKIE}={session_id}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")


def _listed(names: tuple[str, ...]) -> str:
    return f" ({', '.join(names)})" if names else ""
