//! Which box of a camera is which person, and which left-over boxes of several cameras are one new person.

use std::f64::consts::TAU;

use super::camera::GroundPoint;
use super::object::Object;
use crate::assignment::{Edge, keep_heaviest, maximum_weight_matching};

/// Largest squared Mahalanobis distance of a box and a person (99.97 % of a normal distribution lie within 16),
const GATE: f64 = 16.0;
/// and of a box and the person that its track was before.
const BOUND_GATE: f64 = 36.0;
/// What it is worth that a track stays the person it was.
const BOND: f64 = 10.0;
/// Nobody is further from where they are expected than this, in metres,
const MOST_JUMP_M: f64 = 1.5;
/// or than this if their track says that it is them.
const BOUND_JUMP_M: f64 = 4.0;
/// How many unknown people are expected on a square metre: a box is given to a person only if that is likelier than that
/// it is somebody new.
const UNKNOWN_PEOPLE: f64 = 0.01;

/// The best pairs of people and boxes of one camera, as positions in either list.
pub(super) fn assign(objects: &[Object], points: &[GroundPoint]) -> Vec<(usize, usize)> {
    let mut edges = Vec::new();
    for (row, object) in objects.iter().enumerate() {
        let start = edges.len();
        for (column, point) in points.iter().enumerate() {
            let weight = likelihood_ratio(object, point);
            if weight > 0.0 {
                edges.push(Edge { row, column, weight });
            }
        }
        keep_heaviest(&mut edges, start);
    }
    let matched = maximum_weight_matching(objects.len(), points.len(), &edges);
    matched.into_iter().enumerate().filter_map(|(row, column)| Some((row, column?))).collect()
}

/// Logarithm of how much likelier the box is this person than somebody unknown; 0 or less where it is out of reach.
fn likelihood_ratio(object: &Object, point: &GroundPoint) -> f64 {
    let jump = object.distance_to(point.position);
    if jump > BOUND_JUMP_M {
        return 0.0;
    }
    let (most_jump, gate, bond) =
        if object.is_bound_to(point) { (BOUND_JUMP_M, BOUND_GATE, BOND) } else { (MOST_JUMP_M, GATE, 0.0) };
    let (distance, log_volume) = object.filter.distance(point.position, &point.covariance);
    if jump > most_jump || distance > gate {
        return 0.0;
    }
    bond - 0.5 * (distance + log_volume) - (TAU * UNKNOWN_PEOPLE).ln()
}

/// New people from boxes that are nobody yet, the surest first; each takes at most one box of a camera.
pub(super) fn cluster(mut points: Vec<GroundPoint>, birth_confidence: f64, timestamp: f64) -> Vec<Object> {
    points.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let mut born: Vec<Object> = Vec::new();
    for point in &points {
        let near = born
            .iter_mut()
            .filter(|object| !object.is_seen_by(point.camera))
            .map(|object| (object.filter.distance(point.position, &point.covariance).0, object))
            .filter(|(distance, _)| *distance <= GATE)
            .min_by(|a, b| a.0.total_cmp(&b.0));
        match near {
            Some((_, object)) => object.take(point, timestamp),
            None if point.track_id.is_some() || point.confidence >= birth_confidence => {
                born.push(Object::new(point, timestamp));
            }
            None => {}
        }
    }
    born
}
