use super::*;
use crate::fusion::Observation;
use crate::geometry::linear::{apply3, inverse3, multiply3};
use crate::geometry::{BBox, Matrix3};

pub(super) const SIZE: (f64, f64) = (1280.0, 720.0);
const FOCAL: f64 = 900.0;
/// A hall of 12 x 8 metres with a camera in each corner, 3 metres up.
const CORNERS: [[f64; 2]; 4] = [[0.0, 0.0], [12.0, 0.0], [12.0, 8.0], [0.0, 8.0]];

/// A camera that looks at the middle of the hall: the floor's homography into its picture, and the image of up.
pub(super) struct Corner {
    pub(super) image_from_floor: Matrix3,
    up: [f64; 3],
}

impl Corner {
    fn new([x, y]: [f64; 2]) -> Self {
        let eye = [x, y, 3.0];
        let unit = |v: [f64; 3]| v.map(|c| c / (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt());
        let cross = |a: [f64; 3], b: [f64; 3]| {
            [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
        };
        let ahead = unit([6.0 - x, 4.0 - y, 1.0 - 3.0]);
        let right = unit(cross(ahead, [0.0, 0.0, 1.0]));
        let down = cross(ahead, right);
        let lens = [[FOCAL, 0.0, SIZE.0 / 2.0], [0.0, FOCAL, SIZE.1 / 2.0], [0.0, 0.0, 1.0]];
        let rotation = [right, down, ahead];
        let away = apply3(&rotation, eye).map(|v| -v);
        let axes = std::array::from_fn(|i| [rotation[i][0], rotation[i][1], away[i]]);
        let up = apply3(&lens, [right[2], down[2], ahead[2]]);
        Self { image_from_floor: multiply3(&lens, &axes), up }
    }

    fn homography(&self) -> Homography {
        Homography::from_matrix(inverse3(&self.image_from_floor), Some(SIZE), None).unwrap()
    }

    /// The box of somebody of this height, if it is in the picture.
    pub(super) fn sees(&self, [x, y]: [f64; 2], height: f64, track_id: Option<i64>) -> Option<Observation> {
        let foot = apply3(&self.image_from_floor, [x, y, 1.0]);
        let head: [f64; 3] = std::array::from_fn(|i| foot[i] + height * self.up[i]);
        let ([u, top], [v, bottom]) = ([head[0] / head[2], head[1] / head[2]], [foot[0] / foot[2], foot[1] / foot[2]]);
        let (middle, half) = (f64::midpoint(u, v), 0.2 * (bottom - top));
        let bbox = BBox { x1: middle - half, y1: top, x2: middle + half, y2: bottom };
        let inside = foot[2] > 0.0 && bbox.x1 > 10.0 && bbox.x2 < SIZE.0 - 10.0 && top > 10.0 && bottom < SIZE.1 - 10.0;
        inside.then_some(Observation { bbox, confidence: 0.9, track_id })
    }
}

/// A fuser of the hall whose map is `map_from_floor` of the floor.
pub(super) fn hall_on(map_from_floor: &Matrix3, metres_per_unit: f64) -> (MapFuser, Vec<Corner>) {
    let mut fuser = MapFuser::new(FusionConfig { metres_per_unit, ..FusionConfig::default() }).unwrap();
    let corners: Vec<Corner> = CORNERS.map(Corner::new).into();
    for (camera, corner) in corners.iter().enumerate() {
        let matrix = multiply3(map_from_floor, &inverse3(&corner.image_from_floor));
        fuser.set_camera(camera, &Homography::from_matrix(matrix, Some(SIZE), None).unwrap(), None);
    }
    (fuser, corners)
}

fn hall() -> (MapFuser, Vec<Corner>) {
    hall_on(&[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], 1.0)
}

pub(super) fn frame(camera: usize, timestamp: f64, observations: Vec<Observation>) -> CameraFrame {
    CameraFrame { camera, timestamp, observations }
}

/// Five people on their ways through the hall, and how tall they are.
fn crowd(t: f64) -> Vec<([f64; 2], f64)> {
    vec![
        ([2.5 + 1.1 * t, 4.0 + 0.3 * (0.5 * t).sin()], 1.8),
        ([9.5 - 0.9 * t, 4.2], 1.65),
        ([6.0 + 1.5 * t.cos(), 4.0 + 1.5 * t.sin()], 1.7),
        ([4.0, 2.5 + 0.5 * t], 1.75),
        ([4.5 + 0.2 * t, 2.5 + 0.5 * t], 1.6),
    ]
}

/// What all corners see of the crowd at this time.
fn frames(corners: &[Corner], t: f64) -> Vec<CameraFrame> {
    let of = |(camera, corner): (usize, &Corner)| {
        let seen = crowd(t).into_iter().filter_map(|(place, height)| corner.sees(place, height, None));
        frame(camera, t, seen.collect())
    };
    corners.iter().enumerate().map(of).collect()
}

pub(super) fn time(i: u32) -> f64 {
    0.1 * f64::from(i)
}

pub(super) fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[test]
fn everybody_keeps_one_id_at_the_right_place() {
    let (mut fuser, corners) = hall();
    let mut ids = [None; 5];
    for i in 0..50 {
        let objects = fuser.update(frames(&corners, time(i)), time(i)).unwrap();
        assert_eq!(objects.len(), 5, "at {}", time(i));
        for (id, (place, _)) in ids.iter_mut().zip(crowd(time(i))) {
            let nearest =
                objects.iter().min_by(|a, b| distance(a.position, place).total_cmp(&distance(b.position, place)));
            let nearest = nearest.unwrap();
            assert!(distance(nearest.position, place) < 0.1);
            assert_eq!(*id.get_or_insert(nearest.id), nearest.id);
        }
    }
}

#[test]
fn the_order_of_cameras_and_boxes_changes_nothing() {
    let (mut fuser, corners) = hall();
    let (mut other, _) = hall();
    for (camera, corner) in corners.iter().enumerate() {
        other.set_camera(3 - camera, &corner.homography(), None);
    }
    for i in 0..50 {
        let given = frames(&corners, time(i));
        let mut turned = given.clone();
        for frame in &mut turned {
            frame.camera = 3 - frame.camera;
            frame.observations.reverse();
        }
        let (a, b) = (fuser.update(given, time(i)).unwrap(), other.update(turned, time(i)).unwrap());
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(&b) {
            assert_eq!((a.id, a.sources.len()), (b.id, b.sources.len()));
            assert!(distance(a.position, b.position) < 1e-6, "{i}: {:?} and {:?}", a.position, b.position);
        }
    }
}

#[test]
fn a_map_turned_and_scaled_gives_places_turned_and_scaled() {
    let (sin, cos) = 0.7_f64.sin_cos();
    let turned = [[20.0 * cos, -20.0 * sin, 300.0], [20.0 * sin, 20.0 * cos, -50.0], [0.0, 0.0, 1.0]];
    let (mut fuser, corners) = hall();
    let (mut other, _) = hall_on(&turned, 0.05);
    for i in 0..50 {
        let given = frames(&corners, time(i));
        let (a, b) = (fuser.update(given.clone(), time(i)).unwrap(), other.update(given, time(i)).unwrap());
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(&b) {
            let [x, y, _] = apply3(&turned, [a.position[0], a.position[1], 1.0]);
            assert_eq!((a.id, &a.sources), (b.id, &b.sources));
            assert!(distance([x, y], b.position) < 1e-5);
            let (slow, fast) = (a.velocity, b.velocity);
            assert!((20.0 * slow[0].hypot(slow[1]) - fast[0].hypot(fast[1])).abs() < 1e-5);
            let trace = |c: [[f64; 2]; 2]| c[0][0] + c[1][1];
            assert!((400.0 * trace(a.covariance) - trace(b.covariance)).abs() < 1e-5);
        }
    }
}

#[test]
fn feet_behind_a_table_do_not_move_a_person() {
    let (fuser, corners) = hall();
    walk_behind_a_table(fuser, &corners, 1.0);
}

#[test]
fn nor_do_they_on_a_map_whose_unit_is_not_quite_a_metre() {
    for unit in [0.65, 1.5] {
        let (fuser, corners) = hall_on(&[[1.0 / unit, 0.0, 0.0], [0.0, 1.0 / unit, 0.0], [0.0, 0.0, 1.0]], 1.0);
        walk_behind_a_table(fuser, &corners, unit);
    }
}

/// Somebody stands, then walks, and their feet are hidden half the way. `unit`: metres that the map takes for one.
fn walk_behind_a_table(mut fuser: MapFuser, corners: &[Corner], unit: f64) {
    for i in 0..140 {
        let t = time(i);
        let place = [3.0 + (t - 10.0).max(0.0), 4.0];
        let mut seen = corners[0].sees(place, 1.72, None);
        if let Some(box_) = seen.as_mut().filter(|_| i > 120) {
            box_.bbox.y2 -= 0.4 * box_.bbox.height();
            assert!(distance(corners[0].homography().map_from_image(box_.bbox.ground_point()), place) > 2.0);
        }
        let objects = fuser.update(vec![frame(0, t, seen.into_iter().collect())], t).unwrap();
        if i > 10 {
            assert_eq!((objects.len(), objects[0].id), (1, 1), "at {i}");
            let told = objects[0].position.map(|v| v * unit);
            assert!(distance(told, place) < 1.0, "at {i}: {told:?}");
        }
    }
}

#[test]
fn boxes_whose_tops_mean_nothing_are_placed_by_their_feet() {
    let (mut fuser, corners) = hall();
    for i in 0..60 {
        let place = [4.0 + 0.05 * f64::from(i), 4.0];
        let mut observation = corners[1].sees(place, 1.72, None).unwrap();
        observation.bbox.y1 -= observation.bbox.height() * [0.9, 0.2, 1.4, 0.6][i as usize % 4];
        let objects = fuser.update(vec![frame(1, time(i), vec![observation])], time(i)).unwrap();
        if i > 20 {
            assert_eq!((objects.len(), objects[0].id), (1, 1), "at {i}");
            assert!(distance(objects[0].position, place) < 0.1, "at {i}");
        }
    }
}

#[test]
fn a_camera_that_is_off_is_found_out_and_corrected() {
    let (mut fuser, corners) = hall();
    let off = [[1.0, 0.0, 0.25], [0.0, 1.0, -0.15], [0.0, 0.0, 1.0]];
    let wrong = multiply3(&off, &inverse3(&corners[2].image_from_floor));
    fuser.set_camera(2, &Homography::from_matrix(wrong, Some(SIZE), None).unwrap(), None);
    assert_eq!(fuser.offset(2), None);
    for i in 0..600 {
        let t = time(i);
        let around =
            |c: &Corner, phase: f64| c.sees([6.0 + 2.0 * (t + phase).cos(), 4.0 + 1.5 * (t + phase).sin()], 1.72, None);
        let given = corners.iter().enumerate();
        let given = given.map(|(k, c)| frame(k, t, [0.0, 2.0, 4.0].iter().filter_map(|p| around(c, *p)).collect()));
        let objects = fuser.update(given.collect(), t).unwrap();
        assert!(i < 5 || objects.len() == 3, "at {t}: {}", objects.len());
    }
    let offsets: Vec<CameraOffset> = (0..4).map(|camera| fuser.offset(camera).unwrap()).collect();
    let others = [0, 1].map(|axis| [0, 1, 3].map(|k| offsets[k].offset[axis]).iter().sum::<f64>() / 3.0);
    let found = [0, 1].map(|axis| offsets[2].offset[axis] - others[axis]);
    assert!(distance(found, [0.25, -0.15]) < 0.05, "{found:?}");
    assert!(offsets.iter().all(|o| o.delay.abs() < 0.02 && o.residuals > 100 && o.sigma[0] < 0.1));
}

#[test]
fn a_person_is_where_they_were_at_the_frames_own_times() {
    let (mut fuser, corners) = hall();
    let walker = |t: f64| [3.0 + 1.5 * t, 4.0];
    for i in 0..40 {
        let t = time(i);
        let given = [0.0, 0.04, 0.08, 0.02].into_iter().enumerate().map(|(camera, behind)| {
            let seen = corners[camera].sees(walker(t - behind), 1.72, None);
            frame(camera, t - behind, seen.into_iter().collect())
        });
        let objects = fuser.update(given.collect(), t).unwrap();
        if i > 10 {
            assert!((objects[0].position[0] - walker(t)[0]).abs() < 0.02, "at {t}: {:?}", objects[0].position);
        }
    }
}

#[test]
fn moments_are_bounded_however_near_in_time_they_are() {
    let (mut fuser, corners) = hall();
    let mut objects = Vec::new();
    for i in 0..3 * MOST_MOMENTS {
        let seen: Vec<Observation> = corners[0].sees([5.0, 4.0], 1.7, None).into_iter().collect();
        objects = fuser.update(vec![frame(0, 1e-6 * i as f64, seen)], 1e-6 * i as f64).unwrap();
    }
    assert_eq!(fuser.moments.len(), MOST_MOMENTS);
    let late = 1e-6 * (2 * MOST_MOMENTS) as f64 - 0.5e-6;
    assert_eq!(fuser.update(vec![frame(1, late, vec![])], late).unwrap().len(), objects.len());
    assert_eq!(fuser.dropped_frames(1), 0, "late, but within what is kept");
    fuser.update(vec![frame(2, 1e-6, vec![])], late).unwrap();
    assert_eq!(fuser.dropped_frames(2), 1);
}

#[test]
fn a_late_frame_is_used_where_it_belongs_and_one_too_late_is_counted() {
    let (mut in_order, corners) = hall();
    let (mut late, _) = hall();
    let mut waiting: Option<CameraFrame> = None;
    for i in 0..50 {
        let mut given = frames(&corners, time(i));
        let expected = in_order.update(given.clone(), time(i)).unwrap();
        let held_back = given.remove(1);
        let mut objects = late.update(given, time(i)).unwrap();
        if let Some(frame) = waiting.replace(held_back) {
            let at = frame.timestamp;
            objects = late.update(vec![frame], at).unwrap();
        }
        assert!(i < 3 || objects.len() == expected.len(), "at {i}");
    }
    let last = waiting.unwrap();
    let objects = late.update(vec![last], time(49)).unwrap();
    let expected = in_order.update(vec![], time(49)).unwrap();
    assert_eq!(objects, expected);
    assert_eq!(late.dropped_frames(1), 0);
    let before = late.update(vec![], time(60)).unwrap();
    let after = late.update(vec![frame(1, time(50), vec![])], time(50)).unwrap();
    assert_eq!((before, late.dropped_frames(1), late.dropped_frames(0)), (after, 1, 0));
}

#[test]
fn a_camera_that_stops_and_returns_takes_nobody_with_it() {
    let (mut fuser, corners) = hall();
    for i in 0..200 {
        let stopped = (50..150).contains(&i);
        let place = [6.0 + (0.2 * time(i)).cos(), 4.0];
        let given = (0..4).filter(|&k| k < 2 || !stopped);
        let given = given.map(|k| frame(k, time(i), corners[k].sees(place, 1.72, None).into_iter().collect()));
        let objects = fuser.update(given.collect(), time(i)).unwrap();
        assert!(i < 2 || (objects.len() == 1 && objects[0].id == 1), "at {i}");
    }
}

#[test]
fn two_who_meet_stay_two_though_no_camera_sees_both() {
    let (mut fuser, corners) = hall();
    for i in 0..60 {
        let apart = (2.0 - time(i)).max(0.58);
        let people = [[6.0, 4.0 - 0.5 * apart], [6.0, 4.0 + 0.5 * apart]];
        let given = (0..4).map(|k| {
            let seen = (0..2).filter(|&p| apart > 0.8 || p == k % 2);
            frame(k, time(i), seen.filter_map(|p| corners[k].sees(people[p], 1.72, None)).collect())
        });
        let objects = fuser.update(given.collect(), time(i)).unwrap();
        assert!(i < 5 || objects.iter().map(|o| o.id).eq([1, 2]), "at {}: {objects:?}", time(i));
    }
}
