//! Many cameras, one map: who stands where.
//!
//! Late fusion of boxes by their ground points, without appearance. Each camera's boxes are assigned one to one to the
//! people on the map by Mahalanobis distance; what is left over starts new ones, one box a camera.

mod associate;
mod camera;
mod config;
mod fuser;
mod object;

pub use camera::Observation;
pub use config::FusionConfig;
pub use fuser::MapFuser;
pub use object::MapObject;
