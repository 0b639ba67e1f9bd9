"""Pictures as JPEG and as text."""

from omni.encode.jpeg import encode_jpeg, encode_jpeg_base64

__all__ = ["encode_jpeg", "encode_jpeg_base64"]
