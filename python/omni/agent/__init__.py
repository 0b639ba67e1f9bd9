"""The agent."""

from omni.agent.agent import Agent

__all__ = ["Agent"]
