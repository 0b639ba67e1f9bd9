"""What the handlers of one app share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, TypeAlias

from sanic import Request, Sanic
from sanic.config import Config

from omni.agent import Agent, Prepared
from omni.config import AgentConfig
from omni.errors import ConfigError, OmniError
from omni.service.live import LiveHub
from omni.service.map_body import MapBody
from omni.service.once import Once
from omni.service.plans import Plan, read_plans
from omni.service.problems import Problem
from omni.service.scene import scene_document
from omni.service.settings import Proposal, Settings

if TYPE_CHECKING:
    from omni.service.access import Access


PHOTOS_AT_ONCE = 2
"""Photos of the gallery that are read beside each other: one takes up to half a gigabyte, and seconds of a thread that
other calls wait for, too."""


class Context:
    """One app's parts. There is no agent before the server starts, nor while the configuration cannot be used.

    Args:
        config: the agent's configuration.
        settings: the same as the user wrote it.
    """

    access: Access

    def __init__(self, config: AgentConfig, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self.map_body = MapBody()
        self.once = Once()
        self.plans: dict[str, Plan] = {}
        self.uploading = asyncio.Lock()  # two pictures of one name at once
        self.photos = asyncio.Semaphore(PHOTOS_AT_ONCE)
        self._agent: Agent | None = None
        self._live: LiveHub | None = None
        self._changing = asyncio.Lock()

    @property
    def agent(self) -> Agent:
        """The agent that runs.

        Raises:
            Problem: 503, the configuration cannot be used.
        """
        if self._agent is None:
            raise self._safe_mode()
        return self._agent

    @property
    def runs(self) -> bool:
        """Whether there is an agent."""
        return self._agent is not None

    @property
    def live(self) -> LiveHub:
        """What viewers are shown. Raises as ``agent``."""
        if self._live is None:
            raise self._safe_mode()
        return self._live

    async def start(self, agent: Agent) -> None:
        """Let an agent run, and show it."""
        self.plans = await asyncio.to_thread(read_plans, self.config.map_tracking)
        await asyncio.to_thread(agent.start)
        self._agent = agent
        self._live = LiveHub(agent, self.map_body, lambda: scene_document(agent, self.plans))
        self._live.start()

    async def stop(self) -> None:
        """End the agent, where one runs."""
        if self._agent is not None and self._live is not None:
            await self._live.stop()
            await asyncio.to_thread(self._agent.stop)

    async def check(self, propose: Callable[[], Proposal]) -> Proposal:
        """Find out whether a proposal can be used; nothing is changed.

        Raises:
            ConfigError: what is wrong, thing by thing.
        """
        async with self._changing:
            proposal = await asyncio.to_thread(propose)
            await asyncio.to_thread(self._prepared, proposal)
            return proposal

    async def change(self, propose: Callable[[], Proposal]) -> Proposal:
        """Use a proposal: opened first, then written, then applied. Raises as ``check``; nothing is changed then.

        What has begun is brought to its end, also when the caller goes away meanwhile.
        """
        return await asyncio.shield(asyncio.create_task(self._change(propose)))

    async def _change(self, propose: Callable[[], Proposal]) -> Proposal:
        async with self._changing:
            proposal = await asyncio.to_thread(propose)
            prepared = await asyncio.to_thread(self._prepared, proposal)
            await asyncio.to_thread(self.settings.accept, proposal)
            if isinstance(prepared, Prepared):
                await asyncio.to_thread(self.agent.apply, prepared)
                self.plans = await asyncio.to_thread(read_plans, proposal.config.map_tracking)
                self.config = self.agent.config
                self.live.show_streams()
            else:
                self.config = proposal.config
                await self._leave_safe_mode(prepared)
            return proposal

    async def _leave_safe_mode(self, agent: Agent) -> None:
        try:
            await self.start(agent)
            self.access.keep_tokens_in(agent.config.state_folder)
        except ConfigError as error:  # another agent has the outbox
            self.settings.problems = error.problems
            raise

    def _prepared(self, proposal: Proposal) -> Prepared | Agent:
        """All that is new, opened: a change of the agent that runs, or an agent where there is none yet."""
        if self._agent is not None:
            return self._agent.prepare(proposal.config)
        try:
            return Agent(proposal.config)
        except ConfigError:
            raise
        except OmniError as error:
            raise ConfigError(str(error)) from None

    def _safe_mode(self) -> Problem:
        why = "; ".join(f"{path or 'configuration'}: {message}" for path, message in self.settings.problems)
        return Problem("safe-mode", 503, f"the configuration cannot be used; PUT /api/v1/config mends it: {why}")


App: TypeAlias = Sanic[Config, Context]
HttpRequest: TypeAlias = Request[App, SimpleNamespace]
