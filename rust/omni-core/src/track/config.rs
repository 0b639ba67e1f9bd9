//! Settings of the tracker.

use crate::error::{Result, in_range};

/// Settings that a user may have a reason to change. Thresholds lie between 0 and 1, times are in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackerConfig {
    /// Least confidence of a detection that starts a track.
    pub track_activation_threshold: f64,
    /// Detections above it are matched first, with every track; a track is reported while its mean confidence reaches it.
    pub high_confidence_threshold: f64,
    /// Detections between this and the one above only prolong tracks seen a moment ago; those below are ignored.
    pub low_confidence_threshold: f64,
    /// Least similarity (overlap times confidence) of a track and a detection.
    pub minimum_matching_threshold: f64,
    /// How long a track that is not seen moves on by prediction and is matched by overlap.
    pub lost_track_seconds: f64,
    /// How long a track that stood still is kept for somebody who appears at the same place.
    pub relink_seconds: f64,
    /// Least cosine of the looks of somebody new and somebody who has left for them to be one person; needs embeddings.
    pub reident_confidence: f64,
    /// How long somebody who has left is remembered by the look; 0: not at all.
    pub reident_seconds: f64,
    /// How long a track that is covered by a nearer person is still reported.
    pub covered_track_seconds: f64,
    /// Whether confidences are first brought to a common level (what a sure detection of this stream scores becomes 0.97), which
    /// lets the same thresholds serve detectors that are sure at 0.6 and such that are sure at 0.99.
    pub adapt_confidence: bool,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            track_activation_threshold: 0.7,
            high_confidence_threshold: 0.65,
            low_confidence_threshold: 0.1,
            minimum_matching_threshold: 0.2,
            lost_track_seconds: 1.0,
            relink_seconds: 5.0,
            reident_confidence: 0.6,
            reident_seconds: 300.0,
            covered_track_seconds: 0.2,
            adapt_confidence: true,
        }
    }
}

impl TrackerConfig {
    /// Refuses settings out of range; the message names the field.
    pub fn validate(&self) -> Result<()> {
        in_range("low_confidence_threshold", self.low_confidence_threshold, 0.0, 1.0)?;
        in_range("high_confidence_threshold", self.high_confidence_threshold, self.low_confidence_threshold, 1.0)?;
        in_range("track_activation_threshold", self.track_activation_threshold, self.high_confidence_threshold, 1.0)?;
        in_range("minimum_matching_threshold", self.minimum_matching_threshold, 0.0, 1.0)?;
        in_range("lost_track_seconds", self.lost_track_seconds, 0.0, 60.0)?;
        in_range("relink_seconds", self.relink_seconds, self.lost_track_seconds, 60.0)?;
        in_range("reident_confidence", self.reident_confidence, 0.0, 1.0)?;
        in_range("reident_seconds", self.reident_seconds, 0.0, 86_400.0)?;
        in_range("covered_track_seconds", self.covered_track_seconds, 0.0, self.lost_track_seconds)
    }
}
