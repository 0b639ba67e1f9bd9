"""The HTTP service: the documented endpoints, the live page. The only place that knows Sanic."""

from omni.service.app import create_app
from omni.service.server import free_port, serve
from omni.service.settings import open_settings

__all__ = ["create_app", "free_port", "open_settings", "serve"]
