"""The configuration of a running service: as its user wrote it, changed, written and undone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from omni.agent import Agent
from omni.config import NEEDS_RESTART, AgentConfig, HttpConfig, load_config, needs_restart
from omni.config.document import Difference, differences, document_of, merged, restored
from omni.config.faults import pointer
from omni.config.load import (
    check_document,
    config_file,
    read_document,
    state_folder,
    validated,
    with_uuids,
    write_document,
)
from omni.config.secrets import Concealed, conceal_unchecked, is_masked, revealed, shown
from omni.delivery import subscriber_keys
from omni.errors import ConfigError, FolderInUseError, OmniError, UnknownEndpointError

UNDO_MAX = 20
SUBSCRIBERS = "webhook_tracking_subscribers"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A document that can be used.

    Attributes:
        config: what it means to the agent.
        written: what the file is to hold, secrets and all.
        changes: what differs from now.
        undoes: whether it takes the last change back.
    """

    config: AgentConfig
    written: dict[str, Any]
    changes: tuple[Difference, ...]
    undoes: bool = False


class Settings:
    """The document, its file and what it was before. One change at a time: the caller sees to it.

    Args:
        written: the document as the user wrote it; None: there is none that can be read.
        path: its file; None: changes are not written.
        problems: why it cannot be used, as in ``ConfigError``; empty: it can.
    """

    def __init__(
        self, written: dict[str, Any] | None, path: Path | None = None, problems: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.path = path
        self.problems = problems
        self._written = written
        self._began = self._document()
        self._before: deque[dict[str, Any]] = deque(maxlen=UNDO_MAX)
        self._name, self._version = uuid4().hex[:8], 1
        self._on_disk = _bytes_of(path)

    @property
    def etag(self) -> str:
        """Of this document; another after each change."""
        return f'"{self._name}-{self._version}"'

    def shown(self) -> dict[str, Any]:
        """What ``GET /api/v1/config`` answers: no secret is in it."""
        return {
            "config": shown(self._document()),
            "restart": list(NEEDS_RESTART),
            "undo": bool(self._before),
            "pending_restart": self.pending_restart(),
            "file": None if self.path is None else str(self.path),
            "problems": [{"path": path, "message": message} for path, message in self.problems],
        }

    def pending_restart(self) -> list[str]:
        """JSON pointers of what was changed since the start and takes effect at the next one."""
        return [change.path for change in differences(self._began, self._document()) if needs_restart(change.path)]

    def propose(self, document: Mapping[str, Any]) -> Proposal:
        """What a whole new document comes to; ``***`` stands for the secret that is there.

        Raises:
            ConfigError: what is wrong, thing by thing.
        """
        now = self._document()
        whole, _ = with_uuids(_guarded(restored(document, now), now))
        config = validated(whole, "configuration")
        new = document_of(config)
        masked = list(_masked(new))
        if masked:
            message = (
                "*** stands for the secret that is there already, and goes to no other host: give the secret itself"
            )
            raise ConfigError(f"configuration: {masked[0]}: {message}", [(path, message) for path in masked])
        if self.problems or self._written is None:
            return self._proposal(whole, tuple(differences(now, new)))
        sparse = document_of(config, sparse=True)
        written = revealed(merged(self._written, now, new, sparse))
        return self._proposal(written, tuple(differences(now, new)))

    def undone(self) -> Proposal | None:
        """What taking the last change back comes to; None: there is none."""
        if not self._before:
            return None
        before = self._before[-1]
        changes = differences(self._document(), _document_of(before))
        return self._proposal(before, tuple(changes), undoes=True)

    def paused(self, endpoint: str, paused: bool) -> Proposal:
        """What keeping messages for a subscriber without sending them comes to, or going on."""
        return self._with_subscriber(endpoint, lambda _: {"paused": paused})

    def rotated(self, endpoint: str, secret: str) -> Proposal:
        """What another secret for a subscriber comes to; the one of now signs beside it."""
        return self._with_subscriber(
            endpoint, lambda subscriber: {"secret": secret, "previous_secret": subscriber["secret"]}
        )

    def _with_subscriber(self, endpoint: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Proposal:
        document = revealed(self._document())
        subscribers = validated(document, "configuration", tell=False).webhook_tracking_subscribers
        known = dict(subscriber_keys(subscribers))
        if endpoint not in known:
            raise UnknownEndpointError(f"no webhook {endpoint[:100]!r}; there are: {', '.join(known) or 'none'}")
        place = next(i for i, subscriber in enumerate(subscribers) if subscriber is known[endpoint])
        subscriber = document[SUBSCRIBERS][place]
        subscriber.update(change(subscriber))
        return self.propose(document)

    def accept(self, proposal: Proposal) -> None:
        """Write a proposal and go on from it.

        Raises:
            ConfigError: the file was changed by somebody else, or cannot be written; all is as it was.
        """
        if self.path is not None and proposal.written != self._written:
            self._write(self.path, proposal.written)
        if proposal.undoes:
            self._before.pop()
        elif self._written is not None and not self.problems and proposal.changes:
            self._before.append(self._written)
        if proposal.changes or self.problems:
            self._version += 1
        if self.problems:
            self._began = _document_of(proposal.written)
        self._written, self.problems = proposal.written, ()

    def _write(self, path: Path, written: dict[str, Any]) -> None:
        if _bytes_of(path) != self._on_disk:
            raise ConfigError(f"{path}: was changed by somebody else since it was read; restart the service to use it")
        try:
            write_document(path, written)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None
        self._on_disk = _bytes_of(path)

    def _proposal(self, written: dict[str, Any], changes: tuple[Difference, ...], *, undoes: bool = False) -> Proposal:
        return Proposal(check_document(written, self.path, tell=False), written, changes, undoes)

    def _document(self) -> Any:
        """All of it, defaults filled; what the user wrote where that cannot be used."""
        if self._written is None:
            return None
        return conceal_unchecked(self._written) if self.problems else _document_of(self._written)


def open_settings(source: str | Path, *, strict: bool) -> tuple[Settings, AgentConfig, Agent | None]:
    """The settings of a file or folder, what they come to, and the agent that they make, not started.

    What cannot be used makes no agent, and the settings tell of its ``problems``: the service then starts in safe mode,
    with a configuration that says no more than where it listens and where its tokens are.

    Raises:
        ConfigError: there is no such file; or, where ``strict``, what is wrong.
        FolderInUseError: another agent has the outbox.
        OmniError: where ``strict``, what else cannot be used.
    """
    path = config_file(source)
    if strict or not path.exists():
        config = load_config(path)
        return Settings(read_document(path), path), config, Agent(config)
    written: dict[str, Any] | None = None
    try:
        written = read_document(path)
        config = load_config(path)
        agent = Agent(config)
    except FolderInUseError:
        raise
    except OmniError as error:
        problems = error.problems if isinstance(error, ConfigError) else (("", str(error)),)
        return Settings(written, path, problems), _of_safe_mode(written, path), None
    return Settings(read_document(path), path), config, agent


def _of_safe_mode(written: dict[str, Any] | None, path: Path) -> AgentConfig:
    document = written or {}
    try:
        http = HttpConfig.model_validate(document.get("http", {}))
    except ValidationError:
        http = HttpConfig()
    return AgentConfig(http=http, state_folder=state_folder(document, path))


def _guarded(document: dict[str, Any], now: Any) -> dict[str, Any]:
    """An address set over the network leads to no private one, unless that is said with it (delivery, line 10)."""
    before, proposed = revealed((now or {}).get(SUBSCRIBERS)), document.get(SUBSCRIBERS)
    allowed = [s for s in before if isinstance(s, Mapping)] if isinstance(before, list) else []
    known = [_address(s) for s in allowed if s.get("private_networks", True)]
    if not isinstance(proposed, list):
        return document
    guarded = [
        {**s, "private_networks": False}
        if isinstance(s, Mapping) and "private_networks" not in s and _address(s) not in known
        else s
        for s in proposed
    ]
    return {**document, SUBSCRIBERS: guarded}


def _address(subscriber: Mapping[str, Any]) -> tuple[Any, Any, str]:
    return subscriber.get("url") or "", subscriber.get("host") or "", str(subscriber.get("port", 5000))


def _document_of(written: dict[str, Any]) -> dict[str, Any]:
    return document_of(validated(written, "configuration", tell=False))


def _masked(document: Any, path: tuple[int | str, ...] = ()) -> Any:
    """JSON pointers of secrets for which only ``***`` was given."""
    if isinstance(document, Concealed):
        if is_masked(document):
            yield pointer(path)
    elif isinstance(document, Mapping):
        for name, value in document.items():
            yield from _masked(value, (*path, name))
    elif isinstance(document, list):
        for i, value in enumerate(document):
            yield from _masked(value, (*path, i))


def _bytes_of(path: Path | None) -> bytes | None:
    try:
        return None if path is None else path.read_bytes()
    except OSError:
        return None
