//! One person and all regions.

use super::line::{LineState, Step};
use super::presence::{Change, Presence};
use super::region::{Kind, Region};
use super::sight::{Inertia, Passage, Sight};
use crate::geometry::Point2;

/// Nobody moves faster than this many of their own heights a second (a sprinter: 6),
const FASTEST_HEIGHTS: f64 = 6.0;
/// beside what a detector that wavers may add to one step. What jumps farther is another person.
const WAVER_HEIGHTS: f64 = 1.0;

/// One track.
#[derive(Debug, Clone)]
pub(super) struct Walker {
    last: Option<Sight>,
    /// A sight too far from the last to be believed at once.
    stray: Option<Sight>,
    /// By region.
    pub(super) states: Vec<State>,
}

/// One track and one region.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    /// Whether the region has seen the track.
    met: bool,
    inside: bool,
    presence: Presence,
    line: LineState,
}

impl Walker {
    pub(super) fn new(regions: usize) -> Self {
        Self { last: None, stray: None, states: vec![State::default(); regions] }
    }

    /// Takes in a sight. One that is too far away is held back, until the next one is near it: then the track has gone
    /// over to another person, who did not walk the way between.
    pub(super) fn see(
        &mut self,
        sight: Sight,
        height: [f64; 2],
        regions: &[Region],
        inertia: Inertia,
        mut tell: impl FnMut(usize, Kind, Passage),
    ) {
        let near = |other: Sight| reachable(other, sight, height);
        let walked = self.last.is_none_or(near);
        if !walked && !self.stray.is_some_and(near) {
            self.stray = Some(sight);
            return;
        }
        self.stray = None;
        let previous = self.last.replace(sight);
        for (i, (region, state)) in regions.iter().zip(&mut self.states).enumerate() {
            let met = std::mem::replace(&mut state.met, true);
            let previous = previous.filter(|_| met);
            let inside = region.polygon.contains(sight.point);
            let inside_before = std::mem::replace(&mut state.inside, inside);
            if region.presence {
                let present = region.polygon.contains(in_picture(sight.point));
                match state.presence.step(previous, sight, present, inertia) {
                    Some(Change::Entry(passage)) => tell(i, Kind::Entry, passage),
                    Some(Change::Exit(passage)) => tell(i, Kind::Exit, passage),
                    None => {}
                }
            }
            let Some(sides) = &region.sides else { continue };
            let Some(from) = previous.filter(|_| walked) else {
                state.line = LineState::first(inside);
                continue;
            };
            let step = Step { from, to: sight, inside_before, inside };
            if let Some((direction, passage)) = state.line.step(&region.polygon, sides, step, inertia) {
                tell(i, direction.into(), passage);
            }
        }
    }

    pub(super) fn end(self, regions: &[Region], inertia: Inertia, mut tell: impl FnMut(usize, Kind, Passage)) {
        for (i, (region, state)) in regions.iter().zip(self.states).enumerate() {
            state.end(region, inertia, |kind, passage| tell(i, kind, passage));
        }
    }
}

impl State {
    /// The stay as it stands, of who is inside a region of which presence is told.
    pub(super) fn stay(&self, region: &Region) -> Option<Passage> {
        self.presence.stay().filter(|_| region.presence)
    }

    /// What is told at the end of the track, or of the region.
    pub(super) fn end(&self, region: &Region, inertia: Inertia, mut tell: impl FnMut(Kind, Passage)) {
        if let Some(Change::Exit(passage)) = self.presence.end().filter(|_| region.presence) {
            tell(Kind::Exit, passage);
        }
        if let Some((direction, passage)) = self.line.end(inertia) {
            tell(direction.into(), passage);
        }
    }
}

/// Where a person stands as far as the picture shows: feet below it are at its edge, and in a region drawn up to there.
fn in_picture([x, y]: Point2) -> Point2 {
    const EDGE: f64 = 1.0 - f64::EPSILON; // the edge itself is no more inside
    [x.clamp(0.0, EDGE), y.clamp(0.0, EDGE)]
}

/// Whether a person of this height can have walked from one sight to the other.
fn reachable(from: Sight, to: Sight, [width_share, height_share]: [f64; 2]) -> bool {
    let heights =
        libm::hypot((to.point[0] - from.point[0]) / width_share, (to.point[1] - from.point[1]) / height_share);
    heights <= WAVER_HEIGHTS + FASTEST_HEIGHTS * (to.timestamp - from.timestamp)
}
