//! The fuser of one map.

use std::collections::{BTreeMap, VecDeque};

use super::FusionConfig;
use super::alignment::CameraOffset;
use super::camera::Camera;
use super::identity::Identities;
use super::object::MapObject;
use super::scene::Scene;
use super::view::CameraFrame;
use crate::error::{Error, Result};
use crate::geometry::{Homography, Polygon};
use crate::types::{check_detections, check_timestamp};

/// More moments than this are not kept, however near in time: it is more than cameras give in `late_seconds` (64 of them
/// at 30 frames a second, none at the time of another), so it is times of another unit, and would cost memory.
const MOST_MOMENTS: usize = 1000;

/// Places the people of many cameras on one map.
///
/// Frames carry times of their own. The map is told at the newest time so far; frames that come later than that, but by
/// no more than [`FusionConfig::late_seconds`], are taken in where they belong: the moments since are gone through again.
#[derive(Debug, Clone)]
pub struct MapFuser {
    config: FusionConfig,
    cameras: BTreeMap<usize, Camera>,
    scene: Scene,
    /// The moments that late frames may still fall between, in order of time; the last is that of the scene.
    moments: VecDeque<Moment>,
    identities: Identities,
    /// For each camera the time of its last frame,
    last_frames: BTreeMap<usize, f64>,
    /// and how many came too late.
    dropped: BTreeMap<usize, u64>,
}

/// What was seen at one time, and the scene that it came to.
#[derive(Debug, Clone)]
struct Moment {
    timestamp: f64,
    frames: Vec<CameraFrame>,
    before: Scene,
}

impl MapFuser {
    /// A fuser without cameras and people.
    pub fn new(config: FusionConfig) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            config,
            cameras: BTreeMap::new(),
            scene: Scene::default(),
            moments: VecDeque::new(),
            identities: Identities::default(),
            last_frames: BTreeMap::new(),
            dropped: BTreeMap::new(),
        })
    }

    /// Adds a camera, or replaces its homography; people and ids are kept, what was learned of the camera is not.
    ///
    /// With an `area` of the map, boxes whose feet are outside of it are not used, and nobody is missed there.
    pub fn set_camera(&mut self, camera: usize, homography: &Homography, area: Option<&Polygon>) {
        self.cameras.insert(camera, Camera::new(homography, area, self.config.metres_per_unit));
        self.scene.forget(camera);
        self.moments.clear(); // frames from before show another floor
    }

    /// Takes in what cameras saw up to `timestamp`, and gives everybody on the map at the newest time so far.
    ///
    /// A camera that is left out says nothing; one with no observations saw nobody. A refused update leaves the fuser
    /// as it was.
    pub fn update(&mut self, mut frames: Vec<CameraFrame>, timestamp: f64) -> Result<Vec<MapObject>> {
        self.check(&frames, timestamp)?;
        frames.sort_by_key(|frame| frame.camera);
        self.last_frames.extend(frames.iter().map(|frame| (frame.camera, frame.timestamp)));
        let newest = self.scene.timestamp.unwrap_or(f64::NEG_INFINITY);
        let oldest = newest.max(timestamp) - self.config.late_seconds;
        let dropped = &mut self.dropped;
        frames.retain(|frame| {
            let usable = frame.timestamp >= oldest;
            if !usable {
                *dropped.entry(frame.camera).or_default() += 1;
            }
            usable
        });
        let (late, on_time) = frames.into_iter().partition(|frame| frame.timestamp <= newest);
        self.take_late(late);
        if timestamp > newest {
            let moment = Moment { timestamp, frames: on_time, before: self.scene.clone() };
            self.pass(&moment);
            self.moments.push_back(moment);
        }
        let surplus = self.moments.len().saturating_sub(MOST_MOMENTS);
        self.moments.drain(..surplus);
        self.moments.retain(|moment| moment.timestamp >= oldest);
        self.identities.forget_before(oldest);
        Ok(self.scene.report(&self.config))
    }

    /// The newest time so far, for which the map is told.
    pub fn timestamp(&self) -> Option<f64> {
        self.scene.timestamp
    }

    /// How many frames of a camera came too late to be used.
    pub fn dropped_frames(&self, camera: usize) -> u64 {
        self.dropped.get(&camera).copied().unwrap_or(0)
    }

    /// How far a camera's floor lies off that of the others, in metres and seconds, as people show it whom it shares with
    /// them; `None` before there are any. It is corrected for.
    pub fn offset(&self, camera: usize) -> Option<CameraOffset> {
        self.scene.experience.get(&camera)?.alignment.offset()
    }

    fn check(&self, frames: &[CameraFrame], timestamp: f64) -> Result<()> {
        check_timestamp(timestamp, None)?;
        for (i, frame) in frames.iter().enumerate() {
            let twice = frames[..i].iter().any(|other| other.camera == frame.camera);
            self.check_frame(frame, timestamp, twice)
                .map_err(|error| Error::OfCamera { camera: frame.camera, error: Box::new(error) })?;
        }
        Ok(())
    }

    fn check_frame(&self, frame: &CameraFrame, timestamp: f64, twice: bool) -> Result<()> {
        if !self.cameras.contains_key(&frame.camera) {
            return Err(Error::invalid("homography", "one that was set before", "none"));
        }
        if twice {
            return Err(Error::invalid("frames", "one in an update", "two"));
        }
        check_timestamp(frame.timestamp, self.last_frames.get(&frame.camera).copied())?;
        if frame.timestamp > timestamp {
            let expected = format!("at most {timestamp}, that of the update");
            return Err(Error::invalid("timestamps", expected, frame.timestamp));
        }
        check_detections(frame.observations.iter().map(|o| (&o.bbox, o.confidence)))
    }

    /// Puts frames where they belong among the moments, and goes through these again.
    fn take_late(&mut self, late: Vec<CameraFrame>) {
        let first = late.into_iter().map(|frame| self.place(frame)).min();
        self.replay(first.unwrap_or(self.moments.len()));
    }

    /// Puts a frame into the moment of its time, which may be a new one; the position of the first that it changes.
    fn place(&mut self, frame: CameraFrame) -> usize {
        // What lies before the first moment that is kept cannot be gone through again.
        if self.moments.front().is_none_or(|oldest| oldest.before.timestamp > Some(frame.timestamp)) {
            *self.dropped.entry(frame.camera).or_default() += 1;
            return self.moments.len();
        }
        let place = self.moments.partition_point(|moment| moment.timestamp < frame.timestamp);
        match self.moments.get_mut(place) {
            Some(moment) if moment.timestamp <= frame.timestamp => {
                if let Some(earlier) = moment.frames.iter_mut().find(|other| other.camera == frame.camera) {
                    // The one before was nearest so far; now it has a moment of its own.
                    let earlier = std::mem::replace(earlier, frame);
                    return place.min(self.place(earlier));
                }
                let turn = moment.frames.partition_point(|other| other.camera < frame.camera);
                moment.frames.insert(turn, frame);
            }
            Some(next) => {
                let before = next.before.clone();
                self.moments.insert(place, Moment { timestamp: frame.timestamp, frames: vec![frame], before });
            }
            None => {}
        }
        place
    }

    /// Goes through the moments from this one on.
    fn replay(&mut self, first: usize) {
        let Some(moment) = self.moments.get(first) else { return };
        self.scene = moment.before.clone();
        for mut moment in self.moments.split_off(first) {
            moment.before = self.scene.clone();
            self.pass(&moment);
            self.moments.push_back(moment);
        }
    }

    /// Takes the scene through one moment.
    fn pass(&mut self, moment: &Moment) {
        self.scene.advance(&moment.frames, moment.timestamp, &self.cameras, &self.config);
        self.scene.confirm(&mut self.identities, &self.config);
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

#[cfg(test)]
#[path = "area_tests.rs"]
mod area_tests;

#[cfg(test)]
#[path = "plan_tests.rs"]
mod plan_tests;
