//! A region or line, and what can be told of it.

use super::line::{Direction, Side, sides};
use crate::error::Result;
use crate::geometry::{Point2, Polygon};

/// A polygon and what is told of it.
#[derive(Debug, Clone)]
pub struct Region {
    pub(super) polygon: Polygon,
    pub(super) presence: bool,
    pub(super) sides: Option<Vec<Side>>,
}

impl Region {
    /// A region of which presence is told, and with a `direction` (relative to the picture) crossings as well.
    pub fn new(polygon: Polygon, presence: bool, direction: Option<Point2>) -> Result<Self> {
        let sides = direction.map(|direction| sides(&polygon, direction)).transpose()?;
        Ok(Self { polygon, presence, sides })
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Somebody is inside.
    Entry = 0,
    /// Somebody was inside.
    Exit = 1,
    /// A line was passed along its direction,
    Forward = 2,
    /// or against it.
    Reverse = 3,
}

impl From<Direction> for Kind {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Forward => Self::Forward,
            Direction::Reverse => Self::Reverse,
        }
    }
}
