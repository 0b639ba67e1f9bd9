//! One person and one region: outside, inside, and the moments between that are not believed yet.

use super::sight::{Evidence, Inertia, Passage, Sight};

/// What a sight changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Change {
    Entry(Passage),
    Exit(Passage),
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) enum Presence {
    #[default]
    Outside,
    Coming(Passage, Evidence),
    Inside(Passage),
    Going(Passage, Evidence),
}

impl Presence {
    /// Takes in the next sight; `previous` is the one before.
    pub(super) fn step(
        &mut self,
        previous: Option<Sight>,
        sight: Sight,
        inside: bool,
        inertia: Inertia,
    ) -> Option<Change> {
        let against = previous.map_or(sight.timestamp, |p| p.timestamp);
        *self = match (*self, inside) {
            (Self::Outside | Self::Coming(..), false) => Self::Outside,
            (Self::Outside, true) => {
                let stay = Passage { before: previous, entered: sight, last: sight, after: None };
                Self::Coming(stay, Evidence::new(against, sight.timestamp))
            }
            (Self::Coming(stay, evidence), true) => {
                Self::Coming(Passage { last: sight, ..stay }, evidence.and(sight.timestamp))
            }
            (Self::Inside(stay) | Self::Going(stay, _), true) => {
                Self::Inside(Passage { last: sight, after: None, ..stay })
            }
            (Self::Inside(stay), false) => {
                Self::Going(Passage { after: Some(sight), ..stay }, Evidence::new(against, sight.timestamp))
            }
            (Self::Going(stay, evidence), false) => Self::Going(stay, evidence.and(sight.timestamp)),
        };
        match *self {
            Self::Coming(stay, evidence) if evidence.settles(inertia) => {
                *self = Self::Inside(stay);
                Some(Change::Entry(stay))
            }
            Self::Going(stay, evidence) if evidence.settles(inertia) => {
                *self = Self::Outside;
                Some(Change::Exit(stay))
            }
            _ => None,
        }
    }

    /// The stay so far, of who is inside or not yet believed to have left.
    pub(super) fn stay(self) -> Option<Passage> {
        match self {
            Self::Outside | Self::Coming(..) => None,
            Self::Inside(stay) | Self::Going(stay, _) => Some(Passage { after: None, ..stay }),
        }
    }

    /// The track has ended: who was inside is no more. An entry not settled is none.
    pub(super) fn end(self) -> Option<Change> {
        match self {
            Self::Outside | Self::Coming(..) => None,
            Self::Inside(stay) | Self::Going(stay, _) => Some(Change::Exit(stay)),
        }
    }
}
