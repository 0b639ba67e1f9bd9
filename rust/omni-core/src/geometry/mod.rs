//! Boxes and polygons, small matrices, and the way from the image to the map.

mod bbox;
mod box_index;
mod fit;
mod homography;
mod lens;
pub(crate) mod linear;
mod polygon;

pub use bbox::{BBox, MOST_PIXELS};
pub use box_index::{BoxIndex, Meeting};
pub use homography::Homography;
pub use lens::Lens;
pub use linear::{Matrix2, Matrix3, Point2};
pub use polygon::Polygon;
