//! Which detection continues which track: candidates, and what each pair is worth at each stage.

use super::similarity::Prediction;
use super::tracklet::{Candidate, Tracklet};
use crate::assignment::{Edge, Matcher, keep_heaviest};
use crate::geometry::{BBox, BoxIndex, Meeting};
use crate::kalman::Trust;

/// What a wrong guess of the score costs.
const SCORE_WEIGHT: f64 = 0.15;
/// Only so many detections are weighed for a track; keeps time bounded where everything lies in one place.
const MOST_CANDIDATES: usize = 1000;
/// Least overlap of a pair that measures the camera's motion, boxes widened by `SHAKE_WIDENING`.
const SHAKE_OVERLAP: f64 = 0.1;
const SHAKE_WIDENING: f64 = 0.2;
/// So many tracks at most are asked how the camera moved.
const MOST_SHAKE_PAIRS: usize = 32;

/// Where a track's detection is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    /// Where it may overlap the prediction.
    Overlap,
    /// So far from the centre in x and y, in heights of the box.
    Heights([f64; 2]),
}

/// Detections of one stage and which of them are still free.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool {
    pub(super) detections: Vec<Candidate>,
    pub(super) free: Vec<bool>,
    index: BoxIndex,
}

impl Pool {
    /// Takes up the detections that were put in, all of them free.
    pub(super) fn open(&mut self) {
        self.free.clear();
        self.free.resize(self.detections.len(), true);
        self.index.rebuild(self.detections.iter().map(|d| d.bbox));
    }

    /// Detections that meet `bbox` and were found to be somebody.
    pub(super) fn taken_meeting(&self, bbox: BBox) -> impl Iterator<Item = BBox> {
        self.index.meeting(bbox).filter(|&i| !self.free[i]).map(|i| self.detections[i].bbox)
    }

    fn within(&self, prediction: &Prediction, reach: Reach) -> Meeting<'_> {
        let bbox = prediction.bbox;
        match reach {
            Reach::Overlap => self.index.meeting_widened(bbox, prediction.widening),
            Reach::Heights([x, y]) => {
                let ([cx, cy], h) = (bbox.centre(), bbox.height());
                self.index.meeting(BBox::from_centre(cx, cy, 2.0 * x * h, 2.0 * y * h))
            }
        }
    }
}

/// The search for the best pairs, in memory that is kept from one stage to the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Association {
    edges: Vec<Edge>,
    matcher: Matcher,
    pairs: Vec<(usize, usize)>,
    /// For each detection and each track the best overlap and whose it is.
    best_track: Vec<(f64, usize)>,
    best_detection: Vec<(f64, usize)>,
    misses: Vec<[f64; 2]>,
}

impl Association {
    /// The best pairs of the `eligible` tracks and the free detections of their class, as positions in either list.
    pub(super) fn best_pairs(
        &mut self,
        tracks: &[Tracklet],
        pool: &Pool,
        eligible: impl Fn(&Tracklet) -> bool,
        reach: Reach,
        weight: impl Fn(&Tracklet, &Prediction, &Candidate) -> f64,
    ) -> &[(usize, usize)] {
        self.edges.clear();
        for (row, track) in tracks.iter().enumerate().filter(|(_, t)| eligible(t)) {
            let start = self.edges.len();
            let prediction = Prediction::new(track.filter.bbox(), track.filter.spread());
            for column in pool.within(&prediction, reach).take(MOST_CANDIDATES) {
                let detection = &pool.detections[column];
                if !pool.free[column] || detection.class_id != track.last.class_id {
                    continue;
                }
                let weight = weight(track, &prediction, detection);
                if weight > 0.0 {
                    self.edges.push(Edge { row, column, weight });
                }
            }
            keep_heaviest(&mut self.edges, start);
        }
        self.pairs.clear();
        if !self.edges.is_empty() {
            let matched = self.matcher.solve(tracks.len(), pool.detections.len(), &self.edges);
            self.pairs.extend(matched.iter().enumerate().filter_map(|(row, column)| Some((row, (*column)?))));
        }
        &self.pairs
    }

    /// Distance of detection from prediction for pairs of a track seen a moment ago and a detection that are each other's
    /// best.
    pub(super) fn mutual_misses(&mut self, tracks: &[Tracklet], pool: &Pool) -> &[[f64; 2]] {
        self.best_track.clear();
        self.best_track.resize(pool.detections.len(), (SHAKE_OVERLAP, usize::MAX));
        self.best_detection.clear();
        // A median needs no more than a part of a crowd.
        let step = tracks.len().div_ceil(MOST_SHAKE_PAIRS).max(1);
        for (row, track) in tracks.iter().enumerate().step_by(step) {
            let mut best = (SHAKE_OVERLAP, usize::MAX);
            if track.seen && track.confirmed {
                let bbox = track.filter.bbox();
                let widened = bbox.widened(SHAKE_WIDENING, SHAKE_WIDENING);
                for column in pool.index.meeting_widened(bbox, [SHAKE_WIDENING; 2]).take(MOST_CANDIDATES) {
                    let found = &pool.detections[column].bbox;
                    let overlap = widened.iou(&found.widened(SHAKE_WIDENING, SHAKE_WIDENING));
                    if overlap > self.best_track[column].0 {
                        self.best_track[column] = (overlap, row);
                    }
                    if overlap > best.0 {
                        best = (overlap, column);
                    }
                }
            }
            self.best_detection.push(best);
        }
        self.misses.clear();
        for (row, &(_, column)) in (0..).step_by(step).zip(&self.best_detection) {
            if self.best_track.get(column).is_some_and(|&(_, best)| best == row) {
                let (predicted, seen) = (tracks[row].filter.bbox().centre(), pool.detections[column].bbox.centre());
                self.misses.push([seen[0] - predicted[0], seen[1] - predicted[1]]);
            }
        }
        &self.misses
    }
}

/// Overlap of prediction and detection, less what the score speaks against it.
pub(super) fn overlap_weight(
    track: &Tracklet,
    prediction: &Prediction,
    detection: &Candidate,
    by_score: bool,
    least: f64,
) -> f64 {
    let overlap = prediction.similarity(&detection.bbox, least);
    let factor = if by_score { detection.score } else { 1.0 };
    factor * overlap - SCORE_WEIGHT * (track.expected_score() - detection.score).abs() - least
}

/// Bounds of the search for a track that was lost.
pub(super) struct Relink {
    /// Seconds of the update.
    pub(super) timestamp: f64,
    /// How long motion explains where somebody reappears.
    pub(super) motion_seconds: f64,
    /// Of the stream's detections.
    pub(super) noise: f64,
}

impl Relink {
    const MOST_DISTANCE: f64 = 3.0;
    const MOST_HEIGHT_CHANGE: f64 = 0.25;
    const MOST_WIDTH_CHANGE: f64 = 0.5;
    /// Furthest in x and y, in heights of the box.
    pub(super) const REACH: [f64; 2] = [1.5, 0.5];
    /// The same for a track that stood still, and how much its height may differ.
    const STATIONARY_REACH: f64 = 0.15;
    const STATIONARY_HEIGHT_CHANGE: f64 = 0.15;
    /// A track stood still if it moved less than this, in heights per second, and was seen at least a second.
    const STATIONARY_SPEED: f64 = 0.3;
    const STATIONARY_SECONDS: f64 = 1.0;

    /// Whether a track stood still when it was last seen.
    pub(super) fn was_stationary(track: &Tracklet) -> bool {
        track.filter.speed() < Self::STATIONARY_SPEED * track.filter.bbox().height()
            && track.seen_seconds() >= Self::STATIONARY_SECONDS
    }

    /// Worth of taking `detection` for the lost `track`, 0 where nothing speaks for it.
    pub(super) fn weight(&self, track: &Tracklet, prediction: &Prediction, detection: &Candidate) -> f64 {
        let (bbox, found) = (prediction.bbox, detection.bbox);
        if log_ratio(found.height(), bbox.height()) > Self::MOST_HEIGHT_CHANGE
            || log_ratio(found.width(), bbox.width()) > Self::MOST_WIDTH_CHANGE
        {
            return 0.0;
        }
        if self.timestamp - track.last_timestamp > self.motion_seconds {
            return Self::stationary_weight(track, &found);
        }
        let ([px, py], [x, y]) = (bbox.centre(), found.centre());
        if (x - px).abs() > Self::REACH[0] * bbox.height() || (y - py).abs() > Self::REACH[1] * bbox.height() {
            return 0.0;
        }
        let trust = Trust { confidence: detection.score, noise: self.noise };
        Self::MOST_DISTANCE - track.filter.mahalanobis(&found, trust)
    }

    fn stationary_weight(track: &Tracklet, found: &BBox) -> f64 {
        let last = track.last.bbox;
        let ([px, py], [x, y]) = (last.centre(), found.centre());
        let share = libm::hypot(x - px, y - py) / (Self::STATIONARY_REACH * last.height());
        let same_height = log_ratio(found.height(), last.height()) < Self::STATIONARY_HEIGHT_CHANGE;
        if Self::was_stationary(track) && same_height { Self::MOST_DISTANCE * (1.0 - share) } else { 0.0 }
    }
}

fn log_ratio(a: f64, b: f64) -> f64 {
    libm::log(a / b).abs()
}
