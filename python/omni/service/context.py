"""What the handlers of one app share."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, TypeAlias

from sanic import Request, Sanic
from sanic.config import Config

from omni.config import AgentConfig
from omni.service.live import LiveHub
from omni.service.map_body import MapBody
from omni.service.once import Once
from omni.service.plans import Plan

if TYPE_CHECKING:
    from omni.agent import Agent
    from omni.service.access import Access


class Context:
    """One app's parts. What is only declared here is made when the server starts, before the first request."""

    agent: Agent
    live: LiveHub
    access: Access

    def __init__(self, config: AgentConfig) -> None:
        self.config = config
        self.map_body = MapBody()
        self.once = Once()
        self.plans: dict[str, Plan] = {}


App: TypeAlias = Sanic[Config, Context]
HttpRequest: TypeAlias = Request[App, SimpleNamespace]
