"""All that faces need, opened once and shared by all streams."""

from __future__ import annotations

from dataclasses import dataclass

from omni.config import AgentConfig
from omni.detect import FaceDetector, FaceEmbedder, RunsOn, open_face_detector, open_face_embedder
from omni.faces.enrol import Enroller
from omni.faces.recognition import Recognition, open_recognition
from omni.faces.traits import TraitReader, open_trait_reader
from omni.faces.watch import FaceWatch


@dataclass(frozen=True, slots=True)
class FaceEngine:
    """The networks and the gallery; ``max_fps``: how many pictures a second of a stream are searched at most."""

    detector: FaceDetector
    embedder: FaceEmbedder
    recognition: Recognition
    traits: TraitReader
    max_fps: float | None = None

    @property
    def name(self) -> str:
        """What is in use, with the checksum of the embedding network."""
        return f"omni {self.embedder.identity}"

    @property
    def runs_on(self) -> dict[str, RunsOn]:
        """What runs the networks, by their role."""
        traits = {"age and gender": self.traits.age_gender, "emotion": self.traits.emotion}
        return {
            "faces": self.detector.runs_on,
            "face embeddings": self.embedder.runs_on,
            **{role: reader.runs_on for role, reader in traits.items() if reader is not None},
        }

    def watch(self, *, pictures: bool) -> FaceWatch:
        """For one stream. ``pictures``: whether pictures of faces are handed on."""
        return FaceWatch(
            self.detector, self.embedder, self.recognition, self.traits, pictures=pictures, max_fps=self.max_fps
        )

    def enroller(self) -> Enroller:
        """Reads photos for the gallery."""
        return Enroller(self.detector, self.embedder)


def open_face_engine(config: AgentConfig) -> FaceEngine:
    """Open what a configuration asks for.

    Raises:
        ModelError: a network is missing, damaged, or does not run where it was asked to.
        StateError: the gallery's file cannot be used.
    """
    face, settings = config.pipelines.face, config.detector
    providers, threads, allow_fallback = face.providers or settings.providers, settings.threads, settings.allow_fallback
    detector = open_face_detector(providers=providers, threads=threads, allow_fallback=allow_fallback)
    embedder = open_face_embedder(face.embedder, providers=providers, threads=threads, allow_fallback=allow_fallback)
    traits = open_trait_reader(face.attributes, providers=providers, threads=threads, allow_fallback=allow_fallback)
    return FaceEngine(detector, embedder, open_recognition(config, embedder), traits, face.max_fps)
