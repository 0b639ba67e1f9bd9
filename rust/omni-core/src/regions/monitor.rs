//! All regions and lines of one stream.

use std::collections::BTreeMap;

use super::region::{Kind, Region};
use super::sight::{Inertia, Passage, Sight};
use super::walker::{State, Walker};
use crate::error::{Error, Result};
use crate::geometry::Point2;
use crate::types::{MAX_DETECTIONS, check_timestamp};

/// A person in one frame.
#[derive(Debug, Clone, Copy)]
pub struct Sighting {
    /// The track.
    pub track_id: i64,
    /// The point that counts, relative to the picture; may lie outside it.
    pub point: Point2,
    /// The person's height as a part of the picture's width and of its height, the measure of how far a step may go.
    pub height: [f64; 2],
}

/// Something that happened to one person in one region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegionEvent {
    /// What.
    pub kind: Kind,
    /// Position of the region.
    pub region: usize,
    /// Whose track.
    pub track_id: i64,
    /// From where to where, from when to when.
    pub passage: Passage,
}

/// Watches the regions and lines of one stream.
#[derive(Debug, Clone)]
pub struct RegionMonitor {
    regions: Vec<Region>,
    inertia: Inertia,
    walkers: BTreeMap<i64, Walker>,
    timestamp: Option<f64>,
}

impl RegionMonitor {
    /// A monitor that has seen nobody. `inertia_frames` is from 1 (believe every frame) to 1000.
    pub fn new(regions: Vec<Region>, inertia_frames: u32) -> Result<Self> {
        if !(1..=1000).contains(&inertia_frames) {
            return Err(Error::invalid("inertia_frames", "1 to 1000", inertia_frames));
        }
        Ok(Self { regions, inertia: Inertia::new(inertia_frames), walkers: BTreeMap::new(), timestamp: None })
    }

    /// Takes in where people are seen in one frame. A refused update changes nothing.
    ///
    /// Who is not seen keeps their state until [`Self::forget`].
    pub fn update(&mut self, sightings: &[Sighting], timestamp: f64, frame: i64) -> Result<Vec<RegionEvent>> {
        check_timestamp(timestamp, self.timestamp)?;
        check_sightings(sightings)?;
        self.timestamp = Some(timestamp);
        let mut events = Vec::new();
        for &Sighting { track_id, point, height } in sightings {
            let walker = self.walkers.entry(track_id).or_insert_with(|| Walker::new(self.regions.len()));
            let sight = Sight { point, timestamp, frame };
            walker.see(sight, height, &self.regions, self.inertia, |region, kind, passage| {
                events.push(RegionEvent { kind, region, track_id, passage });
            });
        }
        Ok(events)
    }

    /// Who is inside now: their entries, with the latest sight inside as `last`.
    pub fn stays(&self) -> Vec<RegionEvent> {
        let mut stays = Vec::new();
        for (&track_id, walker) in &self.walkers {
            for (region, state) in walker.states.iter().enumerate() {
                if let Some(passage) = state.stay(&self.regions[region]) {
                    stays.push(RegionEvent { kind: Kind::Entry, region, track_id, passage });
                }
            }
        }
        stays
    }

    /// These tracks have ended: exits of those inside, and crossings that only waited to be settled.
    pub fn forget(&mut self, track_ids: &[i64]) -> Vec<RegionEvent> {
        let mut events = Vec::new();
        for &track_id in track_ids {
            let Some(walker) = self.walkers.remove(&track_id) else { continue };
            walker.end(&self.regions, self.inertia, |region, kind, passage| {
                events.push(RegionEvent { kind, region, track_id, passage });
            });
        }
        events
    }

    /// Goes on with other regions.
    ///
    /// `kept` gives for each the position that it had before, if it is one of those: who is inside it stays inside. To
    /// the others everybody comes up in the next frame. Gives what the end of those that are gone brings, with the
    /// positions of before. What is refused changes nothing.
    pub fn replace(
        &mut self,
        regions: Vec<Region>,
        kept: &[Option<usize>],
        inertia_frames: u32,
    ) -> Result<Vec<RegionEvent>> {
        let new = Self::new(regions, inertia_frames)?;
        if kept.len() != new.regions.len() || kept.iter().flatten().any(|&place| place >= self.regions.len()) {
            let expected = format!("{} positions below {}", new.regions.len(), self.regions.len());
            return Err(Error::invalid("kept", expected, format!("{kept:?}")));
        }
        let mut events = Vec::new();
        for (&track_id, walker) in &mut self.walkers {
            for (region, state) in walker.states.iter().enumerate().filter(|(i, _)| !kept.contains(&Some(*i))) {
                state.end(&self.regions[region], self.inertia, |kind, passage| {
                    events.push(RegionEvent { kind, region, track_id, passage });
                });
            }
            walker.states = kept.iter().map(|place| place.map_or_else(State::default, |i| walker.states[i])).collect();
        }
        self.regions = new.regions;
        self.inertia = new.inertia;
        Ok(events)
    }

    /// All tracks have ended, and time may begin anew.
    pub fn forget_all(&mut self) -> Vec<RegionEvent> {
        let everybody: Vec<i64> = self.walkers.keys().copied().collect();
        self.timestamp = None;
        self.forget(&everybody)
    }
}

fn check_sightings(sightings: &[Sighting]) -> Result<()> {
    if sightings.len() > MAX_DETECTIONS {
        return Err(Error::invalid("points", format!("at most {MAX_DETECTIONS} points"), sightings.len()));
    }
    for (i, s) in sightings.iter().enumerate() {
        if !s.point.iter().all(|v| v.is_finite()) {
            let got = format!("({}, {})", s.point[0], s.point[1]);
            return Err(Error::invalid(format!("points[{i}]"), "finite x and y", got));
        }
        if !s.height.iter().all(|v| v.is_finite() && *v > 0.0) {
            let got = format!("({}, {})", s.height[0], s.height[1]);
            return Err(Error::invalid(format!("heights[{i}]"), "two finite positive numbers", got));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Polygon;

    const TALL: [f64; 2] = [0.2, 0.2];

    /// A door across the middle of the picture, passed downwards.
    fn door(inertia_frames: u32) -> RegionMonitor {
        let zone = Polygon::new(vec![[0.2, 0.4], [0.8, 0.4], [0.8, 0.6], [0.2, 0.6]]).unwrap();
        let line = Region::new(zone, true, Some([0.0, 1.0])).unwrap();
        RegionMonitor::new(vec![line], inertia_frames).unwrap()
    }

    /// The kinds of what happens to one person at these places, `rate` frames a second; places that are not numbers are
    /// frames in which nobody is seen.
    fn walk(monitor: &mut RegionMonitor, places: &[Point2], rate: f64) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for (i, &point) in places.iter().enumerate() {
            let frame = i64::try_from(i).unwrap();
            let seen = [Sighting { track_id: 1, point, height: TALL }];
            let sightings = if point[0].is_nan() { &[][..] } else { &seen[..] };
            let events = monitor.update(sightings, i as f64 / rate, frame).unwrap();
            kinds.extend(events.iter().map(|e| e.kind));
        }
        kinds.extend(monitor.forget(&[1]).iter().map(|e| e.kind));
        kinds
    }

    fn down(ys: &[f64]) -> Vec<Point2> {
        ys.iter().map(|&y| [if y.is_nan() { f64::NAN } else { 0.5 }, y]).collect()
    }

    use Kind::{Entry, Exit, Forward, Reverse};
    const GONE: f64 = f64::NAN;

    #[test]
    fn who_walks_through_has_crossed_once_in_that_direction() {
        let ys = [0.3, 0.35, 0.45, 0.5, 0.55, 0.65, 0.7, 0.75, 0.8];
        assert_eq!(walk(&mut door(3), &down(&ys), 10.0), [Entry, Exit, Forward]);
        let back: Vec<f64> = ys.iter().rev().copied().collect();
        assert_eq!(walk(&mut door(3), &down(&back), 10.0), [Entry, Exit, Reverse]);
    }

    #[test]
    fn who_turns_back_or_leaves_by_an_end_has_not_crossed() {
        let turned = [0.3, 0.45, 0.5, 0.55, 0.5, 0.45, 0.35, 0.3, 0.3];
        assert_eq!(walk(&mut door(3), &down(&turned), 10.0), [Entry, Exit]);
        let aside = [[0.3, 0.3], [0.3, 0.45], [0.25, 0.5], [0.22, 0.5], [0.15, 0.5], [0.1, 0.5], [0.1, 0.5]];
        assert_eq!(walk(&mut door(3), &aside, 10.0), [Entry, Exit]);
    }

    #[test]
    fn one_frame_of_flicker_is_nothing() {
        for ys in [
            [0.35, 0.35, 0.45, 0.35, 0.35, 0.35, 0.35], // into the zone
            [0.35, 0.35, 0.65, 0.35, 0.35, 0.35, 0.35], // over it
            [0.35, 0.35, 0.45, 0.65, 0.45, 0.35, 0.35], // through it and back
        ] {
            for rate in [2.0, 10.0, 30.0] {
                assert_eq!(walk(&mut door(3), &down(&ys), rate), [], "{ys:?} at {rate}");
            }
        }
    }

    #[test]
    fn flicker_inside_and_at_the_border_makes_no_second_of_anything() {
        let ys =
            [0.3, 0.45, 0.5, 0.5, 0.35, 0.5, 0.5, 0.5, 0.65, 0.58, 0.65, 0.58, 0.65, 0.7, 0.7, 0.58, 0.7, 0.7, 0.7];
        for rate in [2.0, 10.0] {
            let kinds = walk(&mut door(3), &down(&ys), rate);
            assert_eq!(kinds.iter().filter(|&&k| k == Entry).count(), 1, "{kinds:?} at {rate}");
            assert_eq!(kinds.iter().filter(|&&k| k == Forward).count(), 1, "{kinds:?} at {rate}");
            assert!(!kinds.contains(&Reverse));
        }
    }

    #[test]
    fn a_zone_passed_between_two_frames_is_crossed() {
        let ys = [0.2, 0.3, 0.7, 0.8, 0.9];
        assert_eq!(walk(&mut door(3), &down(&ys), 2.0), [Forward]);
        assert_eq!(walk(&mut door(3), &down(&[0.2, 0.3, 0.7]), 2.0), [Forward], "seen once beyond, then gone");
        assert_eq!(walk(&mut door(3), &down(&[0.2, 0.3, 0.5, 0.7]), 2.0), [Forward]);
    }

    #[test]
    fn a_last_frame_at_a_high_rate_is_not_believed() {
        assert_eq!(walk(&mut door(3), &down(&[0.3, 0.35, 0.65]), 30.0), []);
    }

    #[test]
    fn who_is_lost_and_found_again_is_told_of_once() {
        let inside = [0.3, 0.45, 0.5, 0.5, GONE, GONE, GONE, 0.5, 0.55, 0.65, 0.7, 0.7];
        assert_eq!(walk(&mut door(3), &down(&inside), 10.0), [Entry, Exit, Forward]);
        let across = [0.3, 0.35, GONE, GONE, GONE, 0.65, 0.7, 0.7, 0.7];
        assert_eq!(walk(&mut door(3), &down(&across), 10.0), [Forward]);
    }

    #[test]
    fn an_id_that_jumps_to_somebody_else_has_not_crossed() {
        let small = |point| Sighting { track_id: 1, point, height: [0.02, 0.05] };
        let mut monitor = door(3);
        for (i, y) in [0.3, 0.3, 0.3, 0.7, 0.7, 0.7, 0.7, 0.7].into_iter().enumerate() {
            let events = monitor.update(&[small([0.5, y])], i as f64 / 10.0, 0).unwrap();
            assert_eq!(events, []);
        }
        assert_eq!(monitor.forget(&[1]), []);
    }

    #[test]
    fn who_is_first_seen_inside_is_present_but_has_not_crossed() {
        let ys = [0.5, 0.5, 0.5, 0.65, 0.7, 0.7, 0.7];
        assert_eq!(walk(&mut door(3), &down(&ys), 10.0), [Entry, Exit]);
        assert_eq!(walk(&mut door(3), &down(&[0.5, 0.5, 0.5]), 10.0), [Entry, Exit], "the track ends inside");
    }

    #[test]
    fn inertia_is_frames_at_ten_a_second_and_time_below() {
        for (frames, rate, settled_at) in [(3, 10.0, 2), (3, 30.0, 2), (3, 2.0, 1), (1, 10.0, 0), (11, 2.0, 2)] {
            let mut monitor = door(frames);
            let mut first = None;
            for i in 0..20 {
                let seen = [Sighting { track_id: 1, point: [0.5, 0.5], height: TALL }];
                let events = monitor.update(&seen, f64::from(i) / rate, i.into()).unwrap();
                first = first.or_else(|| events.first().map(|event| (i, event.passage.entered.frame)));
            }
            assert_eq!(first, Some((settled_at, 0)), "{frames} frames at {rate}");
        }
    }

    #[test]
    fn who_is_in_a_region_that_is_kept_stays_in_it() {
        let square = |x: f64| {
            let corners = vec![[x, 0.4], [x + 0.2, 0.4], [x + 0.2, 0.6], [x, 0.6]];
            Region::new(Polygon::new(corners).unwrap(), true, None).unwrap()
        };
        let mut monitor = RegionMonitor::new(vec![square(0.1), square(0.2)], 1).unwrap();
        let stand = |monitor: &mut RegionMonitor, i: i64| {
            let seen = [Sighting { track_id: 1, point: [0.25, 0.5], height: TALL }];
            let events = monitor.update(&seen, i as f64 / 10.0, i).unwrap();
            events.iter().map(|e| (e.kind, e.region)).collect::<Vec<_>>()
        };
        assert_eq!(stand(&mut monitor, 0), [(Entry, 0), (Entry, 1)]);
        let events = monitor.replace(vec![square(0.15), square(0.2)], &[None, Some(1)], 1).unwrap();
        assert_eq!(events.iter().map(|e| (e.kind, e.region)).collect::<Vec<_>>(), [(Exit, 0)]);
        assert_eq!(stand(&mut monitor, 1), [(Entry, 0)], "the new one meets them now");
        assert_eq!(stand(&mut monitor, 2), []);
        let before = format!("{monitor:?}");
        for kept in [&[][..], &[Some(2)][..]] {
            assert!(monitor.replace(vec![square(0.1)], kept, 1).unwrap_err().to_string().contains("kept"));
            assert_eq!(format!("{monitor:?}"), before);
        }
        assert_eq!(monitor.forget(&[1]).len(), 2);
    }

    #[test]
    fn a_stay_lasts_until_the_latest_sight_inside() {
        let mut monitor = door(3);
        let mut see = |i: i64, y: f64| {
            monitor.update(&[Sighting { track_id: 1, point: [0.5, y], height: TALL }], i as f64 / 10.0, i).unwrap();
            monitor.stays().iter().map(|stay| (stay.passage.entered.frame, stay.passage.last.frame)).collect::<Vec<_>>()
        };
        let stays: Vec<_> = (0..).zip([0.3, 0.45, 0.5, 0.5, 0.55, 0.65, 0.7, 0.7]).map(|(i, y)| see(i, y)).collect();
        let inside: &[&[(i64, i64)]] = &[&[], &[], &[], &[(1, 3)], &[(1, 4)], &[(1, 4)], &[(1, 4)], &[]];
        assert_eq!(stays, inside);
    }

    #[test]
    fn who_sticks_out_of_the_picture_is_at_its_edge() {
        let corners = vec![[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]];
        let floor = Region::new(Polygon::new(corners).unwrap(), true, None).unwrap();
        let monitor = RegionMonitor::new(vec![floor], 1).unwrap();
        let places =
            [[0.5, 0.9], [0.5, 1.0], [0.5, 1.01], [0.9, 1.2], [1.0, 0.9], [1.01, 0.9], [0.0, 0.9], [-0.01, 1.0]];
        assert_eq!(walk(&mut monitor.clone(), &places, 1.0), [Entry, Exit], "one stay, until the track ends");
        assert_eq!(walk(&mut monitor.clone(), &[[0.5, 0.4], [0.5, -0.1]], 1.0), []);
    }

    #[test]
    fn a_refused_update_changes_nothing() {
        let mut monitor = door(3);
        let good = Sighting { track_id: 1, point: [0.5, 0.5], height: TALL };
        monitor.update(&[good], 1.0, 0).unwrap();
        let before = format!("{monitor:?}");
        for (sighting, timestamp, name) in [
            (Sighting { point: [f64::NAN, 0.0], ..good }, 2.0, "points[0]"),
            (Sighting { height: [0.1, 0.0], ..good }, 2.0, "heights[0]"),
            (good, 1.0, "timestamp"),
        ] {
            assert!(monitor.update(&[sighting], timestamp, 1).unwrap_err().to_string().contains(name));
            assert_eq!(format!("{monitor:?}"), before);
        }
        assert!(RegionMonitor::new(vec![], 0).unwrap_err().to_string().starts_with("inertia_frames"));
    }
}
