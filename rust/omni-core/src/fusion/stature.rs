//! How well the tops of a camera's boxes agree with their feet.

/// Bins of the logarithm of a box's height over the height that its foot implies, for somebody of mean height,
const BINS: usize = 48;
/// and the width of one.
const BIN: f64 = 0.04;
/// So many boxes must speak before they are believed halfway.
const HALF_BELIEF: f64 = 10.0;
/// Once there are twice as many as this, half are forgotten.
const MEMORY: f64 = 1000.0;
/// Spread of the logarithm that people of different height and the noise of a good detector explain.
const EXPLAINED: f64 = 0.10;
/// Beyond this middle, half or twice the height (what is less is corrected for: units of maps are seldom exact),
const MOST_MEDIAN: f64 = 0.7;
/// or this spread the camera's geometry does not tell heights.
const MOST_SPREAD: f64 = 0.25;
/// Height of a box in pixels before any was seen.
const COMMON_PIXELS: f64 = 100.0;

/// Once that many have spoken, only every so many frames are heard.
const FRAMES_BETWEEN: u32 = 8;

/// What a camera's boxes say of the heights that its geometry implies.
#[derive(Debug, Clone)]
pub(super) struct Stature {
    bins: [f64; BINS],
    boxes: f64,
    frames: u32,
    /// Mean height of its boxes in pixels.
    pixels: f64,
}

impl Default for Stature {
    fn default() -> Self {
        Self { bins: [0.0; BINS], boxes: 0.0, frames: 0, pixels: 0.0 }
    }
}

impl Stature {
    /// Counts a frame; whether its boxes should be learned from.
    pub(super) fn listens(&mut self) -> bool {
        self.frames = (self.frames + 1) % FRAMES_BETWEEN;
        self.boxes < MEMORY || self.frames == 0
    }

    /// Takes in a box of `height` pixels where `implied` pixels are implied.
    pub(super) fn learn(&mut self, height: f64, implied: Option<f64>) {
        let ratio = implied.map_or(0.0, |implied| libm::log(height / implied) / BIN);
        let bin = (ratio + BINS as f64 / 2.0).clamp(0.0, BINS as f64 - 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let bin = bin as usize;
        self.bins[bin] += 1.0;
        self.boxes += 1.0;
        self.pixels += (height - self.pixels) / self.boxes;
        if self.boxes >= 2.0 * MEMORY {
            self.bins.iter_mut().for_each(|count| *count *= 0.5);
            self.boxes *= 0.5;
        }
    }

    /// Judges by all boxes so far; `knows_up`: whether the geometry implies heights at all. What hides people makes boxes
    /// shorter and never longer, so those above the middle tell how exact tops are.
    pub(super) fn judge(&self, knows_up: bool) -> Judgement {
        let [low, median, high] = [0.159, 0.5, 0.841].map(|share| self.quantile(share));
        let (spread, above) = (0.5 * (high - low), high - median);
        let belief = self.boxes / (self.boxes + HALF_BELIEF);
        let agrees = median.abs() <= MOST_MEDIAN && spread <= MOST_SPREAD;
        Judgement {
            tells_heights: knows_up && agrees,
            stretch: libm::exp(belief * median),
            top_variance: belief * (above * above - EXPLAINED * EXPLAINED).max(0.0),
            pixels: if self.boxes > 0.0 { self.pixels } else { COMMON_PIXELS },
        }
    }

    /// The logarithm below which this share of the boxes lies.
    fn quantile(&self, share: f64) -> f64 {
        if self.boxes <= 0.0 {
            return 0.0;
        }
        let mut left = share * self.boxes;
        for (i, &count) in self.bins.iter().enumerate() {
            if left <= count && count > 0.0 {
                return (i as f64 + left / count - BINS as f64 / 2.0) * BIN;
            }
            left -= count;
        }
        BIN * BINS as f64 / 2.0
    }
}

/// How to use the tops of a camera's boxes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judgement {
    /// Whether they say anything.
    pub(super) tells_heights: bool,
    /// Factor on the heights that the geometry implies.
    pub(super) stretch: f64,
    /// Variance of an open top beyond the usual, in box heights squared.
    pub(super) top_variance: f64,
    /// Height of a box in pixels, where the geometry tells none.
    pub(super) pixels: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Boxes within a tenth of the height that is implied, and every third one `short`er.
    fn judgement(short: f64) -> Judgement {
        let mut stature = Stature::default();
        for i in 0..300_u32 {
            let height = if i % 3 == 0 { short } else { 100.0 + f64::from(i % 11) - 5.0 };
            stature.learn(height, Some(100.0));
        }
        stature.judge(true)
    }

    #[test]
    fn hidden_feet_say_nothing_of_tops() {
        let (open, hidden) = (judgement(100.0), judgement(70.0));
        assert!(open.tells_heights && hidden.tells_heights);
        assert!(hidden.top_variance <= open.top_variance + 1e-12, "{hidden:?} {open:?}");
        assert!((hidden.stretch - open.stretch).abs() < 0.05);
    }

    #[test]
    fn boxes_that_deny_the_geometry_are_used_by_their_feet() {
        let mut stature = Stature::default();
        (0..300_u32).for_each(|i| stature.learn(30.0 + f64::from(i), Some(100.0)));
        assert!(!stature.judge(true).tells_heights);
    }
}
