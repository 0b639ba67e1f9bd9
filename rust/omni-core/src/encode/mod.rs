//! Pictures to JPEG, and JPEG to text.

mod base64;
mod jpeg;

pub use base64::encode_base64;
pub use jpeg::{JpegEncoder, Pixels, check_sides, encode_jpeg};
