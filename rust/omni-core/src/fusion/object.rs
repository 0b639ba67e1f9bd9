//! One person on the map.

use super::associate::Match;
use super::belief::{Belief, Information};
use super::identity::Seen;
use super::pace::{Evidence, Models, Pace};
use super::view::Sighting;
use super::visibility::Chance;
use crate::geometry::{Matrix2, Point2};
use crate::kalman::PointFilter;

/// People are so tall, metres,
pub(super) const MEAN_HEIGHT_M: f64 = 1.72;
/// more or less.
pub(super) const HEIGHT_SIGMA_M: f64 = 0.10;
/// What is known of a height fades, metres squared per second.
const HEIGHT_DRIFT: f64 = 1e-5;
/// After so many moments somebody's velocity is known.
const SETTLED: u32 = 3;
/// Standard deviation of a new person's velocity, metres per second.
const START_SPEED: f64 = 1.0;
/// Most that a camera's box adds to existence
pub(super) const MOST_GAIN: f64 = 3.0;
/// and limits of existence.
const EXISTENCE: (f64, f64) = (-9.0, 6.0);
/// From the best odds to nothing it takes at least so many seconds.
const LEAST_FADE_SECONDS: f64 = 0.6;
/// Who is seen for long without being sure is known by the latest boxes.
const MOST_ORIGIN: usize = 64;
/// Standard deviation of the place of somebody of whom nothing is known, metres.
const ANYWHERE: f64 = 2.0;

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

/// One camera's track that was a person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Track {
    pub(super) id: i64,
    /// How many seconds ago it last was.
    pub(super) age: f64,
}

/// What a frame of one camera says of a person.
#[derive(Debug, Clone, Copy)]
struct Look {
    camera: usize,
    /// Whether it has no box of them,
    missed: bool,
    /// and whether it may have one.
    in_picture: bool,
}

/// A person with all that is remembered.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) id: Option<i64>,
    /// Its boxes, as long as it has no id; the latest of them where these are many.
    origin: Vec<Seen>,
    filter: PointFilter,
    models: Models,
    /// Mean and variance of the height in metres.
    height: [f64; 2],
    pub(super) first_timestamp: f64,
    pub(super) last_timestamp: f64,
    pub(super) updates: u32,
    /// The boxes of the latest moment that are this person.
    pub(super) sources: Vec<(usize, usize)>,
    /// For each camera the track that last was this person.
    tracks: Vec<(usize, Track)>,
    /// What the latest frame of each camera says of it.
    looks: Vec<Look>,
    confidences: f64,
    score: f64,
    /// Logarithm of the odds that it is real.
    pub(super) existence: f64,
}

impl Object {
    /// Somebody new, from their first boxes: camera and sighting.
    pub(super) fn new<'a>(
        belief: &Belief,
        existence: f64,
        boxes: impl Iterator<Item = (usize, &'a Sighting)>,
        timestamp: f64,
    ) -> Self {
        let v = &belief.covariance;
        let covariance = [[v[0][0], v[0][1]], [v[1][0], v[1][1]]];
        let filter = PointFilter::new(belief.place(), covariance, START_SPEED);
        let mut object = Self {
            id: None,
            origin: Vec::new(),
            models: Models::new(filter),
            filter,
            height: [belief.height(), v[2][2]],
            first_timestamp: timestamp,
            last_timestamp: timestamp,
            updates: 0,
            sources: Vec::new(),
            tracks: Vec::new(),
            looks: Vec::new(),
            confidences: 0.0,
            score: 0.0,
            existence,
        };
        boxes.for_each(|(camera, sighting)| object.note(camera, sighting, timestamp));
        object
    }

    /// Begins a moment in which nothing was seen of it yet.
    pub(super) fn predict(&mut self, dt: f64, pace: &Pace) {
        self.models.predict(dt);
        self.filter.predict(dt, pace.of(&self.models));
        self.height[1] += HEIGHT_DRIFT * dt;
        self.tracks.iter_mut().for_each(|(_, track)| track.age += dt);
        self.sources.clear();
        self.confidences = 0.0;
    }

    pub(super) fn belief(&self) -> Belief {
        let ([x, y], v) = (self.filter.position(), self.filter.covariance());
        Belief {
            mean: [x, y, self.height[0]],
            covariance: [[v[0][0], v[0][1], 0.0], [v[1][0], v[1][1], 0.0], [0.0, 0.0, self.height[1]]],
            velocity: self.filter.velocity(),
        }
    }

    pub(super) fn place(&self) -> Point2 {
        self.filter.position()
    }

    pub(super) fn distance_to(&self, place: Point2) -> f64 {
        let [x, y] = self.place();
        ((x - place[0]).powi(2) + (y - place[1]).powi(2)).sqrt()
    }

    /// Takes in what all its boxes say together; what that says of how freely it changes its pace.
    pub(super) fn correct(&mut self, information: &Information) -> Option<Evidence> {
        let [x, y] = self.place();
        let seen = information.on_the_floor();
        let said = seen.and_then(|(step, covariance)| self.models.correct([x + step[0], y + step[1]], &covariance));
        let belief = self.belief().with(information);
        let v = &belief.covariance;
        self.filter.condition(belief.place(), [[v[0][0], v[0][1]], [v[1][0], v[1][1]]]);
        self.height = [belief.height(), v[2][2]];
        said.filter(|_| self.id.is_some() && self.is_likely() && self.updates > SETTLED)
    }

    /// Notes a frame of a camera once its box, if there is one, is noted; whether they may be in that picture.
    pub(super) fn note_look(&mut self, camera: usize, in_picture: bool) {
        let seen = self.is_seen_by(camera);
        let look = Look { camera, missed: !seen, in_picture: in_picture || seen };
        match self.looks.iter_mut().find(|look| look.camera == camera) {
            Some(before) => *before = look,
            None => self.looks.push(look),
        }
    }

    pub(super) fn is_missed_by(&self, camera: usize) -> bool {
        self.looks.iter().any(|look| look.camera == camera && look.missed)
    }

    /// Whether a camera sees it, or may have it in its latest picture.
    pub(super) fn is_in_sight(&self) -> bool {
        self.is_seen() || self.looks.iter().any(|look| look.in_picture)
    }

    /// Whether no camera has a box of it though one may see it.
    pub(super) fn is_hidden(&self) -> bool {
        !self.is_seen() && self.is_in_sight()
    }

    /// Notes a box that is this person.
    pub(super) fn note(&mut self, camera: usize, sighting: &Sighting, timestamp: f64) {
        if self.sources.is_empty() {
            self.updates += 1;
        }
        self.sources.push((camera, sighting.index));
        if self.id.is_none() {
            if self.origin.len() == MOST_ORIGIN {
                self.origin.remove(0);
            }
            self.origin.push((timestamp.to_bits(), camera, sighting.index));
        }
        self.confidences += sighting.confidence;
        self.score = self.confidences / self.sources.len() as f64;
        self.last_timestamp = timestamp;
        self.tracks.retain(|&(of, _)| of != camera);
        self.tracks.extend(sighting.track_id.map(|id| (camera, Track { id, age: 0.0 })));
    }

    /// Weighs what the cameras say of its existence after `dt` seconds; less than it can lose in that time counts as that.
    pub(super) fn weigh(&mut self, evidence: f64, dt: f64) {
        let (least, most) = EXISTENCE;
        let most_loss = most * dt / LEAST_FADE_SECONDS;
        self.existence = (self.existence + evidence.max(-most_loss)).clamp(least, most);
    }

    /// The track of a camera that it was last.
    pub(super) fn track_in(&self, camera: usize) -> Option<Track> {
        self.tracks.iter().find(|&&(of, _)| of == camera).map(|&(_, track)| track)
    }

    /// Whether it is likelier to be real than not.
    pub(super) fn is_likely(&self) -> bool {
        self.existence > 0.0
    }

    pub(super) fn is_seen(&self) -> bool {
        !self.sources.is_empty()
    }

    fn is_seen_by(&self, camera: usize) -> bool {
        self.sources.iter().any(|&(c, _)| c == camera)
    }

    /// How many cameras see the two side by side.
    fn cameras_shared_with(&self, other: &Self) -> usize {
        self.sources.iter().filter(|&&(camera, _)| other.is_seen_by(camera)).count()
    }

    /// Whether no camera sees the two side by side.
    pub(super) fn shares_no_camera_with(&self, other: &Self) -> bool {
        self.cameras_shared_with(other) == 0
    }

    /// Whether several cameras see the two side by side.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.cameras_shared_with(other) >= 2
    }

    /// The boxes by which it is known until it has an id; they are not needed after.
    pub(super) fn take_origin(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.origin)
    }

    /// Squared Mahalanobis distance of another's place and height.
    pub(super) fn unlikeness(&self, other: &Self) -> f64 {
        let taller = other.height[0] - self.height[0];
        self.filter.distance(other.place(), &other.filter.covariance())
            + taller * taller / (self.height[1] + other.height[1])
    }

    /// Takes over who somebody was.
    pub(super) fn goes_on_as(&mut self, before: &Self) {
        self.id = before.id;
        self.origin.clear();
        self.first_timestamp = before.first_timestamp;
        self.updates += before.updates;
        if before.height[1] < self.height[1] {
            self.height = before.height;
        }
    }

    /// Whether of two on one spot this is the one to keep.
    pub(super) fn outranks(&self, other: &Self) -> bool {
        let rank = |o: &Self| (o.id.is_some(), o.existence, -o.first_timestamp);
        rank(self).partial_cmp(&rank(other)).is_none_or(std::cmp::Ordering::is_ge)
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

/// What one camera's box, or the lack of one, says of existence.
pub(super) fn evidence(matched: Option<&Match>, chance: &Chance) -> f64 {
    matched.map_or(chance.miss, |matched| (matched.score + chance.miss).min(MOST_GAIN))
}

/// Somebody of whom nothing is known but that they are about `place`.
pub(super) fn stranger([x, y]: Point2) -> Belief {
    let (wide, tall) = (ANYWHERE * ANYWHERE, HEIGHT_SIGMA_M * HEIGHT_SIGMA_M);
    Belief {
        mean: [x, y, MEAN_HEIGHT_M],
        covariance: [[wide, 0.0, 0.0], [0.0, wide, 0.0], [0.0, 0.0, tall]],
        velocity: [0.0; 2],
    }
}
