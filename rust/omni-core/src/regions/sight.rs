//! What one frame shows of one person, and when such evidence is enough.

use crate::geometry::Point2;

/// Frames in a second at which `inertia_frames` is meant literally; where frames are rarer, their time counts.
const REFERENCE_RATE: f64 = 10.0;
/// Sums of times carry rounding errors, in seconds.
const TIME_TOLERANCE: f64 = 1e-6;

/// Where a person stood in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sight {
    /// Relative to the picture.
    pub point: Point2,
    /// Seconds.
    pub timestamp: f64,
    /// Number of the frame in the stream.
    pub frame: i64,
}

/// A stay in a polygon, from the step over its border inwards to that outwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passage {
    /// The last sight before it came in; `None` when it was first seen inside.
    pub before: Option<Sight>,
    /// The first sight after that: inside, or beyond when it passed between two frames.
    pub entered: Sight,
    /// The last sight before it went out. While the stay lasts, the latest inside.
    pub last: Sight,
    /// The first sight outside; `None` while the stay lasts or when the track ended inside.
    pub after: Option<Sight>,
}

/// How long a new state must be seen before it is believed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inertia {
    frames: u32,
    seconds: f64,
}

impl Inertia {
    pub(super) fn new(frames: u32) -> Self {
        Self { frames, seconds: f64::from(frames.saturating_sub(1)) / REFERENCE_RATE - TIME_TOLERANCE }
    }
}

/// What speaks for a new state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Evidence {
    /// Seconds of the last sight that spoke against it.
    against: f64,
    first: f64,
    latest: f64,
    sights: u32,
}

impl Evidence {
    /// One sight that says so, after one that said otherwise.
    pub(super) fn new(against: f64, timestamp: f64) -> Self {
        Self { against, first: timestamp, latest: timestamp, sights: 1 }
    }

    /// The same with one more sight.
    #[must_use]
    pub(super) fn and(self, timestamp: f64) -> Self {
        Self { latest: timestamp, sights: self.sights + 1, ..self }
    }

    /// Whether it is enough.
    pub(super) fn settles(&self, inertia: Inertia) -> bool {
        self.sights >= inertia.frames || (self.sights > 1 && self.latest - self.first >= inertia.seconds)
    }

    /// Whether it is enough when nothing more will come: one sight is, if frames are so rare.
    pub(super) fn settles_at_the_end(&self, inertia: Inertia) -> bool {
        self.settles(inertia) || self.latest - self.against >= inertia.seconds
    }
}
