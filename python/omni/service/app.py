"""The app: routes, errors, and the life of the agent behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sanic import Sanic
from sanic.config import Config
from sanic.router import Router
from sanic_routing.exceptions import RouteExists

from omni.config import AgentConfig
from omni.config.document import document_of
from omni.config.secrets import revealed
from omni.errors import ConfigError
from omni.service.access import Access
from omni.service.context import App, Context
from omni.service.guard import GuardedRequest, add_security_headers, let_in
from omni.service.problems import problem_response
from omni.service.routes import blueprints, map_tracking
from omni.service.serialize import to_json
from omni.service.settings import Settings

if TYPE_CHECKING:
    from omni.agent import Agent

REQUEST_MAX_BYTES = 8 * 1024 * 1024
"""The largest body that is read: a photo for the gallery. Other calls read less (``fields.py``)."""

WEBSOCKET_MAX_BYTES = 4 * 1024
"""Viewers only listen."""


def create_app(agent_factory: Callable[[], Agent] | None, config: AgentConfig, settings: Settings | None = None) -> App:
    """Make the app. Nothing is started.

    The agent is made and started by the server before it takes requests, and stopped by it afterwards. It owns
    cameras and models, so an app runs in one process.

    Args:
        agent_factory: makes the agent, or hands over one that was not started yet. None: safe mode, in which there is
            only the page of the settings, until they can be used.
        config: the agent's configuration; in safe mode what the service itself is to use.
        settings: the same as the user wrote it; without them changes are not written to a file.

    Raises:
        ConfigError: the map was given a path that another endpoint has, or others can reach the service and there is
            no token.
    """
    app = Sanic(
        f"omni-{uuid4().hex}",  # Sanic keeps a register of names; several apps may live in one process
        config=Config(_SETTINGS, env_prefix=None),
        ctx=Context(config, settings or Settings(revealed(document_of(config)))),
        router=_HeadAsGet(),
        request_class=GuardedRequest,  # type: ignore[arg-type]  # Sanic's own has another context
        dumps=to_json,
        configure_logging=False,
    )
    app.error_handler.add(Exception, problem_response)
    app.ctx.access = Access(config)
    app.register_middleware(let_in, "request")
    app.register_middleware(add_security_headers, "response")
    for blueprint in blueprints():
        app.blueprint(blueprint)
    try:
        app.blueprint(map_tracking.blueprint(config.http.map_tracking_path))
    except RouteExists:
        raise ConfigError(
            f"$.http.map_tracking_path: {config.http.map_tracking_path} is another endpoint's; choose another path"
        ) from None

    async def start(app: App) -> None:
        if agent_factory is not None:
            await app.ctx.start(await asyncio.to_thread(agent_factory))

    async def stop(app: App) -> None:
        await app.ctx.stop()

    app.register_listener(start, "before_server_start")
    app.register_listener(stop, "before_server_stop")
    return app


class _HeadAsGet(Router):
    """HEAD is GET, of which Sanic leaves out the body: what supervisors and ``curl -I`` ask (RFC 9110, 9.1)."""

    def get(self, path: str, method: str, host: str | None) -> Any:  # type: ignore[override]  # which is cached
        return super().get(path, "GET" if method == "HEAD" else method, host)


_SETTINGS: dict[str, str | bool | int | float | None] = {
    "ACCESS_LOG": False,
    "AUTO_EXTEND": False,
    "GRACEFUL_SHUTDOWN_TIMEOUT": 2.0,
    "GRACEFUL_TCP_CLOSE_TIMEOUT": 1.0,
    "MOTD": False,
    "REQUEST_MAX_SIZE": REQUEST_MAX_BYTES,
    "REQUEST_TIMEOUT": 15,
    "RESPONSE_TIMEOUT": 30,
    "TOUCHUP": False,  # it rewrites Sanic's own classes, which allows only one app in a process: as ``serve`` has it
    "WEBSOCKET_MAX_SIZE": WEBSOCKET_MAX_BYTES,
}
