//! People followed through one stream by their boxes.
//!
//! In the line of SORT (Bewley et al. 2016) and ByteTrack (Zhang et al. 2022): a Kalman filter for each track, sure
//! detections first and weak ones after. Beyond those: confidence as a cue (Hybrid-SORT, Yang et al. 2024), overlap
//! weighed by height (the same), boxes widened by what the filter does not know (C-BIoU, Yang et al. 2023), detection
//! noise learned from the stream by the whiteness of its innovations, camera shake measured from the boxes, and the floor
//! of a calibrated camera as a second witness (`UCMCTrack`, Yi et al. 2024).

mod appearance;
mod association;
mod confidence;
mod config;
mod floor;
mod memory;
mod shake;
mod similarity;
#[cfg(test)]
mod tests;
mod tracker;
mod tracklet;
mod whiteness;

pub use appearance::Embeddings;
pub use config::TrackerConfig;
pub use floor::Floor;
pub use tracker::Tracker;
pub use tracklet::{State, Track};
