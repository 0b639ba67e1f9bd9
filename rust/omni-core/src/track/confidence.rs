//! The common level of confidence: what a sure detection of this stream scores, and what its weakest people do.

/// What a sure detection has at the common level; the default thresholds are made for it.
const REFERENCE: f64 = 0.97;
/// What the weakest people have there, at least: they are matched with every track.
const LEAST: f64 = 0.65;
/// The level is never taken to be lower: a stream of nothing but false alarms stays a stream of false alarms.
const LEAST_LEVEL: f64 = 0.5;
/// The level is the confidence below which this share of the weight lies.
const QUANTILE: f64 = 0.6;
/// The weakest people are taken to score that below which this share of the weight lies, whatever the sure ones do: the share,
/// unlike the ratio of the two, stays when a detector spreads its confidences,
const WEAK_QUANTILE: f64 = 0.04;
/// but no less than this, for the reason that the level has a bound.
const LEAST_WEAK: f64 = 0.3;
/// Time constant of forgetting, seconds: a stream keeps its detector, and an empty night should not change the level.
const MEMORY_SECONDS: f64 = 3600.0;
/// Weights are scaled down before they outgrow their precision.
const LARGEST: f64 = 1e6;
const BINS: usize = 100;

/// A fading histogram of one stream's confidences. Each counts by its square, so that the many weak boxes that some
/// detectors give have no say, whatever the scale of the confidences.
#[derive(Debug, Clone)]
pub(super) struct ConfidenceLevel {
    bins: [f64; BINS],
    total: f64,
    /// What a detection of today weighs: growing weights are the same as old ones fading, and cost less.
    present: f64,
}

impl ConfidenceLevel {
    /// As if one sure detection had been seen.
    pub(super) fn new() -> Self {
        let mut level = Self { bins: [0.0; BINS], total: 0.0, present: 1.0 };
        level.add(REFERENCE);
        level
    }

    /// Takes in the confidences of a frame, `dt` seconds after the last one.
    pub(super) fn observe(&mut self, confidences: impl Iterator<Item = f64>, dt: f64) {
        self.present *= (dt / MEMORY_SECONDS).min(100.0).exp();
        if self.present > LARGEST {
            let shrink = 1.0 / self.present;
            self.bins.iter_mut().for_each(|count| *count *= shrink);
            self.total *= shrink;
            self.present = 1.0;
        }
        confidences.for_each(|confidence| self.add(confidence));
    }

    /// How this stream's confidences come to the common level.
    pub(super) fn scale(&self) -> Scale {
        let sure = self.quantile(QUANTILE).max(LEAST_LEVEL);
        let weak = self.quantile(WEAK_QUANTILE).max(LEAST_WEAK);
        Scale { sure, weak: (weak * REFERENCE < LEAST * sure).then_some(weak) }
    }

    /// The confidence below which a share of the weight lies.
    fn quantile(&self, share: f64) -> f64 {
        let mut below = share * self.total;
        for (i, &count) in self.bins.iter().enumerate() {
            if count > below {
                return (i as f64 + below / count) / BINS as f64;
            }
            below -= count;
        }
        1.0
    }

    fn add(&mut self, confidence: f64) {
        let weight = self.present * confidence * confidence;
        self.bins[bin(confidence)] += weight;
        self.total += weight;
    }
}

/// From a stream's confidences to the common level: straight through zero, bent where the weakest people would fall too low.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    sure: f64,
    /// `None`: not bent.
    weak: Option<f64>,
}

impl Scale {
    /// Confidences as they are.
    pub(super) const NONE: Self = Self { sure: REFERENCE, weak: None };

    pub(super) fn apply(&self, confidence: f64) -> f64 {
        let scaled = match self.weak {
            Some(weak) if confidence < weak => LEAST / weak * confidence,
            Some(weak) => LEAST + (REFERENCE - LEAST) / (self.sure - weak) * (confidence - weak),
            None => REFERENCE / self.sure * confidence,
        };
        scaled.min(1.0)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a confidence lies between 0 and 1")]
fn bin(confidence: f64) -> usize {
    ((confidence * BINS as f64) as usize).min(BINS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(frames: usize, confidences: &[f64]) -> ConfidenceLevel {
        let mut level = ConfidenceLevel::new();
        (0..frames).for_each(|_| level.observe(confidences.iter().copied(), 0.1));
        level
    }

    #[test]
    fn detectors_come_to_the_same_level_within_their_first_frames() {
        let sure = [0.9, 0.92, 0.95, 0.97, 0.2, 0.1];
        for share in [1.0, 0.8, 0.6] {
            let scaled = sure.map(|c| share * c);
            assert!((after(3, &scaled).scale().apply(0.95 * share) - 0.97).abs() < 0.03, "{share}");
        }
    }

    #[test]
    fn many_weak_boxes_have_no_say() {
        let mut confidences = vec![0.15; 100];
        confidences.extend([0.9; 10]);
        assert!((after(20, &confidences).scale().apply(0.9) - 0.97).abs() < 0.03);
    }

    #[test]
    fn people_of_a_detector_that_spreads_its_confidences_are_not_too_weak() {
        let people = [0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
        let scale = after(50, &people).scale();
        let scaled = people.map(|c| scale.apply(c));
        assert!(scaled[0] > 0.55 && scaled[1] > 0.64 && scaled[7] > 0.95, "{scaled:?}");
        assert!(scaled.is_sorted() && scale.apply(0.1) < 0.25);
    }

    #[test]
    fn a_detector_that_is_sure_of_its_people_keeps_its_weak_boxes_weak() {
        let mut confidences = vec![0.4; 10];
        confidences.extend([0.9; 90]);
        assert!(after(50, &confidences).scale().apply(0.4) < 0.5);
    }

    #[test]
    fn false_alarms_alone_do_not_become_people() {
        assert!(after(10_000, &[0.33]).scale().apply(0.33) < 0.7);
    }

    #[test]
    fn an_empty_night_does_not_change_the_level() {
        let mut level = after(1000, &[0.7; 5]);
        let by_day = level.scale().apply(0.6);
        (0..8 * 3600).for_each(|_| level.observe(std::iter::empty(), 1.0));
        assert!((level.scale().apply(0.6) - by_day).abs() < 1e-9);
    }
}
