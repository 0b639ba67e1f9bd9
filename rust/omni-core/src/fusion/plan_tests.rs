use super::tests::{distance, frame, time};
use super::*;
use crate::fusion::Observation;
use crate::geometry::BBox;

/// A map drawn from above, 100 pixels to the metre; heights cannot be told, and boxes are a metre long.
fn plan() -> MapFuser {
    let mut fuser = MapFuser::new(FusionConfig::default()).unwrap();
    for (camera, left) in [(0, 0.0), (1, 5.0)] {
        let matrix = [[0.01, 0.0, left], [0.0, 0.01, 0.0], [0.0, 0.0, 1.0]];
        fuser.set_camera(camera, &Homography::from_matrix(matrix, Some((1000.0, 1000.0)), None).unwrap(), None);
    }
    fuser
}

fn on_plan(left: f64, [x, y]: [f64; 2], track_id: Option<i64>) -> Observation {
    let (x, y) = ((x - left) * 100.0, y * 100.0);
    Observation { bbox: BBox { x1: x - 20.0, y1: y - 100.0, x2: x + 20.0, y2: y }, confidence: 0.9, track_id }
}

#[test]
fn two_who_meet_and_turn_back_are_told_apart_by_the_tracks_of_a_quick_camera() {
    let mut fuser = plan();
    let mut ids = [0; 2];
    for i in 0..150 {
        let t = f64::from(i) / 30.0;
        let away = 0.05 + (2.5 - t).abs();
        let places = [[5.0 - away, 4.0], [5.0 + away, 4.0]];
        let seen = places.iter().zip([1, 2]).map(|(&place, track)| on_plan(0.0, place, Some(track)));
        let objects = fuser.update(vec![frame(0, t, seen.collect())], t).unwrap();
        if i < 10 {
            continue;
        }
        for (id, place) in ids.iter_mut().zip(places) {
            let there = objects.iter().find(|object| distance(object.position, place) < 0.3).map(|object| object.id);
            if *id == 0 || i > 90 {
                let before = std::mem::replace(id, there.unwrap());
                assert!(before == 0 || before == *id, "at {t}: {before} is {id}");
            }
        }
    }
}

#[test]
fn somebody_who_walks_from_one_camera_to_the_next_keeps_the_id() {
    let mut fuser = plan();
    for i in 0..100 {
        let t = time(i);
        let place = [2.0 + 1.2 * t, 4.0];
        let in_first: Vec<_> = Some(on_plan(0.0, place, Some(7))).filter(|_| place[0] < 9.7).into_iter().collect();
        let in_second: Vec<_> = Some(on_plan(5.0, place, Some(7))).filter(|_| place[0] > 5.3).into_iter().collect();
        let sources = in_first.len() + in_second.len();
        let objects = fuser.update(vec![frame(0, t, in_first), frame(1, t, in_second)], t).unwrap();
        if i > 3 {
            assert_eq!(objects.len(), 1, "at {t}");
            assert_eq!((objects[0].id, objects[0].sources.len()), (1, sources));
            assert!((objects[0].position[0] - place[0]).abs() < 0.1);
            assert!((objects[0].age - t).abs() < 1e-9);
        }
    }
}

#[test]
fn somebody_who_turns_behind_a_pillar_comes_up_with_the_same_id() {
    let mut fuser = plan();
    for i in 0..60 {
        let t = time(i);
        let place = if t < 2.0 { [2.0 + 1.5 * t, 4.0] } else { [5.0, 4.0 + 1.3 * (t - 2.0)] };
        let seen = Some(on_plan(0.0, place, None)).filter(|_| !(2.0..3.2).contains(&t));
        let objects = fuser.update(vec![frame(0, t, seen.into_iter().collect())], t).unwrap();
        assert!(!(i > 3 && t < 2.0 || t > 3.5) || (objects.len() == 1 && objects[0].id == 1), "at {t}: {objects:?}");
    }
}

#[test]
fn who_comes_in_where_somebody_left_is_somebody_else() {
    let mut fuser = plan();
    for i in 0..60 {
        let t = time(i);
        let x = if t < 2.5 { 7.0 + 1.5 * t } else { 13.5 - 1.5 * (t - 0.5) };
        let seen = Some(on_plan(0.0, [x, 4.0], None)).filter(|_| x < 9.7);
        let objects = fuser.update(vec![frame(0, t, seen.into_iter().collect())], t).unwrap();
        if t > 3.6 {
            assert_eq!((objects.len(), objects[0].id), (1, 2), "at {t}: {objects:?}");
        }
    }
}

#[test]
fn who_left_the_last_picture_is_not_shown_any_more() {
    let mut fuser = plan();
    for i in 0..60 {
        let t = time(i);
        let x = 12.0 + t;
        let seen = Some(on_plan(5.0, [x, 4.0], None)).filter(|_| x < 14.8);
        let objects = fuser.update(vec![frame(1, t, seen.into_iter().collect())], t).unwrap();
        if x > 15.2 {
            assert!(objects.is_empty(), "at {x}: {objects:?}");
        } else {
            assert!(!(12.5..14.8).contains(&x) || objects.len() == 1, "at {x}");
        }
    }
}

#[test]
fn whom_only_a_slow_camera_sees_is_shown_between_its_frames() {
    let mut fuser = plan();
    for i in 0..40 {
        let (t, place) = (time(i), [12.0, 4.0]);
        let mut given = vec![frame(0, t, vec![])];
        if i % 3 == 0 {
            given.push(frame(1, t, vec![on_plan(5.0, place, None)]));
        }
        let objects = fuser.update(given, t).unwrap();
        assert!(i < 20 || (objects.len() == 1 && objects[0].id == 1), "at {t}: {objects:?}");
    }
}

#[test]
fn somebody_gone_is_shown_for_a_moment_and_then_forgotten() {
    let mut fuser = plan();
    for i in 0..20 {
        fuser.update(vec![frame(0, time(i), vec![on_plan(0.0, [2.0, 4.0], None)])], time(i)).unwrap();
    }
    let coasting = fuser.update(vec![frame(0, 2.0, vec![])], 2.0).unwrap();
    assert_eq!((coasting[0].id, coasting[0].sources.len()), (1, 0));
    assert!(fuser.update(vec![frame(0, 5.0, vec![])], 5.0).unwrap().is_empty());
    assert!(fuser.scene.objects.is_empty());
}

#[test]
fn a_refused_update_changes_nothing() {
    let mut fuser = plan();
    fuser.update(vec![frame(0, 1.0, vec![on_plan(0.0, [2.0, 4.0], None)])], 1.0).unwrap();
    let before = format!("{fuser:?}");
    let mut broken = on_plan(0.0, [2.0, 4.0], None);
    broken.bbox.y2 = f64::INFINITY;
    let refused: [(Vec<CameraFrame>, f64, &str); 6] = [
        (vec![frame(0, 2.0, vec![broken])], 2.0, "camera 0: xyxy[0]"),
        (vec![frame(9, 2.0, vec![])], 2.0, "camera 9: homography"),
        (vec![frame(0, 2.0, vec![]), frame(0, 2.0, vec![])], 2.0, "camera 0: frames"),
        (vec![frame(0, 1.0, vec![])], 2.0, "camera 0: timestamp"),
        (vec![frame(0, 3.0, vec![])], 2.0, "camera 0: timestamps"),
        (vec![], f64::NAN, "timestamp"),
    ];
    for (frames, timestamp, name) in refused {
        let error = fuser.update(frames, timestamp).unwrap_err().to_string();
        assert!(error.starts_with(name), "{error}");
    }
    assert_eq!(format!("{fuser:?}"), before);
}
