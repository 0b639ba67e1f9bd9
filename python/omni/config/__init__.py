"""Configuration: what ``run_params.json`` holds, checked."""

from omni.config.agent import AgentConfig, AttributesConfig, DetectorConfig, HttpConfig
from omni.config.load import FILE_NAME, config_folder, load_config
from omni.config.map_tracking import CameraView, MapTrackingConfig, PointPair, ViewConfig
from omni.config.regions import RegionConfig, RegionsConfig
from omni.config.restart import NEEDS_RESTART, needs_restart, without_restart
from omni.config.streams import StreamConfig
from omni.config.webhooks import DeliveryConfig, MqttConfig, SubscriberConfig

__all__ = [
    "FILE_NAME",
    "NEEDS_RESTART",
    "AgentConfig",
    "AttributesConfig",
    "CameraView",
    "DeliveryConfig",
    "DetectorConfig",
    "HttpConfig",
    "MapTrackingConfig",
    "MqttConfig",
    "PointPair",
    "RegionConfig",
    "RegionsConfig",
    "StreamConfig",
    "SubscriberConfig",
    "ViewConfig",
    "config_folder",
    "load_config",
    "needs_restart",
    "without_restart",
]
