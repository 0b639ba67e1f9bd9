//! One track's life.

use crate::geometry::BBox;
use crate::kalman::{BoxFilter, PointFilter, Trust};

/// Where a track is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Seen, but not long or surely enough to be reported.
    Tentative = 0,
    /// Reported by the latest update.
    Confirmed = 1,
    /// Not supported by the latest update, may come back.
    Lost = 2,
    /// Gone for good.
    Removed = 3,
}

/// What the tracker tells of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Track {
    /// From 1, unique to the tracker.
    pub id: i64,
    /// Where, in pixels.
    pub bbox: BBox,
    /// Confidence of the latest detection, as it came in.
    pub confidence: f64,
    /// Class of the latest detection.
    pub class_id: i32,
    /// Where it is in its life.
    pub state: State,
    /// Which detection of the latest update it is; `None` where the box is predicted.
    pub detection_index: Option<usize>,
    /// Seconds at which it was first detected, before it was confirmed.
    pub first_timestamp: f64,
}

/// A detection on its way through the stages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) bbox: BBox,
    /// Confidence at the common level.
    pub(super) score: f64,
    pub(super) confidence: f64,
    pub(super) class_id: i32,
    /// Position in the update.
    pub(super) index: usize,
}

/// A track with all that is remembered of it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states of one machine")]
pub(super) struct Tracklet {
    /// Given when the track is first reported.
    pub(super) id: Option<i64>,
    pub(super) filter: BoxFilter,
    /// Where it stands, in metres, once it was seen on a known floor.
    pub(super) feet: Option<PointFilter>,
    /// What it looks like: a vector of length 1, once it was seen with an embedding.
    pub(super) look: Option<Box<[f32]>>,
    /// The latest detection.
    pub(super) last: Candidate,
    /// Whether the latest update saw it,
    pub(super) seen: bool,
    /// and whether the one before did.
    pub(super) continuing: bool,
    /// Whether the latest update reported it, or will once it is confirmed.
    pub(super) supported: bool,
    pub(super) confirmed: bool,
    pub(super) hits: u32,
    pub(super) first_timestamp: f64,
    pub(super) last_timestamp: f64,
    pub(super) innovation: [f64; 2],
    score_change: f64,
    score_sum: f64,
}

impl Tracklet {
    pub(super) fn new(detection: Candidate, timestamp: f64, confirmed: bool) -> Self {
        Self {
            id: None,
            filter: BoxFilter::new(&detection.bbox),
            feet: None,
            look: None,
            last: detection,
            seen: true,
            continuing: false,
            supported: true,
            confirmed,
            hits: 1,
            first_timestamp: timestamp,
            last_timestamp: timestamp,
            innovation: [0.0; 2],
            score_change: 0.0,
            score_sum: detection.score,
        }
    }

    /// Takes in the detection that was found to be this track.
    pub(super) fn take(&mut self, detection: Candidate, timestamp: f64, noise: f64) {
        self.innovation = self.filter.innovation(&detection.bbox);
        self.filter.correct(&detection.bbox, Trust { confidence: detection.score, noise });
        self.score_change = detection.score - self.last.score;
        self.score_sum += detection.score;
        self.last = detection;
        self.last_timestamp = timestamp;
        self.hits += 1;
        self.seen = true;
        self.confirmed = true;
    }

    /// Begins an update in which it is not seen yet.
    pub(super) fn await_detection(&mut self) {
        self.continuing = std::mem::take(&mut self.seen);
    }

    pub(super) fn mean_score(&self) -> f64 {
        self.score_sum / f64::from(self.hits)
    }

    /// Score that the next detection would have if the latest change went on.
    pub(super) fn expected_score(&self) -> f64 {
        (self.last.score + self.score_change).clamp(0.1, 1.0)
    }

    /// Seconds from the first detection to the latest.
    pub(super) fn seen_seconds(&self) -> f64 {
        self.last_timestamp - self.first_timestamp
    }

    pub(super) fn shift(&mut self, [dx, dy]: [f64; 2]) {
        self.filter.shift(dx, dy);
        self.last.bbox = self.last.bbox.shifted(dx, dy);
    }

    /// Fits it to a picture that became so many times as wide and high.
    pub(super) fn scale(&mut self, [x, y]: [f64; 2]) {
        self.filter.scale([x, y]);
        let bbox = &mut self.last.bbox;
        *bbox = BBox { x1: x * bbox.x1, y1: y * bbox.y1, x2: x * bbox.x2, y2: y * bbox.y2 };
    }

    /// What is told of it; `None` before it was ever reported.
    pub(super) fn report(&self, state: State) -> Option<Track> {
        Some(Track {
            id: self.id?,
            bbox: self.filter.bbox(),
            confidence: self.last.confidence,
            class_id: self.last.class_id,
            state,
            detection_index: (self.seen && state != State::Removed).then_some(self.last.index),
            first_timestamp: self.first_timestamp,
        })
    }
}
