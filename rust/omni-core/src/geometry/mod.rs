//! Boxes in the image, small matrices, and the way from the image to the map.

mod bbox;
mod fit;
mod homography;
mod lens;
pub(crate) mod linear;

pub use bbox::{BBox, BoxIndex};
pub use homography::Homography;
pub use lens::Lens;
pub use linear::{Matrix2, Matrix3, Point2};
