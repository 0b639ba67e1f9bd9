"""Who is in a region, who came through a line (protocol, section 4)."""

from omni.regions.counts import LineCount, LineCounts
from omni.regions.monitor import RegionMonitor, check_regions

__all__ = ["LineCount", "LineCounts", "RegionMonitor", "check_regions"]
