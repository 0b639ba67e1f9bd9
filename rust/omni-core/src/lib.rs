//! The core of omni: people tracked in one camera, placed on one map, pictures encoded.
//!
//! # Conventions
//!
//! - **Image frame**: pixels, origin at the top left corner, x to the right, y down. A box is `x1 y1 x2 y2`.
//! - **Map frame**: a plane with axes and unit of the calibration; settings are in metres, and
//!   [`fusion::FusionConfig::metres_per_unit`] is the only bridge between the two.
//! - A person stands on the map below the middle of the body: at the **ground point**, the bottom centre of a whole box.
//! - Conversions are named `output_from_input`: `map_from_image`.
//! - **Time** is data: `f64` seconds that the caller passes and that only ever increase, for the fusion those of each
//!   camera. Nothing here asks a clock, and no setting counts frames.
//! - **Ids** start at 1, are unique to one instance and are never used twice by it.
//! - The same calls give the same results, bit for bit, on every machine: no randomness, no hash order, no threads, and
//!   `exp`, `ln` and the like are those of the crate `libm` (the C library's differ with the processor).
//!
//! # Modules
//!
//! - [`error`]: the one [`Error`].
//! - [`types`]: what goes in, [`Detection`].
//! - [`geometry`]: boxes and their overlap, polygons, small matrices, [`geometry::Homography`] with lens distortion.
//! - [`assignment`]: which row belongs to which column, at the highest total weight.
//! - [`kalman`]: filters of a box in the image and of a point on the map.
//! - [`track`]: [`track::Tracker`], one stream.
//! - [`regions`]: [`regions::RegionMonitor`], who is where in one stream, and who crossed a line.
//! - [`fusion`]: [`fusion::MapFuser`], many cameras of one map.
//! - [`search`]: [`search::EmbeddingIndex`], whose face it is.
//! - [`encode`]: JPEG and base64.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests may be off by a bit"))]

pub mod assignment;
pub mod encode;
pub mod error;
pub mod fusion;
pub mod geometry;
pub mod kalman;
pub mod regions;
pub mod search;
pub mod track;
pub mod types;

pub use error::{Error, Result};
pub use types::Detection;
