//! Settings of the map fusion.

use crate::error::{Error, Result, in_range};

/// Settings in metres and seconds, whatever the unit of the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FusionConfig {
    /// Length of one unit of the map.
    pub metres_per_unit: f64,
    /// Detections below this confidence are not used; tracks always are.
    pub minimum_confidence: f64,
    /// Least confidence of a detection that puts a new person on the map; any track may.
    pub birth_confidence: f64,
    /// How often a camera finds somebody in full view.
    pub detection: f64,
    /// Standard deviation of a box's middle, top and bottom, as a share of its height.
    pub pixel_noise: f64,
    /// Standard deviation of the calibration on the floor.
    pub floor_noise_m: f64,
    /// A person is reported once seen for so long, and at least twice; at once where several cameras agree.
    pub confirm_seconds: f64,
    /// A person whom no camera sees, but who is in the picture of one, is still reported for so long
    pub coast_seconds: f64,
    /// and still known for so long.
    pub lost_seconds: f64,
    /// Two people nearer than this whom no camera sees as two are one, and nobody new comes up so near to another.
    pub merge_distance_m: f64,
    /// Frames that come later than the newest by no more than this are used, where they belong; the others are dropped.
    pub late_seconds: f64,
}

impl Default for FusionConfig {
    fn default() -> Self {
        Self {
            metres_per_unit: 1.0,
            minimum_confidence: 0.4,
            birth_confidence: 0.6,
            detection: 0.85,
            pixel_noise: 0.05,
            floor_noise_m: 0.1,
            confirm_seconds: 0.15,
            coast_seconds: 1.0,
            lost_seconds: 2.5,
            merge_distance_m: 0.6,
            late_seconds: 0.5,
        }
    }
}

impl FusionConfig {
    /// Refuses settings out of range; the message names the field.
    pub fn validate(&self) -> Result<()> {
        if !(self.metres_per_unit.is_finite() && self.metres_per_unit > 0.0) {
            return Err(Error::invalid("metres_per_unit", "a positive number of metres", self.metres_per_unit));
        }
        in_range("minimum_confidence", self.minimum_confidence, 0.0, 1.0)?;
        in_range("birth_confidence", self.birth_confidence, self.minimum_confidence, 1.0)?;
        in_range("detection", self.detection, 0.0, 1.0)?;
        in_range("pixel_noise", self.pixel_noise, 0.001, 1.0)?;
        in_range("floor_noise_m", self.floor_noise_m, 0.001, 10.0)?;
        in_range("confirm_seconds", self.confirm_seconds, 0.0, 10.0)?;
        in_range("coast_seconds", self.coast_seconds, 0.0, 60.0)?;
        in_range("lost_seconds", self.lost_seconds, self.coast_seconds, 60.0)?;
        in_range("merge_distance_m", self.merge_distance_m, 0.0, 10.0)?;
        in_range("late_seconds", self.late_seconds, 0.0, 10.0)
    }
}
