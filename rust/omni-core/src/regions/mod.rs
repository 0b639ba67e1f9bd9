//! Who is in a region, who came through a line.
//!
//! Points are relative to the picture: 0 to 1 from the left and from the top. A *region* is a polygon. A *line* is a
//! polygon with a direction: it counts when a person has passed completely through it (protocol, section 4).
//!
//! Nothing is believed on the word of one frame. A new state, inside or outside, is *settled* when it has been seen in
//! `inertia_frames` frames in a row, or, where frames are rare, in two at least that are as far apart in time as that many
//! frames of a camera with ten frames a second.

mod line;
mod monitor;
mod presence;
mod region;
mod sight;
mod walker;

pub use monitor::{RegionEvent, RegionMonitor, Sighting};
pub use region::{Kind, Region};
pub use sight::{Passage, Sight};
