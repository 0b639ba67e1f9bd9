//! One person and one line: a zone that must be passed completely.
//!
//! Edges through which a move along the direction goes in are the zone's *near* side, those through which it goes out
//! its *far* side. Edges that lie along the direction are its *ends*. In through near and out through far is forward; in
//! through far and out through near is reverse; all else, such as turning back, is no crossing.

use super::sight::{Evidence, Inertia, Passage, Sight};
use crate::error::{Error, Result};
use crate::geometry::{Point2, Polygon};

/// An edge belongs to a side when it faces it at least this much as squarely as the squarest edge does.
const FACING: f64 = 0.5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Near,
    Far,
    End,
}

/// Which way a zone was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Reverse,
}

/// The side of each edge of `polygon`, seen along `direction`.
pub(super) fn sides(polygon: &Polygon, direction: Point2) -> Result<Vec<Side>> {
    let length = libm::hypot(direction[0], direction[1]);
    if !length.is_finite() || length < 1e-9 {
        let got = format!("({}, {})", direction[0], direction[1]);
        return Err(Error::invalid("direction", "a finite vector with a length", got));
    }
    let turn = polygon.signed_area().signum();
    let facing: Vec<f64> = polygon
        .edges()
        .map(|(p, q)| {
            let outward = [turn * (q[1] - p[1]), turn * (p[0] - q[0])];
            (outward[0] * direction[0] + outward[1] * direction[1]) / (libm::hypot(outward[0], outward[1]) * length)
        })
        .collect();
    let (least, most) = facing.iter().fold((0.0_f64, 0.0_f64), |(least, most), &f| (least.min(f), most.max(f)));
    let side = |&f: &f64| match f {
        f if f <= FACING * least => Side::Near,
        f if f >= FACING * most => Side::Far,
        _ => Side::End,
    };
    Ok(facing.iter().map(side).collect())
}

/// A step over the border: through which side, between which two sights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Border {
    side: Side,
    from: Sight,
    to: Sight,
}

/// Where a person is with regard to a zone.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) enum LineState {
    #[default]
    Outside,
    /// Within; `None`: first seen there, so nobody knows from where.
    Within(Option<Border>),
    /// Outside again, which is not believed yet.
    Leaving(Option<Border>, Border, Evidence),
}

/// A person's step as a zone sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) from: Sight,
    pub(super) to: Sight,
    pub(super) inside_before: bool,
    pub(super) inside: bool,
}

impl LineState {
    /// Somebody of whom nothing is known but where they are.
    pub(super) fn first(inside: bool) -> Self {
        if inside { Self::Within(None) } else { Self::Outside }
    }

    /// Takes in the next step. Gives the direction and the passage when it settles a crossing.
    pub(super) fn step(
        &mut self,
        zone: &Polygon,
        sides: &[Side],
        step: Step,
        inertia: Inertia,
    ) -> Option<(Direction, Passage)> {
        let (into, out) = borders(zone, sides, step);
        *self = match (*self, into, out) {
            (Self::Outside, Some(into), Some(out)) => Self::Leaving(Some(into), out, step.evidence()),
            (Self::Outside, into @ Some(_), None) => Self::Within(into),
            (Self::Within(origin) | Self::Leaving(origin, ..), _, Some(out)) => {
                Self::Leaving(origin, out, step.evidence())
            }
            (Self::Leaving(origin, ..), Some(_), None) => Self::Within(origin),
            (Self::Leaving(origin, left, evidence), None, None) => {
                Self::Leaving(origin, left, evidence.and(step.to.timestamp))
            }
            (unchanged, ..) => unchanged,
        };
        match *self {
            Self::Leaving(origin, left, evidence) if evidence.settles(inertia) => {
                *self = Self::Outside;
                crossing(origin, left)
            }
            _ => None,
        }
    }

    /// The track has ended: who was last seen beyond has crossed.
    pub(super) fn end(self, inertia: Inertia) -> Option<(Direction, Passage)> {
        match self {
            Self::Leaving(origin, left, evidence) if evidence.settles_at_the_end(inertia) => crossing(origin, left),
            _ => None,
        }
    }
}

impl Step {
    fn evidence(&self) -> Evidence {
        Evidence::new(self.from.timestamp, self.to.timestamp)
    }
}

/// The border as the step came in over it and as it went out, where it did.
fn borders(zone: &Polygon, sides: &[Side], step: Step) -> (Option<Border>, Option<Border>) {
    let met = zone.met(step.from.point, step.to.point);
    if met.is_none() && step.inside_before == step.inside {
        return (None, None);
    }
    // A sight exactly on the border may meet no edge; then it is the one on which it lies.
    let ((first, last), Step { from, to, .. }) = (
        met.unwrap_or_else(|| {
            let edge = zone.nearest_edge(if step.inside { step.to.point } else { step.from.point });
            (edge, edge)
        }),
        step,
    );
    let border = |edge: usize| Border { side: sides[edge], from, to };
    ((!step.inside_before).then(|| border(first)), (!step.inside).then(|| border(last)))
}

fn crossing(origin: Option<Border>, left: Border) -> Option<(Direction, Passage)> {
    let entered = origin?;
    let direction = match (entered.side, left.side) {
        (Side::Near, Side::Far) => Direction::Forward,
        (Side::Far, Side::Near) => Direction::Reverse,
        _ => return None,
    };
    let passage = Passage { before: Some(entered.from), entered: entered.to, last: left.from, after: Some(left.to) };
    Some((direction, passage))
}
