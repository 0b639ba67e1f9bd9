"""The agent."""

from omni.agent.agent import Agent
from omni.agent.reconfigure import Prepared

__all__ = ["Agent", "Prepared"]
