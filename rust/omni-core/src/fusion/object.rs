//! One person on the map.

use std::collections::BTreeMap;

use super::camera::{GroundPoint, View, Visibility};
use crate::geometry::{Matrix2, Point2};
use crate::kalman::PointFilter;

/// Standard deviation of a new person's velocity, metres per second.
const START_SPEED: f64 = 1.0;

/// How much more likely a person is real after a camera saw them (logarithm of the odds),
const HIT: f64 = 1.5;
/// after a camera that has them in full view did not (less than a hit: of two cameras one is enough),
const MISS: f64 = -1.0;
/// and after one did not that has somebody else before them.
const HIDDEN_MISS: f64 = -0.4;
/// The odds of a new person
const START: f64 = -1.0;
/// and the limit for everybody.
const MOST: f64 = 6.0;
/// From the best odds to nothing it takes at least so many seconds.
const LEAST_FADE_SECONDS: f64 = 0.6;

/// What the fusion tells of a person, in units of the map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapObject {
    /// From 1, unique to the fuser.
    pub id: i64,
    /// Where.
    pub position: Point2,
    /// Units per second.
    pub velocity: Point2,
    /// Covariance of the position, units squared.
    pub covariance: Matrix2,
    /// Mean confidence of the sources; of the last ones while it is only predicted.
    pub score: f64,
    /// For each camera that sees it: the camera, and the position in what it gave.
    pub sources: Vec<(usize, usize)>,
    /// Seconds since it was first seen.
    pub age: f64,
}

/// A person with all that is remembered.
#[derive(Debug, Clone)]
pub(super) struct Object {
    /// Given when it is first reported.
    pub(super) id: Option<i64>,
    pub(super) filter: PointFilter,
    pub(super) first_timestamp: f64,
    pub(super) last_timestamp: f64,
    pub(super) updates: u32,
    /// The boxes of the latest update that are this person.
    pub(super) sources: Vec<(usize, usize)>,
    /// For each camera the track of it that last was this person.
    track_of: BTreeMap<usize, i64>,
    confidences: f64,
    score: f64,
    /// Logarithm of the odds that it is real.
    pub(super) existence: f64,
}

impl Object {
    pub(super) fn new(first: &GroundPoint, timestamp: f64) -> Self {
        let mut object = Self {
            id: None,
            filter: PointFilter::new(first.position, first.covariance, START_SPEED),
            first_timestamp: timestamp,
            last_timestamp: timestamp,
            updates: 0,
            sources: Vec::new(),
            track_of: BTreeMap::new(),
            confidences: 0.0,
            score: 0.0,
            existence: START,
        };
        object.note(first, timestamp);
        object
    }

    /// Begins an update in which nothing was seen of it yet.
    pub(super) fn predict(&mut self, dt: f64, acceleration: f64) {
        self.filter.predict(dt, acceleration);
        self.sources.clear();
        self.confidences = 0.0;
    }

    /// Takes in a box that is this person.
    pub(super) fn take(&mut self, point: &GroundPoint, timestamp: f64) {
        self.filter.correct(point.position, &point.covariance);
        self.note(point, timestamp);
    }

    fn note(&mut self, point: &GroundPoint, timestamp: f64) {
        if self.sources.is_empty() {
            self.updates += 1;
        }
        self.sources.push((point.camera, point.index));
        self.confidences += point.confidence;
        self.score = self.confidences / self.sources.len() as f64;
        self.last_timestamp = timestamp;
        match point.track_id {
            Some(track) => self.track_of.insert(point.camera, track),
            None => self.track_of.remove(&point.camera),
        };
    }

    /// Weighs who saw it in the `dt` seconds since the last update, and who should have.
    pub(super) fn weigh_evidence(&mut self, views: &[View<'_>], dt: f64) {
        let place = self.filter.position();
        let of_view = |view: &View<'_>| match view.visibility(place) {
            _ if self.is_seen_by(view.camera()) => HIT,
            Visibility::Open => MISS,
            Visibility::Hidden => HIDDEN_MISS,
            Visibility::Outside => 0.0,
        };
        let evidence: f64 = views.iter().map(of_view).sum();
        let most_loss = MOST * (dt / LEAST_FADE_SECONDS).min(1.0 / 3.0);
        self.existence = (self.existence + evidence.max(-most_loss)).min(MOST);
    }

    /// Whether this track of this camera was the person last time.
    pub(super) fn is_bound_to(&self, point: &GroundPoint) -> bool {
        point.track_id.is_some() && self.track_of.get(&point.camera) == point.track_id.as_ref()
    }

    pub(super) fn is_seen(&self) -> bool {
        !self.sources.is_empty()
    }

    pub(super) fn is_seen_by(&self, camera: usize) -> bool {
        self.sources.iter().any(|&(c, _)| c == camera)
    }

    /// Whether no camera sees the two side by side.
    pub(super) fn shares_no_camera_with(&self, other: &Self) -> bool {
        !self.sources.iter().any(|&(camera, _)| other.is_seen_by(camera))
    }

    pub(super) fn distance_to(&self, place: Point2) -> f64 {
        let [x, y] = self.filter.position();
        ((x - place[0]).powi(2) + (y - place[1]).powi(2)).sqrt()
    }

    /// What is told of it; `None` before it was confirmed.
    pub(super) fn report(&self, timestamp: f64, metres_per_unit: f64) -> Option<MapObject> {
        let k = 1.0 / metres_per_unit;
        Some(MapObject {
            id: self.id?,
            position: self.filter.position().map(|v| v * k),
            velocity: self.filter.velocity().map(|v| v * k),
            covariance: self.filter.covariance().map(|row| row.map(|v| v * k * k)),
            score: self.score,
            sources: self.sources.clone(),
            age: timestamp - self.first_timestamp,
        })
    }
}
