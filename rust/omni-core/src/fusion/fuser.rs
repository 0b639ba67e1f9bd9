//! The fuser of one map.

use std::collections::BTreeMap;

use super::FusionConfig;
use super::associate::{assign, cluster};
use super::camera::{GroundPoint, Observation, View};
use super::object::{MapObject, Object};
use crate::error::{Error, Result};
use crate::geometry::Homography;
use crate::types::{check_detections, check_timestamp};

/// How freely people change their pace, metres per second per square root of a second.
const ACCELERATION: f64 = 0.5;
/// Logarithm of the odds below which nobody is there,
const GONE: f64 = -4.0;
/// above which somebody is reported,
const REAL: f64 = 1.0;
/// and above which somebody reported stays so.
const DOUBTFUL: f64 = 0.0;
/// Sums of times carry rounding errors; a limit is passed only beyond this, in seconds.
const TIME_TOLERANCE: f64 = 1e-6;

/// Places the people of many cameras on one map.
#[derive(Debug, Clone)]
pub struct MapFuser {
    config: FusionConfig,
    cameras: BTreeMap<usize, Homography>,
    objects: Vec<Object>,
    last_id: i64,
    timestamp: Option<f64>,
}

impl MapFuser {
    /// A fuser without cameras and people.
    pub fn new(config: FusionConfig) -> Result<Self> {
        config.validate()?;
        Ok(Self { config, cameras: BTreeMap::new(), objects: Vec::new(), last_id: 0, timestamp: None })
    }

    /// Adds a camera, or replaces its homography; people and ids are kept.
    pub fn set_camera(&mut self, camera: usize, homography: Homography) {
        self.cameras.insert(camera, homography);
    }

    /// Takes in what the cameras saw at `timestamp`, and gives everybody on the map.
    ///
    /// A camera that is left out says nothing; one with no observations saw nobody. A refused update leaves the fuser
    /// as it was.
    pub fn update(
        &mut self,
        observations: &BTreeMap<usize, Vec<Observation>>,
        timestamp: f64,
    ) -> Result<Vec<MapObject>> {
        check_timestamp(timestamp, self.timestamp)?;
        let mut views = Vec::with_capacity(observations.len());
        for (&camera, seen) in observations {
            let known = self.cameras.get(&camera);
            let homography = known.ok_or_else(|| Error::invalid("camera", "one that was set before", camera))?;
            check_detections(seen.iter().map(|o| (&o.bbox, o.confidence)))?;
            views.push(View::new(camera, homography, seen, &self.config));
        }
        let dt = self.timestamp.map_or(0.0, |previous| timestamp - previous);
        self.timestamp = Some(timestamp);
        let limit = self.config.lost_seconds + TIME_TOLERANCE;
        self.objects.retain(|object| timestamp - object.last_timestamp <= limit);
        self.objects.iter_mut().for_each(|object| object.predict(dt, ACCELERATION));
        let mut left = Vec::new();
        for view in &views {
            take_view(&mut self.objects, view, timestamp, &mut left);
        }
        start_objects(&mut self.objects, left, &self.config, timestamp);
        self.objects.iter_mut().for_each(|object| object.weigh_evidence(&views, dt));
        self.objects.retain(|object| object.existence > GONE);
        self.merge_doubles();
        Ok(self.report(timestamp))
    }

    /// Where two people stand in one place and no camera sees both, the younger is a double and goes.
    fn merge_doubles(&mut self) {
        let mut kept: Vec<Object> = Vec::with_capacity(self.objects.len());
        for object in self.objects.drain(..) {
            let place = object.filter.position();
            let double = object.is_seen()
                && kept.iter().any(|older| {
                    older.is_seen()
                        && older.distance_to(place) < self.config.merge_distance_m
                        && older.shares_no_camera_with(&object)
                });
            if !double {
                kept.push(object);
            }
        }
        self.objects = kept;
    }

    fn report(&mut self, timestamp: f64) -> Vec<MapObject> {
        let config = self.config;
        for object in &mut self.objects {
            let seen = object.last_timestamp - object.first_timestamp;
            if object.id.is_none()
                && object.updates >= 2
                && object.existence >= REAL
                && seen + TIME_TOLERANCE >= config.confirm_seconds
            {
                self.last_id += 1;
                object.id = Some(self.last_id);
            }
        }
        let limit = config.coast_seconds + TIME_TOLERANCE;
        let shown = self.objects.iter().filter(|o| o.existence > DOUBTFUL && timestamp - o.last_timestamp <= limit);
        shown.filter_map(|object| object.report(timestamp, config.metres_per_unit)).collect()
    }
}

/// Gives a camera's boxes to the people they are; the others go to `left`.
fn take_view(objects: &mut [Object], view: &View<'_>, timestamp: f64, left: &mut Vec<GroundPoint>) {
    let mut free = vec![true; view.points.len()];
    for (row, column) in assign(objects, &view.points) {
        objects[row].take(&view.points[column], timestamp);
        free[column] = false;
    }
    left.extend(view.points.iter().zip(free).filter_map(|(point, free)| free.then_some(*point)));
}

/// Puts new people on the map, but not where somebody stands already.
fn start_objects(objects: &mut Vec<Object>, left: Vec<GroundPoint>, config: &FusionConfig, timestamp: f64) {
    for born in cluster(left, config.birth_confidence, timestamp) {
        let place = born.filter.position();
        let taken = |o: &Object| o.shares_no_camera_with(&born) && o.distance_to(place) < config.merge_distance_m;
        if !objects.iter().any(taken) {
            objects.push(born);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;

    const SIZE: Option<(f64, f64)> = Some((1000.0, 1000.0));

    /// A camera that sees the floor from above, 100 pixels to the unit, its picture's left edge at `x`.
    fn camera(x: f64) -> Homography {
        let matrix = [[0.01, 0.0, x], [0.0, 0.01, 0.0], [0.0, 0.0, 1.0]];
        Homography::from_matrix(matrix, SIZE, None).unwrap()
    }

    /// The box of somebody who stands at `place`, as a camera with its left edge at `left` sees them.
    fn seen(left: f64, place: [f64; 2], track_id: Option<i64>) -> Observation {
        let (x, y) = ((place[0] - left) * 100.0, place[1] * 100.0);
        Observation { bbox: BBox { x1: x - 20.0, y1: y - 100.0, x2: x + 20.0, y2: y }, confidence: 0.9, track_id }
    }

    fn fuser(config: FusionConfig) -> MapFuser {
        let mut fuser = MapFuser::new(config).unwrap();
        fuser.set_camera(0, camera(0.0));
        fuser.set_camera(1, camera(5.0));
        fuser
    }

    fn both(a: Vec<Observation>, b: Vec<Observation>) -> BTreeMap<usize, Vec<Observation>> {
        BTreeMap::from([(0, a), (1, b)])
    }

    #[test]
    fn two_cameras_see_one_person_who_keeps_the_id_from_one_to_the_other() {
        let mut fuser = fuser(FusionConfig::default());
        let mut ids = Vec::new();
        for i in 0..100 {
            let t = 0.1 * f64::from(i);
            let place = [2.0 + 1.2 * t, 4.0];
            let in_first = if place[0] < 9.9 { vec![seen(0.0, place, Some(7))] } else { vec![] };
            let in_second = if place[0] > 5.1 { vec![seen(5.0, place, Some(7))] } else { vec![] };
            let sources = in_first.len() + in_second.len();
            let objects = fuser.update(&both(in_first, in_second), t).unwrap();
            if i > 3 {
                assert_eq!(objects.len(), 1, "at {t}");
                assert_eq!(objects[0].sources.len(), sources);
                assert!((objects[0].position[0] - place[0]).abs() < 0.1);
                assert!((objects[0].age - t).abs() < 1e-9);
                ids.push(objects[0].id);
            }
        }
        assert!(ids.iter().all(|&id| id == 1));
    }

    #[test]
    fn two_people_side_by_side_stay_two_as_long_as_one_camera_sees_both() {
        let mut fuser = fuser(FusionConfig::default());
        for i in 0..30 {
            let pair = [[7.0, 4.0], [7.4, 4.0]].map(|place| seen(0.0, place, None));
            let one = seen(5.0, [7.2, 4.0], None);
            let objects = fuser.update(&both(pair.to_vec(), vec![one]), 0.1 * f64::from(i)).unwrap();
            assert!(i < 14 || objects.len() == 2, "frame {i}: {}", objects.len());
        }
    }

    #[test]
    fn somebody_gone_is_shown_for_a_moment_and_then_forgotten() {
        let mut fuser = fuser(FusionConfig::default());
        for i in 0..20 {
            fuser.update(&both(vec![seen(0.0, [2.0, 4.0], None)], vec![]), 0.1 * f64::from(i)).unwrap();
        }
        let nobody = |fuser: &mut MapFuser, t: f64| fuser.update(&both(vec![], vec![]), t).unwrap();
        let coasting = nobody(&mut fuser, 2.0);
        assert_eq!((coasting[0].id, coasting[0].sources.len()), (1, 0));
        assert!(nobody(&mut fuser, 5.0).is_empty());
        assert!(fuser.objects.is_empty());
    }

    #[test]
    fn the_unit_of_the_map_changes_nothing_but_numbers() {
        let mut metres = fuser(FusionConfig::default());
        let mut pixels = MapFuser::new(FusionConfig { metres_per_unit: 0.05, ..FusionConfig::default() }).unwrap();
        let matrix = [[0.2, 0.0, 0.0], [0.0, 0.2, 0.0], [0.0, 0.0, 1.0]];
        pixels.set_camera(0, Homography::from_matrix(matrix, SIZE, None).unwrap());
        for i in 0..20 {
            let t = 0.1 * f64::from(i);
            let view = BTreeMap::from([(0, vec![seen(0.0, [2.0 + t, 4.0], None)])]);
            let (a, b) = (metres.update(&view, t).unwrap(), pixels.update(&view, t).unwrap());
            assert_eq!(a.len(), b.len());
            for (a, b) in a.iter().zip(&b) {
                assert!((a.position[0] - 0.05 * b.position[0]).abs() < 1e-9);
                assert!((a.velocity[0] - 0.05 * b.velocity[0]).abs() < 1e-9);
                assert!((a.covariance[0][0] - 0.0025 * b.covariance[0][0]).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn a_refused_update_changes_nothing() {
        let mut fuser = fuser(FusionConfig::default());
        fuser.update(&both(vec![seen(0.0, [2.0, 4.0], None)], vec![]), 1.0).unwrap();
        let before = format!("{fuser:?}");
        let mut broken = seen(0.0, [2.0, 4.0], None);
        broken.bbox.y2 = f64::INFINITY;
        assert!(fuser.update(&both(vec![broken], vec![]), 2.0).is_err());
        assert!(fuser.update(&BTreeMap::from([(9, vec![])]), 2.0).unwrap_err().to_string().starts_with("camera"));
        assert!(fuser.update(&both(vec![], vec![]), 1.0).is_err());
        assert_eq!(format!("{fuser:?}"), before);
    }
}
