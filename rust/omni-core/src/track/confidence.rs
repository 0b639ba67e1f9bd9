//! The common level of confidence: what a sure detection of this stream scores, and where the unsure ones begin.

/// Confidence that a sure detection has after scaling; the default thresholds are made for it.
const REFERENCE: f64 = 0.97;
/// The level is never taken to be lower: a stream of nothing but false alarms stays a stream of false alarms.
const LEAST_LEVEL: f64 = 0.5;
/// The level is the confidence below which this share of the weight lies.
const QUANTILE: f64 = 0.6;
/// The border between sure and unsure detections lies here, in levels, as the default thresholds have it.
const BORDER: f64 = 0.67;
/// No more than this share of the weight is to lie below it; so far it is lowered,
const MOST_BELOW: f64 = 0.04;
/// but not further than to this share of itself,
const LOWEST: f64 = 0.9;
/// and not at all where more detections lie just below it than just above, so near in shares of itself,
const NEAR: f64 = 0.3;
/// or where the level is that of a detector for which the default thresholds were made.
const USUAL_LEVEL: f64 = 0.8;
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
        self.present *= libm::exp((dt / MEMORY_SECONDS).min(100.0));
        if self.present > LARGEST {
            let shrink = 1.0 / self.present;
            self.bins.iter_mut().for_each(|count| *count *= shrink);
            self.total *= shrink;
            self.present = 1.0;
        }
        confidences.for_each(|confidence| self.add(confidence));
    }

    /// Factor that brings this stream's confidences to the common level.
    pub(super) fn scale(&self) -> f64 {
        REFERENCE / self.level()
    }

    /// Factor for the border between sure and unsure detections, 1 or a little less.
    ///
    /// A border that runs through the people, not between them and the false alarms, goes below them: people who are seen
    /// no better than that would be lost at every flicker.
    pub(super) fn border(&self) -> f64 {
        let level = self.level();
        let border = BORDER * level;
        let stays = level > USUAL_LEVEL
            || self.detections(border * (1.0 - NEAR), border) >= self.detections(border, border * (1.0 + NEAR));
        if stays { 1.0 } else { (self.quantile(MOST_BELOW) / border).clamp(LOWEST, 1.0) }
    }

    fn level(&self) -> f64 {
        self.quantile(QUANTILE).max(LEAST_LEVEL)
    }

    /// Confidence below which a share of the weight lies.
    fn quantile(&self, share: f64) -> f64 {
        let mut above = (1.0 - share) * self.total;
        for (i, &weight) in self.bins.iter().enumerate().rev() {
            if weight > above {
                return (i as f64 + 1.0 - above / weight) / BINS as f64;
            }
            above -= weight;
        }
        0.0
    }

    /// How many detections lie between two confidences.
    fn detections(&self, from: f64, to: f64) -> f64 {
        let square = |i: usize| ((i as f64 + 0.5) / BINS as f64).powi(2);
        (bin(from)..bin(to)).map(|i| self.bins[i] / square(i)).sum()
    }

    fn add(&mut self, confidence: f64) {
        let weight = self.present * confidence * confidence;
        self.bins[bin(confidence)] += weight;
        self.total += weight;
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
            assert!((0.95 * share * after(3, &scaled).scale() - 0.97).abs() < 0.03, "{share}");
        }
    }

    #[test]
    fn many_weak_boxes_have_no_say() {
        let mut confidences = vec![0.15; 100];
        confidences.extend([0.9; 10]);
        assert!((after(20, &confidences).scale() - 0.97 / 0.9).abs() < 0.03);
    }

    #[test]
    fn false_alarms_alone_do_not_become_people() {
        assert!(0.33 * after(10_000, &[0.33]).scale() < 0.65);
    }

    /// Confidences spread evenly from the first to the last.
    fn spread(from: f64, to: f64, count: usize) -> Vec<f64> {
        (0..count).map(|i| from + (to - from) * i as f64 / (count - 1) as f64).collect()
    }

    #[test]
    fn a_border_through_the_sure_goes_below_them_but_not_into_a_heap_of_false_alarms() {
        let sure = spread(0.3, 0.7, 60);
        assert!(after(20, &sure).border() < 0.95);
        let heaped = [sure, vec![0.3; 40]].concat();
        assert!((after(20, &heaped).border() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_detector_of_the_usual_level_keeps_its_border() {
        let sure = spread(0.4, 0.95, 60);
        assert!((after(20, &sure).border() - 1.0).abs() < 1e-9);
        let less_sure: Vec<f64> = sure.iter().map(|c| 0.8 * c).collect();
        assert!(after(20, &less_sure).border() < 0.95);
    }

    #[test]
    fn an_empty_night_does_not_change_the_level() {
        let mut level = after(1000, &[0.7; 5]);
        let by_day = level.scale();
        (0..8 * 3600).for_each(|_| level.observe(std::iter::empty(), 1.0));
        assert!((level.scale() - by_day).abs() < 1e-9);
    }
}
