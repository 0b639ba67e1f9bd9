//! The tracker over time.

use super::{State, Track, Tracker, TrackerConfig};
use crate::geometry::BBox;
use crate::types::{Detection, MAX_DETECTIONS};

fn person(x: f64, y: f64) -> Detection {
    Detection { bbox: BBox::from_centre(x, y, 40.0, 100.0), confidence: 0.9, class_id: 0 }
}

fn tracker() -> Tracker {
    Tracker::new(TrackerConfig::default(), None).unwrap()
}

/// Runs `scene` at `fps` for `seconds` and gives the reports of every frame.
fn run(tracker: &mut Tracker, fps: u32, seconds: f64, scene: impl Fn(f64) -> Vec<Detection>) -> Vec<Vec<Track>> {
    let times = (0..).map(|i| f64::from(i) / f64::from(fps)).take_while(|&t| t < seconds);
    times.map(|t| tracker.update(&scene(t), None, t, None).unwrap().to_vec()).collect()
}

fn ids(tracks: &[Track]) -> Vec<i64> {
    tracks.iter().map(|t| t.id).collect()
}

#[test]
fn ids_survive_a_crossing_with_a_gap_at_any_frame_rate() {
    for fps in [5, 10, 30] {
        let scene = |t: f64| {
            let (left, right) = (person(100.0 + 120.0 * t, 200.0), person(700.0 - 120.0 * t, 215.0));
            let meeting = (2.2..2.8).contains(&t); // the one behind is not detected
            if meeting { vec![right] } else { vec![left, right] }
        };
        let reports = run(&mut tracker(), fps, 5.0, scene);
        let last = reports.last().unwrap();
        assert_eq!(ids(last), [1, 2], "{fps} fps");
        assert!(last[0].bbox.x1 > last[1].bbox.x1, "{fps} fps: ids were exchanged");
    }
}

#[test]
fn somebody_new_is_reported_on_the_second_look_with_the_time_of_the_first() {
    let mut tracker = tracker();
    assert!(tracker.update(&[], None, 10.0, None).unwrap().is_empty());
    assert!(tracker.update(&[person(100.0, 100.0)], None, 10.1, None).unwrap().is_empty());
    let tracks = tracker.update(&[person(101.0, 100.0)], None, 10.2, None).unwrap();
    assert_eq!(ids(tracks), [1]);
    assert!((tracks[0].first_timestamp - 10.1).abs() < 1e-9);
    assert_eq!(tracks[0].detection_index, Some(0));
}

#[test]
fn a_track_is_lost_then_removed_once_by_time() {
    let mut tracker = tracker();
    for i in 0..20 {
        let t = 0.1 * f64::from(i);
        tracker.update(&[person(100.0 + 200.0 * t, 100.0)], None, t, None).unwrap();
    }
    tracker.update(&[], None, 2.0, None).unwrap();
    assert_eq!(ids(&tracker.lost()), [1]);
    assert_eq!(tracker.lost()[0].state, State::Lost);
    tracker.update(&[], None, 6.0, None).unwrap();
    assert!(tracker.lost().is_empty());
    assert_eq!(ids(tracker.removed()), [1]);
    assert_eq!(tracker.removed()[0].state, State::Removed);
    tracker.update(&[], None, 6.1, None).unwrap();
    assert!(tracker.removed().is_empty());
}

#[test]
fn trackers_count_for_themselves_and_a_reset_does_not_repeat_ids() {
    let (mut a, mut b) = (tracker(), tracker());
    assert_eq!(ids(a.update(&[person(50.0, 50.0)], None, 0.0, None).unwrap()), [1]);
    assert_eq!(ids(b.update(&[person(50.0, 50.0)], None, 0.0, None).unwrap()), [1]);
    a.reset();
    assert_eq!(ids(a.update(&[person(50.0, 50.0)], None, 0.0, None).unwrap()), [2]);
}

#[test]
fn the_same_frames_give_the_same_tracks() {
    let scene = |t: f64| -> Vec<Detection> {
        let walk = |i: u32| f64::from(i * 37 % 11) * (t * f64::from(i % 5)).sin();
        (0..60).map(|i| person(f64::from(i % 12) * 45.0 + walk(i), f64::from(i / 12) * 60.0 + walk(i + 3))).collect()
    };
    assert_eq!(run(&mut tracker(), 10, 4.0, scene), run(&mut tracker(), 10, 4.0, scene));
}

#[test]
fn a_timid_detector_gets_tracks_too() {
    let scene = |t: f64| {
        let timid = |x: f64| Detection { confidence: 0.6, ..person(x + 30.0 * t, 100.0) };
        vec![timid(50.0), timid(250.0), timid(450.0)]
    };
    assert_eq!(run(&mut tracker(), 10, 2.0, scene).last().unwrap().len(), 3);
}

#[test]
fn classes_are_not_mixed() {
    let mut tracker = tracker();
    tracker.update(&[person(50.0, 50.0)], None, 0.0, None).unwrap();
    let car = Detection { class_id: 2, ..person(50.0, 50.0) };
    assert!(tracker.update(&[car], None, 0.1, None).unwrap().is_empty());
}

#[test]
fn a_covered_person_is_reported_for_a_moment_but_not_beyond_the_picture() {
    for (image_size, expected) in [(None, 2), (Some((400.0, 400.0)), 2), (Some((90.0, 400.0)), 1)] {
        let mut tracker = tracker();
        for i in 0..10 {
            let pair = [person(100.0, 100.0), person(118.0, 120.0)];
            tracker.update(&pair, None, 0.1 * f64::from(i), image_size).unwrap();
        }
        let tracks = tracker.update(&[person(118.0, 120.0)], None, 1.0, image_size).unwrap();
        assert_eq!(tracks.len(), expected, "{image_size:?}");
        assert_eq!(tracks.iter().filter(|t| t.detection_index.is_none()).count(), expected - 1);
        assert_eq!(tracker.lost().len(), 2 - expected);
    }
}

#[test]
fn a_refused_update_changes_nothing() {
    let mut tracker = tracker();
    tracker.update(&[person(50.0, 50.0)], None, 1.0, None).unwrap();
    let before = format!("{tracker:?}");
    let inside_out = Detection { bbox: BBox { x1: 5.0, y1: 0.0, x2: 4.0, y2: 1.0 }, ..person(0.0, 0.0) };
    let unsure = Detection { confidence: f64::NAN, ..person(0.0, 0.0) };
    for (detections, timestamp, name) in [
        (vec![person(1.0, 1.0), inside_out], 2.0, "xyxy[1]"),
        (vec![unsure], 2.0, "confidence[0]"),
        (vec![], 1.0, "timestamp"),
        (vec![], f64::INFINITY, "timestamp"),
        (vec![person(1.0, 1.0); MAX_DETECTIONS + 1], 2.0, "at most 20000"),
    ] {
        let error = tracker.update(&detections, None, timestamp, None).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
        assert_eq!(format!("{tracker:?}"), before);
    }
}

#[test]
fn ids_survive_a_change_of_the_pictures_size() {
    let mut tracker = tracker();
    for i in 0..20 {
        let t = 0.1 * f64::from(i);
        let factor = if i < 10 { 1.0 } else { 0.5 };
        let (x, y) = (100.0 + 60.0 * t, 200.0);
        let pair = [x, x + 90.0].map(|x| Detection {
            bbox: BBox::from_centre(factor * x, factor * y, factor * 40.0, factor * 100.0),
            ..person(0.0, 0.0)
        });
        let tracks = tracker.update(&pair, None, t, Some((factor * 800.0, factor * 600.0))).unwrap();
        assert_eq!(ids(tracks), [1, 2], "{i}");
    }
}

#[test]
fn a_bad_setting_is_named() {
    let config = TrackerConfig { relink_seconds: -1.0, ..TrackerConfig::default() };
    assert!(Tracker::new(config, None).unwrap_err().to_string().starts_with("relink_seconds"));
}
