//! Which detection continues which track: candidates, and what each pair is worth at each stage.

use super::similarity::{similarity, widening};
use super::tracklet::{Candidate, Tracklet};
use crate::assignment::{Edge, keep_heaviest, maximum_weight_matching};
use crate::geometry::{BBox, BoxIndex};
use crate::kalman::Trust;

/// What a wrong guess of the score costs.
const SCORE_WEIGHT: f64 = 0.15;
/// Only so many detections are weighed for a track; keeps time bounded where everything lies in one place.
const MOST_CANDIDATES: usize = 1000;
/// Least overlap of a pair that measures the camera's motion, boxes widened by `SHAKE_WIDENING`.
const SHAKE_OVERLAP: f64 = 0.1;
const SHAKE_WIDENING: f64 = 0.2;

/// Where a track's detection is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    /// Where it may overlap the prediction.
    Overlap,
    /// So far from the centre in x and y, in heights of the box.
    Heights([f64; 2]),
}

/// Detections of one stage and which of them are still free.
pub(super) struct Pool {
    pub(super) detections: Vec<Candidate>,
    pub(super) free: Vec<bool>,
    index: BoxIndex,
}

impl Pool {
    pub(super) fn new(detections: Vec<Candidate>) -> Self {
        let index = BoxIndex::new(detections.iter().map(|d| d.bbox));
        Self { free: vec![true; detections.len()], detections, index }
    }

    /// The best pairs of the `eligible` tracks and the free detections of their class, as positions in either list.
    pub(super) fn best_pairs(
        &self,
        tracks: &[Tracklet],
        eligible: impl Fn(&Tracklet) -> bool,
        reach: Reach,
        weight: impl Fn(&Tracklet, &Candidate) -> f64,
    ) -> Vec<(usize, usize)> {
        let mut edges = Vec::new();
        for (row, track) in tracks.iter().enumerate().filter(|(_, t)| eligible(t)) {
            let start = edges.len();
            for column in self.within(track, reach).take(MOST_CANDIDATES) {
                let detection = &self.detections[column];
                if !self.free[column] || detection.class_id != track.last.class_id {
                    continue;
                }
                let weight = weight(track, detection);
                if weight > 0.0 {
                    edges.push(Edge { row, column, weight });
                }
            }
            keep_heaviest(&mut edges, start);
        }
        let matched = maximum_weight_matching(tracks.len(), self.detections.len(), &edges);
        matched.into_iter().enumerate().filter_map(|(row, column)| Some((row, column?))).collect()
    }

    fn within(&self, track: &Tracklet, reach: Reach) -> impl Iterator<Item = usize> {
        let bbox = track.filter.bbox();
        match reach {
            Reach::Overlap => self.index.meeting_widened(bbox, widening(track.filter.spread())),
            Reach::Heights([x, y]) => {
                let ([cx, cy], h) = (bbox.centre(), bbox.height());
                self.index.meeting_widened(BBox::from_centre(cx, cy, 2.0 * x * h, 2.0 * y * h), [0.0; 2])
            }
        }
    }

    /// Distance of detection from prediction for each pair of a continuing track and a detection that are each other's best.
    pub(super) fn mutual_misses(&self, tracks: &[Tracklet]) -> Vec<[f64; 2]> {
        let mut best_track = vec![(SHAKE_OVERLAP, usize::MAX); self.detections.len()];
        let mut best_detection = vec![(SHAKE_OVERLAP, usize::MAX); tracks.len()];
        for (row, track) in tracks.iter().enumerate().filter(|(_, t)| t.seen && t.confirmed) {
            let bbox = track.filter.bbox();
            let nearby = self.index.meeting_widened(bbox, [SHAKE_WIDENING; 2]).take(MOST_CANDIDATES);
            let bbox = bbox.widened(SHAKE_WIDENING, SHAKE_WIDENING);
            for column in nearby {
                let overlap = bbox.iou(&self.detections[column].bbox.widened(SHAKE_WIDENING, SHAKE_WIDENING));
                if overlap > best_track[column].0 {
                    best_track[column] = (overlap, row);
                }
                if overlap > best_detection[row].0 {
                    best_detection[row] = (overlap, column);
                }
            }
        }
        let mutual = best_detection
            .iter()
            .enumerate()
            .filter(|&(row, &(_, column))| best_track.get(column).is_some_and(|&(_, best)| best == row));
        mutual
            .map(|(row, &(_, column))| {
                let (predicted, seen) = (tracks[row].filter.bbox().centre(), self.detections[column].bbox.centre());
                [seen[0] - predicted[0], seen[1] - predicted[1]]
            })
            .collect()
    }
}

/// Overlap of prediction and detection, less what the score speaks against it.
pub(super) fn overlap_weight(track: &Tracklet, detection: &Candidate, by_score: bool, least: f64) -> f64 {
    let overlap = similarity(&track.filter.bbox(), widening(track.filter.spread()), &detection.bbox);
    if overlap <= 0.0 {
        return 0.0;
    }
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
    pub(super) fn weight(&self, track: &Tracklet, detection: &Candidate) -> f64 {
        let (bbox, found) = (track.filter.bbox(), detection.bbox);
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
        let share = (x - px).hypot(y - py) / (Self::STATIONARY_REACH * last.height());
        let same_height = log_ratio(found.height(), last.height()) < Self::STATIONARY_HEIGHT_CHANGE;
        if Self::was_stationary(track) && same_height { Self::MOST_DISTANCE * (1.0 - share) } else { 0.0 }
    }
}

fn log_ratio(a: f64, b: f64) -> f64 {
    (a / b).ln().abs()
}
