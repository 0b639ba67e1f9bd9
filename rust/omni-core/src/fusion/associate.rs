//! Which box of a camera is which person.
//!
//! Coordinate descent on the assignment over all cameras: in each pass every camera's boxes are assigned, one to one, to
//! the people as all the other cameras saw them in the pass before. No camera comes first.

use super::belief::{Belief, Information};
use super::likelihood::{Expected, Pair, compare, information};
use super::object::Object;
use super::view::View;
use super::visibility::{Chance, chances};
use crate::assignment::{Edge, keep_heaviest, maximum_weight_matching};
use crate::geometry::BBox;

/// After so many passes the assignment stands, if it did not before.
const MOST_PASSES: usize = 3;
/// A box is looked for within so many standard deviations of where it is expected, as far as those of the person go,
const REACH: f64 = 5.0;
/// and so many of its own heights more.
const REACH_BEYOND: f64 = 0.25;

/// A person's box in one camera.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match {
    /// Position among the view's sightings.
    pub(super) sighting: usize,
    /// Logarithm of how much likelier the box is this person than nobody.
    pub(super) score: f64,
    /// What the box says, relative to the mean of the person's prediction.
    pub(super) information: Information,
}

/// What one camera makes of everybody, as positions among them.
pub(super) struct Assignment {
    pub(super) matches: Vec<Option<Match>>,
    pub(super) chances: Vec<Chance>,
}

/// The boxes of everybody in each view.
pub(super) fn associate(objects: &[Object], views: &[View<'_>]) -> Vec<Assignment> {
    let predicted: Vec<Belief> = objects.iter().map(Object::belief).collect();
    let unmatched = |view: &View<'_>| {
        let real = |i: usize| objects[i].is_likely();
        let missed = |i: usize| objects[i].is_missed_by(view.camera);
        let chances = chances(view, &predicted, real, missed);
        Assignment { matches: vec![None; objects.len()], chances }
    };
    let mut assignments: Vec<Assignment> = views.iter().map(unmatched).collect();
    for _ in 0..MOST_PASSES {
        let sums = sums(&assignments, objects.len());
        let mut changed = false;
        for (view, assignment) in views.iter().zip(&mut assignments) {
            changed |= revise(assignment, view, objects, &predicted, &sums);
        }
        if !changed {
            break;
        }
    }
    assignments
}

/// What all boxes of a person say together, for everybody.
fn sums(assignments: &[Assignment], count: usize) -> Vec<Information> {
    let mut sums = vec![Information::default(); count];
    for assignment in assignments {
        for (sum, matched) in sums.iter_mut().zip(&assignment.matches) {
            if let Some(matched) = matched {
                *sum = sum.plus(&matched.information);
            }
        }
    }
    sums
}

/// Assigns a view's boxes anew; `sums` are what all views said before. Returns whether anything changed.
fn revise(
    assignment: &mut Assignment,
    view: &View<'_>,
    objects: &[Object],
    predicted: &[Belief],
    sums: &[Information],
) -> bool {
    let by_others = |i: usize| match &assignment.matches[i] {
        Some(own) => predicted[i].with(&sums[i].minus(&own.information)),
        None => predicted[i].with(&sums[i]),
    };
    let beliefs: Vec<Belief> = (0..objects.len()).map(by_others).collect();
    let tracks = objects.iter().map(|object| object.track_in(view.camera));
    let expected = expect(view, &beliefs, &assignment.chances, tracks);
    let mut changed = false;
    for (i, found) in assign(view, &expected, |_| true).into_iter().enumerate() {
        let matched = found.zip(expected[i].as_ref()).map(|((sighting, pair), expected)| {
            let said = information(view, expected, &view.sightings[sighting], pair.hidden);
            let back = std::array::from_fn(|k| predicted[i].mean[k] - beliefs[i].mean[k]);
            Match { sighting, score: pair.score, information: said.moved(&back) }
        });
        let before = std::mem::replace(&mut assignment.matches[i], matched);
        changed |= before.map(|m| m.sighting) != matched.map(|m| m.sighting);
    }
    changed
}

/// Everybody as one camera should see them; `None` for those behind it.
pub(super) fn expect(
    view: &View<'_>,
    beliefs: &[Belief],
    chances: &[Chance],
    tracks: impl Iterator<Item = Option<i64>>,
) -> Vec<Option<Expected>> {
    let everybody = beliefs.iter().zip(chances).zip(tracks);
    everybody.map(|((belief, &chance), track_id)| Expected::new(view, belief, chance, track_id)).collect()
}

/// The best pairs of people and the `free` boxes of one view.
pub(super) fn assign(
    view: &View<'_>,
    expected: &[Option<Expected>],
    free: impl Fn(usize) -> bool,
) -> Vec<Option<(usize, Pair)>> {
    let mut edges = Vec::new();
    let mut pairs = Vec::new();
    for (row, expected) in expected.iter().enumerate() {
        let Some(expected) = expected else { continue };
        let start = edges.len();
        for column in view.index.meeting(search_area(expected)).filter(|&column| free(column)) {
            if let Some(pair) = compare(view, expected, &view.sightings[column])
                && pair.score > 0.0
            {
                edges.push(Edge { row, column, weight: pair.score });
                pairs.push((row, column, pair));
            }
        }
        keep_heaviest(&mut edges, start);
    }
    let matched = maximum_weight_matching(expected.len(), view.sightings.len(), &edges);
    let mut found = vec![None; expected.len()];
    for (row, column, pair) in pairs {
        if matched[row] == Some(column) {
            found[row] = Some((column, pair));
        }
    }
    found
}

/// The part of the picture that holds every box within the gate.
fn search_area(expected: &Expected) -> BBox {
    let [middle, top, bottom] = expected.outline.features;
    let reach: [f64; 3] = std::array::from_fn(|i| REACH * (expected.spread[i][i] + expected.floor[i][i]).sqrt());
    let (aside, along) = (reach[0] + REACH_BEYOND * expected.outline.height(), reach[1].max(reach[2]));
    BBox { x1: middle - aside, y1: top.min(bottom) - along, x2: middle + aside, y2: bottom.max(top) + along }
}
