"""The compiled core. Use it through omni.track, omni.fusion, omni.regions and omni.encode, which document it."""

from collections.abc import Sequence
from typing import TypeAlias, final

from omni.types import Bool, Float32, Float64, Int32, Int64, UInt8

__all__ = [
    "RUST_VERSION",
    "EmbeddingIndex",
    "Homography",
    "MapFuser",
    "Region",
    "RegionMonitor",
    "Tracker",
    "encode_jpeg",
    "encode_jpeg_base64",
]

RUST_VERSION: str

_TrackColumns: TypeAlias = tuple[float, Int64, Float32, Float32, Int32, UInt8, Int32, Float64]
_MapColumns: TypeAlias = tuple[float, Int64, Float64, Float64, Float64, Float64, Float64, tuple[dict[str, int], ...]]
_RegionColumns: TypeAlias = tuple[UInt8, Int32, Int64, Float64]
_CameraBoxes: TypeAlias = tuple[int, float, Float32, Float32, Int64 | None]
_Offset: TypeAlias = tuple[list[float], list[float], list[float], float, int]

@final
class Tracker:
    def __new__(
        cls,
        *,
        track_activation_threshold: float,
        high_confidence_threshold: float,
        low_confidence_threshold: float,
        minimum_matching_threshold: float,
        lost_track_seconds: float,
        relink_seconds: float,
        reident_confidence: float,
        reident_seconds: float,
        covered_track_seconds: float,
        adapt_confidence: bool,
        homography: Homography | None,
        metres_per_unit: float,
    ) -> Tracker: ...
    def set_homography(self, homography: Homography | None, metres_per_unit: float) -> None: ...
    def update(
        self,
        xyxy: Float32,
        confidence: Float32,
        class_id: Int32 | None,
        timestamp: float,
        embeddings: Float32 | None,
        image_size: Sequence[float] | None,
    ) -> _TrackColumns: ...
    def lost(self) -> _TrackColumns: ...
    def removed(self) -> _TrackColumns: ...
    def reset(self) -> None: ...

@final
class Homography:
    def __new__(
        cls,
        matrix: Float64,
        image_size: Sequence[float] | None,
        camera_matrix: Float64 | None,
        distortion: Float64 | None,
    ) -> Homography: ...
    @staticmethod
    def from_points(
        image_points: Float64,
        map_points: Float64,
        image_size: Sequence[float] | None,
        camera_matrix: Float64 | None,
        distortion: Float64 | None,
    ) -> Homography: ...
    @property
    def matrix(self) -> Float64: ...
    @property
    def image_size(self) -> tuple[float, float] | None: ...
    @property
    def residuals(self) -> Float64: ...
    @property
    def used(self) -> Bool: ...
    @property
    def rms_error(self) -> float | None: ...
    def shifted(self, step: tuple[float, float]) -> Homography: ...
    def map_from_image(self, points: Float64) -> Float64: ...
    def image_from_map(self, points: Float64) -> Float64: ...
    def covariance(self, points: Float64, pixel_sigma: float) -> Float64: ...

@final
class MapFuser:
    def __new__(
        cls,
        *,
        metres_per_unit: float,
        minimum_confidence: float,
        birth_confidence: float,
        detection: float,
        pixel_noise: float,
        floor_noise_m: float,
        confirm_seconds: float,
        coast_seconds: float,
        lost_seconds: float,
        merge_distance_m: float,
        late_seconds: float,
    ) -> MapFuser: ...
    def set_camera(self, camera: int, homography: Homography, visible_area: Float64 | None) -> None: ...
    def dropped_frames(self, camera: int) -> int: ...
    def offset(self, camera: int) -> _Offset | None: ...
    def update(self, cameras: list[_CameraBoxes], timestamp: float, names: list[str]) -> _MapColumns: ...

@final
class Region:
    def __new__(cls, points: Float64, *, presence: bool, direction: tuple[float, float] | None) -> Region: ...

@final
class RegionMonitor:
    def __new__(cls, regions: list[Region], *, inertia_frames: int) -> RegionMonitor: ...
    def update(
        self, track_id: Int64, points: Float64, heights: Float64, *, timestamp: float, frame: int
    ) -> _RegionColumns: ...
    def replace(self, regions: list[Region], kept: list[int | None], *, inertia_frames: int) -> _RegionColumns: ...
    def stays(self) -> _RegionColumns: ...
    def forget(self, track_id: Int64) -> _RegionColumns: ...
    def forget_all(self) -> _RegionColumns: ...

@final
class EmbeddingIndex:
    def __new__(cls, rows: Float32, owners: Int32) -> EmbeddingIndex: ...
    def search(self, queries: Float32, k: int) -> tuple[Int32, Float32]: ...

def encode_jpeg(image: UInt8, quality: int) -> bytes: ...
def encode_jpeg_base64(image: UInt8, quality: int) -> str: ...
