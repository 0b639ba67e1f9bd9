"""The networks that a configuration asks for, opened once and shared by all streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omni.config import AgentConfig, StreamConfig
from omni.detect import Descriptor, Detector, open_descriptor, open_detector
from omni.errors import ModelError
from omni.faces.engine import FaceEngine, open_face_engine


@dataclass(frozen=True, slots=True)
class Networks:
    """What finds people, tells them apart by their looks and knows their faces; None for what is not wanted."""

    detector: Detector | None
    descriptor: Descriptor | None
    faces: FaceEngine | None

    def detector_for(self, stream: StreamConfig) -> Detector | None:
        """What finds people in a stream.

        Raises:
            ModelError: the network cannot look at pictures of the size that the stream asks for.
        """
        if self.detector is None or stream.input_size is None:
            return self.detector
        try:
            return self.detector.at(stream.input_size)
        except ModelError as error:
            raise ModelError(f"stream {stream.label}: input_size: {error}") from None

    def documents(self) -> list[dict[str, Any]]:
        """What runs each network, for the status: ``role``, ``model``, ``providers_asked``, ``providers_in_use`` and
        how many ``nodes`` of it each runs.
        """
        running = {} if self.faces is None else dict(self.faces.runs_on)
        if self.descriptor is not None and self.descriptor.runs_on is not None:
            running["looks"] = self.descriptor.runs_on
        if self.detector is not None:
            running["people"] = self.detector.runs_on
        return [{"role": role, **running[role].document()} for role in sorted(running)]


def open_networks(config: AgentConfig, running: tuple[AgentConfig, Networks] | None = None) -> Networks:
    """Open what the configuration asks for; each network has run once when this returns.

    Args:
        config: whose.
        running: a configuration and its networks; those that the two have in common are taken over.

    Raises:
        ModelError: a network is missing, damaged, or does not run where it was asked to.
        StateError: the gallery of faces cannot be used.
    """
    before, networks = running or (None, Networks(None, None, None))
    if before is not None and _bodies(before) == _bodies(config):
        detector, descriptor = networks.detector, networks.descriptor
    else:
        detector = _open_detector(config)
        descriptor = _open_descriptor(config) if detector is not None else None
    if before is not None and face_settings(before) == face_settings(config):
        faces = networks.faces
    else:
        faces = open_face_engine(config) if config.pipelines.face.enabled else None
    return Networks(detector, descriptor, faces)


def face_settings(config: AgentConfig) -> object:
    """What the networks and the gallery of faces are opened by."""
    return (config.pipelines.face, config.detector.providers, config.detector.threads, config.detector.allow_fallback,
            config.state_folder, config.desired_score, config.faR, config.frR)  # fmt: skip


def _bodies(config: AgentConfig) -> object:
    """What the networks that find people are opened by."""
    return (config.detector, config.detector_confidence, config.pipelines.body_detector, config.enable_body_tracking,
            config.appearance, bool(config.enabled_streams))  # fmt: skip


def _open_detector(config: AgentConfig) -> Detector | None:
    settings = config.detector
    wanted = config.pipelines.body_detector.enabled and config.enable_body_tracking
    if not (wanted and config.enabled_streams):
        return None
    return open_detector(
        settings.model,
        head=settings.head,
        confidence=config.detector_confidence,
        providers=settings.providers,
        threads=settings.threads,
        allow_fallback=settings.allow_fallback,
    )


def _open_descriptor(config: AgentConfig) -> Descriptor | None:
    wanted, settings = config.appearance, config.detector
    if wanted.descriptor is None:
        return None
    return open_descriptor(
        wanted.descriptor,
        providers=wanted.providers or settings.providers,
        threads=settings.threads,
        allow_fallback=settings.allow_fallback,
    )
