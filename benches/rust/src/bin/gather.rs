//! `gather CAMERAS PEOPLE FRAMES`: puts the people of a hall on one map and does nothing else, for tools that count
//! instructions.

use std::hint::black_box;

use omni_benches::hall::Hall;
use omni_core::fusion::{FusionConfig, MapFuser};

const STEP: f64 = 1.0 / 30.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("expected: gather CAMERAS PEOPLE FRAMES");
    let (cameras, people, frames): (u32, u32, u32) = (next()?.parse()?, next()?.parse()?, next()?.parse()?);
    let hall = Hall::new(cameras, people)?;
    let mut fuser = MapFuser::new(FusionConfig::default())?;
    for (camera, homography) in hall.homographies.iter().enumerate() {
        fuser.set_camera(camera, homography, None);
    }
    let mut on_the_map = 0;
    for frame in 0..frames {
        let t = STEP * f64::from(frame);
        on_the_map = black_box(fuser.update(hall.frames(t), t)?.len());
    }
    if on_the_map != people as usize {
        return Err(format!("expected {people} people on the map, got {on_the_map}").into());
    }
    Ok(())
}
