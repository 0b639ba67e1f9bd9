//! New people from boxes that are nobody yet.

use super::associate::assign;
use super::belief::Belief;
use super::camera::Outline;
use super::likelihood::{Expected, Hidden, information, misfit};
use super::object::{MEAN_HEIGHT_M, MOST_GAIN, Object, stranger};
use super::view::{Sighting, View};
use super::visibility::{Chance, chances};
use crate::geometry::Point2;

/// Logarithm of the odds that a lone box is a person,
const LONE: f64 = -2.0;
/// and the least that cameras which do not see it leave of them.
const LEAST: f64 = -4.0;
/// So much nearer than others may somebody new stand to those beside whom several cameras see them.
const BESIDE: f64 = 0.5;
/// Steps from the place of a foot or a head to the place of the whole.
const STEPS: usize = 3;

/// Somebody who may be new.
pub(super) struct Newcomer {
    belief: Belief,
    /// Logarithm of the odds that they are real.
    existence: f64,
    /// View and sighting of each of their boxes.
    boxes: Vec<(usize, usize)>,
}

/// Newcomers from the boxes that are left over in each view (positions among its sightings), the surest first.
///
/// The views have their turns: the boxes of one join the newcomers of those before, and what remains starts new ones.
pub(super) fn newcomers(views: &[View<'_>], left: &[Vec<usize>]) -> Vec<Newcomer> {
    if left.iter().all(Vec::is_empty) {
        return Vec::new();
    }
    let turns = by_content(views, left);
    let mut newcomers: Vec<Newcomer> = Vec::new();
    for (turn, &v) in turns.iter().enumerate() {
        let view = &views[v];
        let rest = join(view, v, &left[v], &mut newcomers);
        let lone = rest.into_iter().filter_map(|sighting| {
            let belief = lone(view, &view.sightings[sighting])?;
            Some(Newcomer { belief, existence: LONE, boxes: vec![(v, sighting)] })
        });
        let mut lone: Vec<Newcomer> = lone.collect();
        for &before in &turns[..turn] {
            unseen_by(&views[before], &mut lone);
        }
        newcomers.append(&mut lone);
    }
    let shape = |n: &Newcomer| -> f64 { views[n.boxes[0].0].sightings[n.boxes[0].1].features.iter().sum() };
    newcomers.sort_by(|a, b| b.existence.total_cmp(&a.existence).then(shape(a).total_cmp(&shape(b))));
    newcomers
}

/// The turns of the views: whoever has most to tell first, whatever their numbers.
fn by_content(views: &[View<'_>], left: &[Vec<usize>]) -> Vec<usize> {
    let content = |v: usize| -> f64 { left[v].iter().flat_map(|&s| views[v].sightings[s].features).sum() };
    let mut turns: Vec<usize> = (0..views.len()).collect();
    turns.sort_by(|&a, &b| left[b].len().cmp(&left[a].len()).then(content(a).total_cmp(&content(b))));
    turns
}

/// Gives a view's left-over boxes to the newcomers; returns what remains.
fn join(view: &View<'_>, v: usize, left: &[usize], newcomers: &mut [Newcomer]) -> Vec<usize> {
    let mut rest = left.to_vec();
    let outlines = outlines(view, newcomers);
    let chances = chances(view, &outlines, |_| false, |_| false);
    let expect = |(i, outline): (usize, &Option<Outline>)| {
        Some(Expected::new(view, &newcomers[i].belief, (*outline)?, chances[i], None))
    };
    let expected: Vec<Option<Expected>> = outlines.iter().enumerate().map(expect).collect();
    let mut free = vec![false; view.sightings.len()];
    for &sighting in left {
        free[sighting] = true;
    }
    let found = assign(view, &expected, |sighting| free[sighting]);
    for (i, newcomer) in newcomers.iter_mut().enumerate() {
        if let (Some((sighting, pair)), Some(expected)) = (found[i].best, &expected[i]) {
            let said = information(view, expected, &view.sightings[sighting], pair.hidden);
            newcomer.belief = newcomer.belief.with(&said);
            newcomer.existence += pair.score.min(MOST_GAIN);
            newcomer.boxes.push((v, sighting));
            rest.retain(|&other| other != sighting);
        } else {
            newcomer.existence += chances[i].miss;
        }
    }
    rest
}

fn outlines(view: &View<'_>, newcomers: &[Newcomer]) -> Vec<Option<Outline>> {
    newcomers.iter().map(|newcomer| view.outline(&newcomer.belief)).collect()
}

/// Weighs that a view, which should see the newcomers, does not.
fn unseen_by(view: &View<'_>, newcomers: &mut [Newcomer]) {
    let chances = chances(view, &outlines(view, newcomers), |_| false, |_| false);
    for (newcomer, chance) in newcomers.iter_mut().zip(chances) {
        newcomer.existence += chance.miss;
    }
}

/// Where the person of a lone box stands: from its feet, or from its head where they are hidden; what fits best.
fn lone(view: &View<'_>, sighting: &Sighting) -> Option<Belief> {
    let [middle, top, bottom] = sighting.features;
    let standing = view.geometry.place([middle, bottom], 0.0);
    let under_head = view.geometry.place([middle, top], MEAN_HEIGHT_M * view.judgement.stretch);
    let ways = [
        (standing, Hidden { top: false, bottom: false }),
        (standing, Hidden { top: true, bottom: false }),
        (under_head, Hidden { top: false, bottom: true }),
    ];
    let told = if view.tells_heights() { &ways[..] } else { &ways[..1] };
    let fits = told.iter().filter_map(|&(place, hidden)| fit(view, sighting, place?, hidden));
    fits.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(belief, _)| belief)
}

/// The person whom a box shows if these ends are hidden, searched from `place`, and how badly the box fits.
fn fit(view: &View<'_>, sighting: &Sighting, place: Point2, hidden: Hidden) -> Option<(Belief, f64)> {
    let shift = view.alignment.shift(place, [0.0; 2]);
    let start = stranger([place[0] - shift[0], place[1] - shift[1]]);
    let mut belief = start;
    for _ in 0..STEPS {
        let expected = Expected::new(view, &belief, view.outline(&belief)?, Chance::UNKNOWN, None);
        let back = std::array::from_fn(|i| start.mean[i] - belief.mean[i]);
        belief = start.with(&information(view, &expected, sighting, hidden).moved(&back));
    }
    let expected = Expected::new(view, &belief, view.outline(&belief)?, Chance::UNKNOWN, None);
    Some((belief, misfit(view, &expected, sighting, hidden, belief.height())))
}

/// Puts newcomers on the map who stand at least `distance` metres from everybody, or half of that from those beside whom
/// several cameras see them.
pub(super) fn settle(
    objects: &mut Vec<Object>,
    newcomers: Vec<Newcomer>,
    views: &[View<'_>],
    distance: f64,
    timestamp: f64,
) {
    for newcomer in newcomers {
        let boxes = newcomer.boxes.iter().map(|&(v, sighting)| (views[v].camera, &views[v].sightings[sighting]));
        let mut object = Object::new(&newcomer.belief, newcomer.existence.max(LEAST), boxes, timestamp);
        for view in views {
            object.note_look(view.camera, false);
        }
        let room = |other: &Object| if object.is_beside(other) { BESIDE * distance } else { distance };
        if objects.iter().all(|other| other.distance_to(object.place()) >= room(other)) {
            objects.push(object);
        }
    }
}
