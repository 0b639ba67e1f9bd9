//! Everybody on the map at one moment, and what the cameras have taught.

use std::collections::BTreeMap;

use super::FusionConfig;
use super::alignment;
use super::associate::{Assignment, Match, associate};
use super::belief::Information;
use super::birth::{newcomers, settle};
use super::camera::Camera;
use super::identity::Identities;
use super::likelihood::GATE;
use super::object::{MapObject, Object, evidence};
use super::pace::Pace;
use super::view::{CameraFrame, Experience, View};
use crate::geometry::Point2;

/// Logarithm of the odds below which nobody is there who was never reported,
const GONE: f64 = -4.5;
/// and above which somebody is reported for the first time.
const REAL: f64 = 1.0;
/// Somebody new is somebody out of sight within this squared Mahalanobis distance of place and height: 99 % of them are.
const SAME: f64 = 11.3;
/// Two people nearer than this share of the distance at which doubles fade are one, unless both are sure.
const ONE_SPOT: f64 = 0.5;
/// Sums of times carry rounding errors; a limit is passed only beyond this, in seconds.
const TIME_TOLERANCE: f64 = 1e-6;

/// The state of the fusion after one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Scene {
    pub(super) objects: Vec<Object>,
    pub(super) experience: BTreeMap<usize, Experience>,
    pace: Pace,
    /// Where the cameras' offsets are told of.
    reference: Option<Point2>,
    pub(super) timestamp: Option<f64>,
}

impl Scene {
    /// Goes on to `timestamp`, with what cameras saw about then.
    pub(super) fn advance(
        &mut self,
        frames: &[CameraFrame],
        timestamp: f64,
        cameras: &BTreeMap<usize, Camera>,
        config: &FusionConfig,
    ) {
        let dt = self.timestamp.map_or(0.0, |previous| timestamp - previous);
        self.timestamp = Some(timestamp);
        let limit = config.lost_seconds + TIME_TOLERANCE;
        self.objects.retain(|object| timestamp - object.last_timestamp <= limit);
        self.objects.iter_mut().for_each(|object| object.predict(dt, &self.pace));
        let views = self.views(frames, timestamp, cameras, config);
        let assignments = associate(&self.objects, &views);
        self.learn(&views, &assignments);
        self.correct(&views, &assignments, timestamp);
        self.weigh(&assignments, config.merge_distance_m, dt);
        self.drop_doubles(ONE_SPOT * config.merge_distance_m);
        let left = left_over(&views, &assignments, config.birth_confidence);
        settle(&mut self.objects, newcomers(&views, &left), &views, config.merge_distance_m, timestamp);
        self.objects.retain(|object| object.id.is_some() || object.existence > GONE);
    }

    /// Gives ids to those who are sure enough: seen long enough, or by several cameras at once.
    pub(super) fn confirm(&mut self, identities: &mut Identities, config: &FusionConfig) {
        for i in 0..self.objects.len() {
            let object = &self.objects[i];
            let long = object.last_timestamp - object.first_timestamp + TIME_TOLERANCE >= config.confirm_seconds;
            let enough = object.sources.len() >= 2 || (object.updates >= 2 && long);
            if object.id.is_some() || object.existence < REAL || !enough {
                continue;
            }
            if let Some(lost) = self.out_of_sight_like(i) {
                let before = self.objects[lost].clone();
                self.objects[i].goes_on_as(&before);
                self.objects[lost].existence = f64::NEG_INFINITY;
                self.objects[lost].id = None;
            } else {
                let (boxes, now) = (self.objects[i].take_origin(), self.objects[i].last_timestamp);
                let is_taken = |id: i64| self.objects.iter().any(|object| object.id == Some(id));
                self.objects[i].id = Some(identities.of(boxes, now, is_taken));
            }
        }
        self.objects.retain(|object| object.existence > f64::NEG_INFINITY);
    }

    /// The person out of sight who has come up again as this one: nobody else may be either of the two.
    fn out_of_sight_like(&self, newcomer: usize) -> Option<usize> {
        let new = &self.objects[newcomer];
        let all = || self.objects.iter().enumerate();
        let mut like = all().filter(|(_, object)| {
            let hidden = object.id.is_some() && object.is_hidden() && object.last_timestamp < new.first_timestamp;
            hidden && object.unlikeness(new) <= SAME
        });
        let (lost, before) = like.next().filter(|_| like.next().is_none())?;
        let mut others = all().filter(|&(i, _)| i != lost && i != newcomer);
        others.all(|(_, other)| before.unlikeness(other) > SAME).then_some(lost)
    }

    /// Everybody who was confirmed, is likely to be there, and is seen; or was not long ago, where a camera may see them yet.
    pub(super) fn report(&self, config: &FusionConfig) -> Vec<MapObject> {
        let Some(timestamp) = self.timestamp else { return Vec::new() };
        let limit = config.coast_seconds + TIME_TOLERANCE;
        let shown = |o: &&Object| o.is_likely() && o.is_in_sight() && timestamp - o.last_timestamp <= limit;
        self.objects.iter().filter(shown).filter_map(|o| o.report(timestamp, config.metres_per_unit)).collect()
    }

    /// Forgets what a camera taught.
    pub(super) fn forget(&mut self, camera: usize) {
        self.experience.remove(&camera);
    }

    fn views<'a>(
        &mut self,
        frames: &[CameraFrame],
        timestamp: f64,
        cameras: &'a BTreeMap<usize, Camera>,
        config: &FusionConfig,
    ) -> Vec<View<'a>> {
        let view = |frame: &CameraFrame| {
            let geometry = cameras.get(&frame.camera)?;
            let experience = self.experience.entry(frame.camera).or_default();
            experience.alignment.begin_frame();
            Some(View::new(frame, geometry, experience, frame.timestamp - timestamp, config))
        };
        frames.iter().filter_map(view).collect()
    }

    /// Learns from those whom several cameras see how these differ.
    fn learn(&mut self, views: &[View<'_>], assignments: &[Assignment]) {
        for (i, object) in self.objects.iter().enumerate().filter(|(_, object)| object.is_likely()) {
            let seen: Vec<(usize, &Match)> = seen(views, assignments, i).collect();
            if seen.len() < 2 {
                continue;
            }
            let predicted = object.belief();
            let reference = *self.reference.get_or_insert(predicted.place());
            let sum = seen.iter().fold(Information::default(), |sum, (_, own)| sum.plus(&own.information));
            for (v, own) in seen {
                let Experience { alignment, .. } = self.experience.entry(views[v].camera).or_default();
                if !alignment.listens_to(i) {
                    continue;
                }
                let others = predicted.with(&sum.minus(&own.information));
                let step = std::array::from_fn(|k| others.mean[k] - predicted.mean[k]);
                alignment.learn(reference, &others, &own.information.moved(&step));
            }
        }
        alignment::remove_mean(self.experience.values_mut().map(|experience| &mut experience.alignment));
    }

    /// Gives everybody their boxes.
    fn correct(&mut self, views: &[View<'_>], assignments: &[Assignment], timestamp: f64) {
        for (i, object) in self.objects.iter_mut().enumerate() {
            let mut sum = Information::default();
            for (v, matched) in seen(views, assignments, i) {
                sum = sum.plus(&matched.information);
                object.note(views[v].camera, &views[v].sightings[matched.sighting], timestamp);
            }
            for (view, assignment) in views.iter().zip(assignments) {
                object.note_look(view.camera, assignment.chances[i].in_picture);
            }
            if object.is_seen()
                && let Some(said) = object.correct(&sum)
            {
                self.pace.learn(&said);
            }
        }
    }

    /// Weighs for everybody who saw them and who should have. Of two near each other whom no camera sees as two, and who may
    /// be one as far as their places are known, the lesser fades.
    fn weigh(&mut self, assignments: &[Assignment], distance: f64, dt: f64) {
        let all = |i: usize| assignments.iter().map(|a| evidence(a.matches[i].as_ref(), &a.chances[i])).sum();
        let mut weights: Vec<f64> = (0..self.objects.len()).map(all).collect();
        for (one, other) in self.neighbours(distance) {
            let (a, b) = (&self.objects[one], &self.objects[other]);
            if a.shares_no_camera_with(b) && a.unlikeness(b) <= GATE {
                weights[self.lesser(one, other)] = f64::NEG_INFINITY;
            }
        }
        for (object, weight) in self.objects.iter_mut().zip(weights) {
            object.weigh(weight, dt);
        }
    }

    /// Takes the lesser of two off the map who stand on one spot, unless both are sure.
    fn drop_doubles(&mut self, distance: f64) {
        let sure = |object: &Object| object.id.is_some() && object.is_likely();
        let mut kept = vec![true; self.objects.len()];
        for (one, other) in self.neighbours(distance) {
            if !(sure(&self.objects[one]) && sure(&self.objects[other])) {
                kept[self.lesser(one, other)] = false;
            }
        }
        let mut kept = kept.into_iter();
        self.objects.retain(|_| kept.next().unwrap_or(true));
    }

    fn lesser(&self, one: usize, other: usize) -> usize {
        if self.objects[one].outranks(&self.objects[other]) { other } else { one }
    }

    /// Pairs of people who are nearer to each other than `distance` metres.
    fn neighbours(&self, distance: f64) -> Vec<(usize, usize)> {
        let mut order: Vec<(Point2, usize)> = self.objects.iter().map(Object::place).zip(0..).collect();
        order.sort_unstable_by(|(a, i), (b, j)| a[0].total_cmp(&b[0]).then(i.cmp(j)));
        let mut pairs = Vec::new();
        for (k, &(place, one)) in order.iter().enumerate() {
            let near = order[k + 1..].iter().take_while(|(other, _)| other[0] - place[0] < distance);
            let near = near.filter(|(other, _)| {
                let (dx, dy) = (other[0] - place[0], other[1] - place[1]);
                dx * dx + dy * dy < distance * distance
            });
            pairs.extend(near.map(|&(_, other)| (one, other)));
        }
        pairs
    }
}

/// The boxes of one person: view and match.
fn seen<'a>(
    views: &'a [View<'_>],
    assignments: &'a [Assignment],
    person: usize,
) -> impl Iterator<Item = (usize, &'a Match)> {
    (0..views.len()).filter_map(move |v| Some((v, assignments[v].matches[person].as_ref()?)))
}

/// For each view the boxes that are nobody and sure enough to be somebody new.
fn left_over(views: &[View<'_>], assignments: &[Assignment], birth_confidence: f64) -> Vec<Vec<usize>> {
    let of_view = |(view, assignment): (&View<'_>, &Assignment)| {
        let mut free = vec![true; view.sightings.len()];
        assignment.matches.iter().flatten().for_each(|matched| free[matched.sighting] = false);
        let sure = |s: &usize| {
            let sighting = &view.sightings[*s];
            free[*s] && (sighting.track_id.is_some() || sighting.confidence >= birth_confidence)
        };
        (0..view.sightings.len()).filter(sure).collect()
    };
    views.iter().zip(assignments).map(of_view).collect()
}
