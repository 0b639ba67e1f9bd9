//! The tracker of one stream.

use super::TrackerConfig;
use super::appearance::{Appearance, Embeddings};
use super::association::{Association, Pool, Reach, Relink, overlap_weight};
use super::confidence::ConfidenceLevel;
use super::floor::Floor;
use super::memory::Memory;
use super::shake::CameraShake;
use super::tracklet::{Candidate, State, Track, Tracklet};
use super::whiteness::Whiteness;
use crate::error::Result;
use crate::geometry::BBox;
use crate::kalman::BoxFilter;
use crate::types::{Detection, MAX_DETECTIONS, check_detections, check_image_size, check_timestamp};

/// Least similarity of a track seen a moment ago and a weak detection.
const LEAST_WEAK_SIMILARITY: f64 = 0.45;
/// Least similarity of a tentative track and a detection.
const LEAST_TENTATIVE_SIMILARITY: f64 = 0.15;
/// Motion explains a reappearance for this many times `lost_track_seconds`.
const MOTION_RELINK: f64 = 1.7;
/// A detection that overlaps a person seen in the same frame more than this starts no track of its own.
const MOST_BIRTH_OVERLAP: f64 = 0.5;
/// A covered track is still reported if at least this share of it is covered
const LEAST_COVERED: f64 = 0.3;
/// and it had been seen for this many seconds.
const LEAST_COVERED_SECONDS: f64 = 0.3;
/// Innovations of a younger track tell of its start, not of the noise.
const SETTLED_HITS: u32 = 3;
/// Sums of times carry rounding errors; a limit is passed only beyond this, in seconds.
const TIME_TOLERANCE: f64 = 1e-6;

/// Follows the people of one stream.
#[derive(Debug, Clone)]
pub struct Tracker {
    config: TrackerConfig,
    floor: Option<Floor>,
    tracks: Vec<Tracklet>,
    removed: Vec<Track>,
    last_id: i64,
    timestamp: Option<f64>,
    image_size: Option<(f64, f64)>,
    level: ConfidenceLevel,
    /// Score above which a detection of the latest update is sure.
    border: f64,
    whiteness: Whiteness,
    shake: CameraShake,
    appearance: Appearance,
    memory: Memory,
    /// Of the update at hand: the sure detections and the others. Kept for their memory.
    strong: Pool,
    weak: Pool,
    association: Association,
    reported: Vec<Track>,
}

impl Tracker {
    /// A tracker that has seen nothing. `floor`: of a calibrated camera that does not move.
    pub fn new(config: TrackerConfig, floor: Option<Floor>) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            config,
            floor,
            tracks: Vec::new(),
            removed: Vec::new(),
            last_id: 0,
            timestamp: None,
            image_size: None,
            level: ConfidenceLevel::new(),
            border: config.high_confidence_threshold,
            whiteness: Whiteness::default(),
            shake: CameraShake::default(),
            appearance: Appearance::default(),
            memory: Memory::default(),
            strong: Pool::default(),
            weak: Pool::default(),
            association: Association::default(),
            reported: Vec::new(),
        })
    }

    /// Forgets everything but which ids were used.
    pub fn reset(&mut self) {
        self.tracks.clear();
        self.removed.clear();
        self.timestamp = None;
        self.image_size = None;
        self.level = ConfidenceLevel::new();
        self.whiteness = Whiteness::default();
        self.shake = CameraShake::default();
        self.appearance = Appearance::default();
        self.memory = Memory::default();
    }

    /// Gives the tracker another floor, or none; tracks go on.
    pub fn set_floor(&mut self, floor: Option<Floor>) {
        self.floor = floor;
        self.tracks.iter_mut().for_each(|track| track.feet = None);
    }

    /// Seconds of the latest update.
    pub fn timestamp(&self) -> Option<f64> {
        self.timestamp
    }

    /// Takes in what was detected at `timestamp` and gives the tracks that it supports.
    ///
    /// A refused update leaves the tracker as it was. Boxes without area are ignored. `image_size` (width, height)
    /// keeps a prediction that has left the picture from being reported; where it changes, tracks are scaled with it.
    pub fn update(
        &mut self,
        detections: &[Detection],
        embeddings: Option<Embeddings<'_>>,
        timestamp: f64,
        image_size: Option<(f64, f64)>,
    ) -> Result<&[Track]> {
        check_detections(detections.iter().map(|d| (&d.bbox, d.confidence)))?;
        check_timestamp(timestamp, self.timestamp)?;
        check_image_size(image_size)?;
        self.appearance.check(embeddings)?;
        let first_update = self.timestamp.is_none();
        let dt = self.timestamp.map_or(0.0, |previous| timestamp - previous);
        self.timestamp = Some(timestamp);
        self.fit_picture(image_size);
        self.sort_by_confidence(detections, dt);

        self.whiteness.step(dt);
        self.remove_expired(timestamp);
        let fade = BoxFilter::size_change_left(dt);
        self.tracks.iter_mut().for_each(|track| track.filter.predict(dt, if track.seen { fade } else { 0.0 }));
        self.follow_camera(dt);
        if let Some(floor) = &mut self.floor {
            floor.observe(detections, self.whiteness.noise());
            self.tracks.iter_mut().for_each(|track| Floor::predict(track, dt));
        }
        self.appearance.observe(embeddings);
        self.associate(timestamp);
        self.tracks.retain(|track| track.seen || track.confirmed);
        self.support(timestamp, image_size);
        self.start_tracks(timestamp, first_update);
        if let Some(floor) = &self.floor {
            self.tracks.iter_mut().filter(|t| t.seen).for_each(|track| floor.correct(track));
        }
        self.appearance.learn(&mut self.tracks);
        Ok(self.report())
    }

    /// Tracks that the latest update did not support and that may come back.
    pub fn lost(&self) -> Vec<Track> {
        self.tracks.iter().filter(|t| !t.supported).filter_map(|t| t.report(State::Lost)).collect()
    }

    /// Tracks that the latest update gave up for good.
    pub fn removed(&self) -> &[Track] {
        &self.removed
    }

    /// Puts the detections worth matching into their pools, at the common level of confidence.
    fn sort_by_confidence(&mut self, detections: &[Detection], dt: f64) {
        self.level.observe(detections.iter().map(|d| d.confidence), dt);
        let adapt = self.config.adapt_confidence;
        let (scale, lowered) = if adapt { (self.level.scale(), self.level.border()) } else { (1.0, 1.0) };
        self.border = lowered * self.config.high_confidence_threshold;
        let low = self.config.low_confidence_threshold;
        self.strong.detections.clear();
        self.weak.detections.clear();
        for (index, d) in detections.iter().enumerate().filter(|(_, d)| d.bbox.area() > 0.0) {
            let score = (d.confidence * scale).min(1.0);
            let candidate = Candidate { bbox: d.bbox, score, confidence: d.confidence, class_id: d.class_id, index };
            if score > self.border {
                self.strong.detections.push(candidate);
            } else if score > low {
                self.weak.detections.push(candidate);
            }
        }
        self.strong.open();
        self.weak.open();
    }

    fn remove_expired(&mut self, timestamp: f64) {
        let (motion, stationary) = (MOTION_RELINK * self.config.lost_track_seconds, self.config.relink_seconds);
        self.memory.forget_before(timestamp - self.config.reident_seconds);
        let Self { removed, memory, tracks, .. } = self;
        removed.clear();
        tracks.retain(|track| {
            let age = timestamp - track.last_timestamp - TIME_TOLERANCE;
            // One that was seen last time is given the longer limit, so that rare frames do not end every track.
            let patient = || track.seen || Relink::was_stationary(track);
            let alive = age <= motion || (age <= stationary && patient());
            if !alive {
                memory.keep(track);
                removed.extend(track.report(State::Removed));
            }
            alive
        });
    }

    /// Scales the tracks if the picture changed its size.
    fn fit_picture(&mut self, image_size: Option<(f64, f64)>) {
        if let (Some((w, h)), Some((width, height))) = (self.image_size, image_size)
            && (w, h) != (width, height)
        {
            self.tracks.iter_mut().for_each(|track| track.scale([width / w, height / h]));
        }
        self.image_size = image_size.or(self.image_size);
    }

    fn follow_camera(&mut self, dt: f64) {
        let misses = self.association.mutual_misses(&self.tracks, &self.strong);
        let strong = &self.strong.detections;
        let heights: f64 = strong.iter().map(|d| d.bbox.height()).sum();
        if let Some(motion) = self.shake.estimate(misses, heights / strong.len().max(1) as f64, dt) {
            self.tracks.iter_mut().for_each(|track| track.shift(motion));
        }
    }

    /// The stages: overlap with sure detections, then with weak ones, reappearance, and tracks not yet confirmed.
    fn associate(&mut self, timestamp: f64) {
        let Self { config, floor, appearance, tracks, strong, weak, association, whiteness, .. } = self;
        tracks.iter_mut().for_each(Tracklet::await_detection);
        let recent = timestamp - config.lost_track_seconds - TIME_TOLERANCE;
        let pairs = association.best_pairs(
            tracks,
            strong,
            |t| t.confirmed && (t.continuing || t.last_timestamp >= recent),
            Reach::Overlap,
            |t, p, d| {
                let weight = overlap_weight(t, p, d, true, config.minimum_matching_threshold);
                if weight <= 0.0 {
                    return 0.0;
                }
                let on_the_floor = floor.as_ref().map_or(0.0, |floor| floor.agreement(t, d.index));
                weight + on_the_floor + appearance.agreement(t, d.index)
            },
        );
        take(tracks, strong, pairs, whiteness, timestamp);
        let pairs = association.best_pairs(
            tracks,
            weak,
            |t| t.confirmed && t.continuing && !t.seen,
            Reach::Overlap,
            |t, p, d| overlap_weight(t, p, d, false, LEAST_WEAK_SIMILARITY),
        );
        take(tracks, weak, pairs, whiteness, timestamp);
        let motion_seconds = MOTION_RELINK * config.lost_track_seconds;
        let relink = Relink { timestamp, motion_seconds, noise: whiteness.noise() };
        let pairs = association.best_pairs(
            tracks,
            strong,
            |t| t.confirmed && !t.seen,
            Reach::Heights(Relink::REACH),
            |t, p, d| relink.weight(t, p, d),
        );
        take(tracks, strong, pairs, whiteness, timestamp);
        let pairs = association.best_pairs(
            tracks,
            strong,
            |t| !t.confirmed,
            Reach::Overlap,
            |t, p, d| overlap_weight(t, p, d, true, LEAST_TENTATIVE_SIMILARITY),
        );
        take(tracks, strong, pairs, whiteness, timestamp);
    }

    /// Decides which tracks this update supports: of those that are sure on average, the seen ones, and for a moment those
    /// that somebody nearer covers.
    fn support(&mut self, timestamp: f64, image_size: Option<(f64, f64)>) {
        let Self { config, border, tracks, strong, weak, .. } = self;
        let limit = config.covered_track_seconds + TIME_TOLERANCE;
        for track in tracks {
            let sure = track.mean_score() >= *border;
            let recent = timestamp - track.last_timestamp <= limit && track.seen_seconds() >= LEAST_COVERED_SECONDS;
            let covered = || recent && is_covered(&track.filter.bbox(), [strong, weak], image_size);
            track.supported = sure && (track.seen || covered());
        }
    }

    fn start_tracks(&mut self, timestamp: f64, first_update: bool) {
        let Self { config, tracks, strong, weak, .. } = self;
        let left = strong.detections.iter().zip(&strong.free).filter(|(_, free)| **free).map(|(d, _)| d);
        for &detection in left.filter(|d| d.score >= config.track_activation_threshold) {
            let bbox = detection.bbox;
            let doubled = [&*strong, weak]
                .iter()
                .any(|pool| pool.taken_meeting(bbox).any(|taken| taken.iou(&bbox) > MOST_BIRTH_OVERLAP));
            if !doubled {
                // Who is there when the stream begins did not just appear: no second look is needed.
                tracks.push(Tracklet::new(detection, timestamp, first_update));
            }
        }
        let surplus = tracks.len().saturating_sub(2 * MAX_DETECTIONS);
        self.removed.extend(tracks.drain(..surplus).filter_map(|t| t.report(State::Removed)));
    }

    /// Numbers those who are told of for the first time: their old number, if they are known again, else the next.
    fn identify(&mut self) {
        let Self { config, tracks, memory, appearance, last_id, .. } = self;
        for track in tracks.iter_mut().filter(|t| t.id.is_none() && t.confirmed && t.supported) {
            track.id = memory.recognise(track, appearance, config.reident_confidence).or_else(|| {
                *last_id += 1;
                Some(*last_id)
            });
        }
    }

    fn report(&mut self) -> &[Track] {
        self.identify();
        self.reported.clear();
        let supported = self.tracks.iter().filter(|t| t.supported);
        self.reported.extend(supported.filter_map(|t| t.report(State::Confirmed)));
        &self.reported
    }
}

/// Gives each track of the `pairs` its detection, and the stream's noise what is learned from it.
fn take(tracks: &mut [Tracklet], pool: &mut Pool, pairs: &[(usize, usize)], whiteness: &mut Whiteness, timestamp: f64) {
    let noise = whiteness.noise();
    for &(row, column) in pairs {
        let track = &mut tracks[row];
        let before = track.innovation;
        let settled = track.continuing && track.hits > SETTLED_HITS;
        track.take(pool.detections[column], timestamp, noise);
        pool.free[column] = false;
        if settled {
            whiteness.observe(before, track.innovation);
        }
    }
}

/// Whether somebody detected, who stands lower in the picture, covers the box; never beyond the picture.
fn is_covered(bbox: &BBox, pools: [&Pool; 2], image_size: Option<(f64, f64)>) -> bool {
    let [x, y] = bbox.centre();
    image_size.is_none_or(|(w, h)| (0.0..=w).contains(&x) && (0.0..=h).contains(&y))
        && pools
            .iter()
            .flat_map(|pool| pool.taken_meeting(*bbox))
            .any(|nearer| nearer.y2 > bbox.y2 && nearer.intersection(bbox) >= LEAST_COVERED * bbox.area())
}
