"""History: what happened, kept on disk for as long as it is wanted, to be looked through (protocol, section 3)."""

from omni.history.archive import Archive, Filter, Page
from omni.history.charts import Span, counts, occupancy
from omni.history.recorder import History, Shots

__all__ = ["Archive", "Filter", "History", "Page", "Shots", "Span", "counts", "occupancy"]
