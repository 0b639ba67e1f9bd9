//! `follow PEOPLE FRAMES`: tracks a crowd and does nothing else, for tools that count instructions.

use std::hint::black_box;

use omni_benches::crowd;
use omni_core::track::{Tracker, TrackerConfig};

const STEP: f64 = 1.0 / 30.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("expected: follow PEOPLE FRAMES");
    let (people, frames): (u32, u32) = (next()?.parse()?, next()?.parse()?);
    let mut tracker = Tracker::new(TrackerConfig::default(), None)?;
    for frame in 0..frames {
        let t = STEP * f64::from(frame);
        black_box(tracker.update(&crowd(people, t), None, t, None)?);
    }
    Ok(())
}
