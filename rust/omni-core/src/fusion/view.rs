//! What one camera saw at one time.

use super::FusionConfig;
use super::alignment::Alignment;
use super::belief::Belief;
use super::camera::{Camera, Outline};
use super::likelihood::Ends;
use super::object::MEAN_HEIGHT_M;
use super::stature::{Judgement, Stature};
use crate::geometry::{BBox, BoxIndex};

/// A box ends at the border if it comes nearer to it than this, in pixels.
const BORDER: f64 = 5.0;

/// One box of one camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Where, in pixels.
    pub bbox: BBox,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// The camera's own track, if it tracks.
    pub track_id: Option<i64>,
}

/// What one camera saw.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraFrame {
    /// The camera's number.
    pub camera: usize,
    /// When, in seconds.
    pub timestamp: f64,
    /// Whom.
    pub observations: Vec<Observation>,
}

/// What a camera taught in the course of time.
#[derive(Debug, Clone, Default)]
pub(super) struct Experience {
    pub(super) stature: Stature,
    pub(super) alignment: Alignment,
}

/// An observation that is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sighting {
    /// Middle, top and bottom in pixels without distortion.
    pub(super) features: [f64; 3],
    pub(super) confidence: f64,
    pub(super) track_id: Option<i64>,
    /// The position in what the camera gave.
    pub(super) index: usize,
    /// Whether the border of the picture cuts the top,
    pub(super) cut_top: bool,
    /// the bottom,
    pub(super) cut_bottom: bool,
    /// or a side.
    pub(super) cut_side: bool,
}

impl Sighting {
    pub(super) fn height(&self) -> f64 {
        self.features[2] - self.features[1]
    }
}

/// One camera's frame, ready to be compared.
pub(super) struct View<'a> {
    pub(super) camera: usize,
    pub(super) geometry: &'a Camera,
    pub(super) judgement: Judgement,
    pub(super) alignment: Alignment,
    /// Seconds from the moment of the map to the frame.
    pub(super) offset: f64,
    pub(super) sightings: Vec<Sighting>,
    /// Over the boxes of the sightings.
    pub(super) index: BoxIndex,
    pub(super) ends: Ends,
    /// How often the camera finds somebody in full view.
    pub(super) detection: f64,
    /// Standard deviation of a box's middle and ends, as a share of the height in the picture.
    pub(super) pixel_noise: f64,
    /// Standard deviation of the calibration on the floor, metres.
    pub(super) floor_noise: f64,
}

impl<'a> View<'a> {
    /// `offset`: seconds from the moment of the map to the frame.
    pub(super) fn new(
        frame: &CameraFrame,
        geometry: &'a Camera,
        experience: &mut Experience,
        offset: f64,
        config: &FusionConfig,
    ) -> Self {
        let sure = |o: &Observation| o.track_id.is_some() || o.confidence >= config.minimum_confidence;
        let usable = frame.observations.iter().enumerate().filter(|(_, o)| sure(o) && o.bbox.area() > 0.0);
        let sightings = usable.map(|(index, o)| sighting(index, o, geometry));
        let mut sightings: Vec<Sighting> = sightings.filter(|s| s.features.iter().all(|v| v.is_finite())).collect();
        if geometry.has_area() {
            sightings.retain(|s| geometry.may_tell_of(&s.features));
        }
        let boxes = sightings.iter().map(|s| {
            let width = frame.observations[s.index].bbox.width();
            let [middle, top, bottom] = s.features;
            BBox { x1: middle - 0.5 * width, y1: top, x2: middle + 0.5 * width, y2: bottom }
        });
        let index = BoxIndex::new(boxes.clone());
        if experience.stature.listens() {
            learn_stature(&mut experience.stature, geometry, &sightings, boxes, &index);
        }
        Self {
            camera: frame.camera,
            geometry,
            judgement: experience.stature.judge(geometry.knows_up()),
            alignment: experience.alignment.clone(),
            offset,
            sightings,
            index,
            ends: Ends::new(),
            detection: config.detection,
            pixel_noise: config.pixel_noise,
            floor_noise: config.floor_noise_m,
        }
    }

    /// How this camera should see somebody; `None` behind it.
    pub(super) fn outline(&self, belief: &Belief) -> Option<Outline> {
        let (place, velocity) = (belief.place(), belief.velocity);
        let shift = self.alignment.shift(place, velocity);
        let place = std::array::from_fn(|i| place[i] + shift[i] + self.offset * velocity[i]);
        if self.judgement.tells_heights {
            self.geometry.outline(place, belief.height(), self.judgement.stretch)
        } else {
            self.geometry.foot_outline(place, self.judgement.pixels)
        }
    }

    /// Whether the top of a box says something.
    pub(super) fn tells_heights(&self) -> bool {
        self.judgement.tells_heights
    }
}

/// Learns from boxes that show somebody from head to foot.
fn learn_stature(
    stature: &mut Stature,
    geometry: &Camera,
    sightings: &[Sighting],
    boxes: impl Iterator<Item = BBox>,
    index: &BoxIndex,
) {
    for (sighting, bbox) in sightings.iter().zip(boxes) {
        let [middle, _, bottom] = sighting.features;
        let covered = index.meeting(bbox).any(|i| sightings[i].features[2] > bottom);
        if !(covered || sighting.cut_top || sighting.cut_bottom) {
            let place = geometry.place([middle, bottom], 0.0);
            let outline = place.and_then(|place| geometry.outline(place, MEAN_HEIGHT_M, 1.0));
            stature.learn(sighting.height(), outline.map(|outline| outline.height()));
        }
    }
}

fn sighting(index: usize, observation: &Observation, geometry: &Camera) -> Sighting {
    let bbox = &observation.bbox;
    let (width, height) = geometry.image_size().unwrap_or((f64::INFINITY, f64::INFINITY));
    let known = width.is_finite();
    Sighting {
        features: geometry.features(bbox),
        confidence: observation.confidence,
        track_id: observation.track_id,
        index,
        cut_top: known && bbox.y1 < BORDER,
        cut_bottom: bbox.y2 > height - BORDER,
        cut_side: (known && bbox.x1 < BORDER) || bbox.x2 > width - BORDER,
    }
}
