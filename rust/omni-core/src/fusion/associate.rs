//! Which box of a camera is which person.
//!
//! Coordinate descent on the assignment over all cameras: in each pass every camera's boxes are assigned, one to one, to
//! the people as all the other cameras saw them in the pass before. No camera comes first.

use super::belief::{Belief, Information};
use super::camera::Outline;
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
    /// How it should see them as predicted; `None` behind it.
    outlines: Vec<Option<Outline>>,
}

/// The boxes of everybody in each view.
pub(super) fn associate(objects: &[Object], views: &[View<'_>]) -> Vec<Assignment> {
    let predicted: Vec<Belief> = objects.iter().map(Object::belief).collect();
    let unmatched = |view: &View<'_>| {
        let real = |i: usize| objects[i].is_likely();
        let missed = |i: usize| objects[i].is_missed_by(view.camera);
        let outlines: Vec<Option<Outline>> = predicted.iter().map(|belief| view.outline(belief)).collect();
        let chances = chances(view, &outlines, real, missed);
        Assignment { matches: vec![None; objects.len()], chances, outlines }
    };
    let mut assignments: Vec<Assignment> = views.iter().map(unmatched).collect();
    let mut open: Vec<usize> = (0..objects.len()).collect();
    for _ in 0..MOST_PASSES {
        let sums = sums(&assignments, objects.len());
        let mut contested = vec![false; objects.len()];
        let mut changed = false;
        for (view, assignment) in views.iter().zip(&mut assignments) {
            changed |= revise(assignment, view, objects, &predicted, &sums, &open, &mut contested);
        }
        // Who had no choice in any view has none when seen by the others.
        open.retain(|&i| contested[i]);
        if !changed || open.is_empty() {
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

/// Assigns a view's boxes anew to the people who are `open`; `sums` are what all views said before. Notes who had a choice,
/// and returns whether anything changed.
fn revise(
    assignment: &mut Assignment,
    view: &View<'_>,
    objects: &[Object],
    predicted: &[Belief],
    sums: &[Information],
    open: &[usize],
    contested: &mut [bool],
) -> bool {
    let before: Vec<Option<Match>> = open.iter().map(|&i| assignment.matches[i].take()).collect();
    let mut free = vec![true; view.sightings.len()];
    for matched in assignment.matches.iter().flatten() {
        free[matched.sighting] = false;
    }
    let by_others = |(&i, own): (&usize, &Option<Match>)| match own {
        Some(own) => predicted[i].with(&sums[i].minus(&own.information)),
        None if sums[i].is_empty() => predicted[i],
        None => predicted[i].with(&sums[i]),
    };
    let beliefs: Vec<Belief> = open.iter().zip(&before).map(by_others).collect();
    let expect = |(row, &i): (usize, &usize)| {
        let as_predicted = before[row].is_none() && sums[i].is_empty();
        let outline = if as_predicted { assignment.outlines[i] } else { view.outline(&beliefs[row]) };
        let track = objects[i].track_in(view.camera);
        Some(Expected::new(view, &beliefs[row], outline?, assignment.chances[i], track))
    };
    let expected: Vec<Option<Expected>> = open.iter().enumerate().map(expect).collect();
    let mut changed = false;
    for (row, found) in assign(view, &expected, |sighting| free[sighting]).into_iter().enumerate() {
        let i = open[row];
        let matched = found.best.zip(expected[row].as_ref()).map(|((sighting, pair), expected)| {
            let said = information(view, expected, &view.sightings[sighting], pair.hidden);
            let back = std::array::from_fn(|k| predicted[i].mean[k] - beliefs[row].mean[k]);
            Match { sighting, score: pair.score, information: said.moved(&back) }
        });
        changed |= before[row].map(|m| m.sighting) != matched.map(|m| m.sighting);
        contested[i] |= found.contested;
        assignment.matches[i] = matched;
    }
    changed
}

/// What was found for one person.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found {
    /// Their box in the best assignment, as position among the sightings.
    pub(super) best: Option<(usize, Pair)>,
    /// Whether there was a choice: another box, or another person for this one.
    contested: bool,
}

/// The best pairs of people and the `free` boxes of one view.
pub(super) fn assign(view: &View<'_>, expected: &[Option<Expected>], free: impl Fn(usize) -> bool) -> Vec<Found> {
    let mut edges = Vec::with_capacity(expected.len());
    let mut pairs = Vec::with_capacity(expected.len());
    let mut rivals = vec![0_u32; view.sightings.len()];
    for (row, expected) in expected.iter().enumerate() {
        let Some(expected) = expected else { continue };
        let (start, first) = (edges.len(), pairs.len());
        let area = search_area(expected);
        for column in view.index.meeting(area).filter(|&column| free(column)) {
            let middle = view.sightings[column].features[0];
            if (area.x1..=area.x2).contains(&middle)
                && let Some(pair) = compare(view, expected, &view.sightings[column])
                && pair.score > 0.0
            {
                edges.push(Edge { row, column, weight: pair.score });
                pairs.push((row, column, pair));
                rivals[column] += 1;
            }
        }
        keep_heaviest(&mut edges, start);
        if edges.len() - start < pairs.len() - first {
            let mut kept = pairs.split_off(first);
            kept.retain(|&(_, column, _)| edges[start..].iter().any(|edge| edge.column == column));
            pairs.append(&mut kept);
        }
    }
    let matched = maximum_weight_matching(expected.len(), view.sightings.len(), &edges);
    let mut found = vec![Found::default(); expected.len()];
    for pairs in pairs.chunk_by(|a, b| a.0 == b.0) {
        for &(row, column, pair) in pairs {
            found[row].contested |= pairs.len() > 1 || rivals[column] > 1;
            if matched[row] == Some(column) {
                found[row].best = Some((column, pair));
            }
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
