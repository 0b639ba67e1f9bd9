//! Cameras that tell of a part of the map only.

use super::tests::{Corner, SIZE, distance, frame, hall_on, time};
use super::*;
use crate::geometry::linear::{inverse3, multiply3};
use crate::geometry::{Matrix3, Polygon};

/// A map of 5 centimetres to the unit.
const MAP_FROM_FLOOR: Matrix3 = [[20.0, 0.0, 0.0], [0.0, 20.0, 0.0], [0.0, 0.0, 1.0]];
/// Where the area of the first camera ends, metres from its own wall.
const END: f64 = 6.5;

/// The hall, whose first camera tells of the half before it only, if it has an area.
fn hall(has_area: bool) -> (MapFuser, Vec<Corner>) {
    let (mut fuser, corners) = hall_on(&MAP_FROM_FLOOR, 0.05);
    let matrix = multiply3(&MAP_FROM_FLOOR, &inverse3(&corners[0].image_from_floor));
    let half = [[0.0, 0.0], [END, 0.0], [END, 8.0], [0.0, 8.0]].map(|corner| corner.map(|v| 20.0 * v));
    let half = Polygon::on_map("area", half.to_vec()).unwrap();
    let homography = Homography::from_matrix(matrix, Some(SIZE), None).unwrap();
    fuser.set_camera(0, &homography, has_area.then_some(&half));
    (fuser, corners)
}

fn one_frame(fuser: &mut MapFuser, i: u32, seen: Vec<CameraFrame>) -> Vec<MapObject> {
    fuser.update(seen, time(i)).unwrap()
}

#[test]
fn who_leaves_the_area_of_a_camera_is_not_missed_by_it() {
    let last_seen = |has_area: bool| {
        let (mut fuser, corners) = hall(has_area);
        let mut last = 0;
        for i in 0..100 {
            let place = [4.0 + (0.1 * f64::from(i)).min(4.0), 4.0];
            let first = corners[0].sees(place, 1.72, None).filter(|_| place[0] < END);
            let third = corners[2].sees(place, 1.72, None).filter(|_| i < 30 || i % 8 == 0);
            let seen =
                vec![frame(0, time(i), first.into_iter().collect()), frame(2, time(i), third.into_iter().collect())];
            let objects = one_frame(&mut fuser, i, seen);
            if objects.iter().any(|o| o.id == 1 && distance(o.position, place.map(|v| 20.0 * v)) < 20.0) {
                last = i;
            }
        }
        last
    };
    assert_eq!(last_seen(true), 99);
    assert!(last_seen(false) < 80, "{}", last_seen(false));
}

#[test]
fn what_a_camera_sees_outside_of_its_area_is_nobody_and_no_source() {
    let (mut fuser, corners) = hall(true);
    for i in 0..30 {
        let (inside, outside) = ([4.0, 4.0], [8.0, 4.5]);
        let people = [outside, inside].map(|place| corners[0].sees(place, 1.72, None).unwrap());
        let objects = one_frame(&mut fuser, i, vec![frame(0, time(i), people.to_vec())]);
        assert!(objects.iter().all(|o| o.sources == [(0, 1)]), "at {i}: {objects:?}");
        assert!(i < 5 || objects.len() == 1, "at {i}: {objects:?}");
    }
}

#[test]
fn who_has_left_the_only_area_is_not_shown_any_more() {
    let (mut fuser, corners) = hall(true);
    for i in 0..40 {
        let place = [5.0 + 0.1 * f64::from(i), 4.0];
        let seen: Vec<_> = corners[0].sees(place, 1.72, None).into_iter().collect();
        let objects = one_frame(&mut fuser, i, vec![frame(0, time(i), seen)]);
        let told: Vec<i64> = objects.iter().map(|o| o.id).collect();
        match place[0] {
            x if x > END + 0.2 => assert_eq!(told, [], "at {i}"),
            x if x < END && i > 4 => assert_eq!(told, [1], "at {i}"),
            _ => {}
        }
    }
}
