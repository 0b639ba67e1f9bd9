//! How likely a box is a person: the whole box against the outline, with ends that may be hidden.

use std::f64::consts::TAU;

use super::belief::{Belief, Information};
use super::camera::Outline;
use super::object::{HEIGHT_SIGMA_M, MEAN_HEIGHT_M, Track};
use super::view::{Sighting, View};
use super::visibility::Chance;
use crate::geometry::Matrix3;
use crate::geometry::linear::{apply3, inverse_symmetric3, multiply3};

/// Standard deviation of an end that is hidden, as a share of the height in the picture,
const HIDDEN_END: f64 = 0.35;
/// and what a cut side adds to the middle.
const CUT_SIDE: f64 = 0.2;
/// Probabilities that a bottom is hidden: for no known reason,
const BOTTOM_HIDDEN: f64 = 0.06;
/// behind somebody nearer;
const BOTTOM_COVERED: f64 = 0.4;
/// that a top is;
const TOP_HIDDEN: f64 = 0.10;
/// that an end at the border of the picture is cut there.
const CUT: f64 = 0.95;
/// Boxes of nobody in a cube of one height in each feature.
const CLUTTER: f64 = 0.3;
/// Largest squared Mahalanobis distance of a box and a person, or of two who may be one.
pub(super) const GATE: f64 = 25.0;
/// How soon it is anybody's guess who a track is, in seconds: boxes of near frames overlap, those of far ones do not.
const BOND_SECONDS: f64 = 0.05;
/// No two frames of a camera are nearer in time, in seconds.
const LEAST_SECONDS: f64 = 1e-3;

/// A person as one camera should see them.
pub(super) struct Expected {
    pub(super) outline: Outline,
    /// Covariance of the features by what is not known of the person.
    pub(super) spread: Matrix3,
    /// Covariance of the features by the calibration's error on the floor.
    pub(super) floor: Matrix3,
    pub(super) chance: Chance,
    /// The track of this camera that they were.
    track: Option<Track>,
}

impl Expected {
    /// What to expect of somebody with this `outline`, which is drawn for the `belief`.
    pub(super) fn new(
        view: &View<'_>,
        belief: &Belief,
        outline: Outline,
        chance: Chance,
        track: Option<Track>,
    ) -> Self {
        let (j, variance) = (&outline.jacobian, view.floor_noise * view.floor_noise);
        let floor = |a: usize, b: usize| variance * (j[a][0] * j[b][0] + j[a][1] * j[b][1]);
        Self {
            spread: belief.spread(j),
            floor: std::array::from_fn(|a| std::array::from_fn(|b| floor(a, b))),
            outline,
            chance,
            track,
        }
    }
}

/// Which ends of a box are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hidden {
    pub(super) top: bool,
    pub(super) bottom: bool,
}

/// All ways in which the ends of a box may be hidden, the one without noise of its own first.
const WAYS: [Hidden; 4] = [
    Hidden { top: false, bottom: false },
    Hidden { top: true, bottom: false },
    Hidden { top: false, bottom: true },
    Hidden { top: true, bottom: true },
];

/// Logarithms of the probabilities that an end is open, and hidden.
#[derive(Debug, Clone, Copy)]
struct End([f64; 2]);

impl End {
    fn hidden_with(probability: f64) -> Self {
        Self([libm::log(1.0 - probability), libm::log(probability)])
    }

    fn is(self, hidden: bool) -> f64 {
        self.0[usize::from(hidden)]
    }
}

/// What is expected of the ends of boxes before they are seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    top: End,
    bottom: End,
    covered_bottom: End,
    cut: End,
    /// What the score of every pair has in common.
    constant: f64,
}

impl Ends {
    pub(super) fn new() -> Self {
        let [top, bottom, covered_bottom, cut] = [TOP_HIDDEN, BOTTOM_HIDDEN, BOTTOM_COVERED, CUT].map(End::hidden_with);
        Self { top, bottom, covered_bottom, cut, constant: -libm::log(CLUTTER) - 1.5 * libm::log(TAU) }
    }

    /// Logarithm of the probability that these ends are hidden.
    fn prior(&self, expected: &Expected, sighting: &Sighting, hidden: Hidden) -> f64 {
        let top = if sighting.cut_top { self.cut } else { self.top };
        let bottom = match () {
            () if sighting.cut_bottom => self.cut,
            () if expected.chance.feet_hidden => self.covered_bottom,
            () => self.bottom,
        };
        top.is(hidden.top) + bottom.is(hidden.bottom)
    }
}

/// What a box says of a person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    /// Logarithm of how much likelier the box is this person than nobody.
    pub(super) score: f64,
    pub(super) hidden: Hidden,
}

/// Whether a box may be a person, and how likely: of all ways in which its ends may be hidden, the likeliest.
pub(super) fn compare(view: &View<'_>, expected: &Expected, sighting: &Sighting) -> Option<Pair> {
    let residual = residual(view, &expected.outline, sighting);
    // The middle alone is too far off, whatever is hidden.
    if residual[0] * residual[0] > GATE * (expected.spread[0][0] + middle_noise(view, expected, sighting)) {
        return None;
    }
    let open = noise(view, expected, sighting, WAYS[0]);
    let scale = expected.outline.height().powi(6);
    let mut best: Option<Pair> = None;
    let mut least_volume = f64::NEG_INFINITY;
    for hidden in WAYS.into_iter().filter(|hidden| view.tells_heights() || !hidden.top) {
        let prior = view.ends.prior(expected, sighting, hidden);
        // A hidden end adds noise: at best the distance falls to 0 and the volume stays.
        if best.is_some_and(|pair| prior - least_volume <= pair.score) {
            continue;
        }
        let noise = if hidden == WAYS[0] { open } else { noise(view, expected, sighting, hidden) };
        let total = std::array::from_fn(|i| std::array::from_fn(|j| expected.spread[i][j] + noise[i][j]));
        let (inverse, determinant) = inverse_symmetric3(&total);
        let distance = quadratic(&inverse, &residual);
        if distance.is_nan() || distance > GATE {
            continue;
        }
        let volume = 0.5 * libm::log(determinant / scale);
        if hidden == WAYS[0] {
            least_volume = volume;
        }
        let score = prior - 0.5 * distance - volume;
        if best.is_none_or(|pair| score > pair.score) {
            best = Some(Pair { score, hidden });
        }
    }
    let bond = expected.track.filter(|track| Some(track.id) == sighting.track_id).map_or(0.0, |track| bond(track.age));
    best.map(|pair| Pair { score: pair.score + expected.chance.hit + view.ends.constant + bond, ..pair })
}

/// Logarithm of the odds that a track is still who it was so many seconds ago, if it changes at random in `BOND_SECONDS`.
fn bond(age: f64) -> f64 {
    -libm::log(libm::tanh(age.max(LEAST_SECONDS) / (2.0 * BOND_SECONDS)))
}

/// What a box says of a person, relative to the belief that the outline was drawn for.
pub(super) fn information(view: &View<'_>, expected: &Expected, sighting: &Sighting, hidden: Hidden) -> Information {
    let (inverse, _) = inverse_symmetric3(&noise(view, expected, sighting, hidden));
    let jacobian = &expected.outline.jacobian;
    let residual = residual(view, &expected.outline, sighting);
    let transposed: Matrix3 = std::array::from_fn(|i| std::array::from_fn(|j| jacobian[j][i]));
    let weighted = multiply3(&transposed, &inverse);
    Information { matrix: multiply3(&weighted, jacobian), vector: apply3(&weighted, residual) }
}

/// How badly a box fits a person of this height with these ends hidden.
pub(super) fn misfit(view: &View<'_>, expected: &Expected, sighting: &Sighting, hidden: Hidden, height_m: f64) -> f64 {
    let pixels = expected.outline.height();
    let residual = residual(view, &expected.outline, sighting).map(|v| v / pixels);
    let ends = [hidden.top, hidden.bottom].map(|hidden| if hidden { HIDDEN_END } else { view.pixel_noise });
    let terms = [residual[1] / ends[0], residual[2] / ends[1], (height_m - MEAN_HEIGHT_M) / HEIGHT_SIGMA_M];
    let squares: f64 = terms.iter().map(|v| v * v).sum();
    let volume: f64 = ends.iter().map(|end| libm::log(end / view.pixel_noise)).sum();
    squares + 2.0 * volume - 2.0 * view.ends.prior(expected, sighting, hidden)
}

fn residual(view: &View<'_>, outline: &Outline, sighting: &Sighting) -> [f64; 3] {
    let mut residual = std::array::from_fn(|i| sighting.features[i] - outline.features[i]);
    if !view.tells_heights() {
        residual[1] = 0.0;
    }
    residual
}

/// Variance of a box's middle.
fn middle_noise(view: &View<'_>, expected: &Expected, sighting: &Sighting) -> f64 {
    let share = view.pixel_noise * view.pixel_noise + if sighting.cut_side { CUT_SIDE * CUT_SIDE } else { 0.0 };
    expected.floor[0][0] + share * expected.outline.height().powi(2)
}

/// Covariance of a box's features. Where tops say nothing, theirs is a whole height.
fn noise(view: &View<'_>, expected: &Expected, sighting: &Sighting, hidden: Hidden) -> Matrix3 {
    let usual = view.pixel_noise * view.pixel_noise;
    let top = match () {
        () if !view.tells_heights() => 1.0,
        () if hidden.top => HIDDEN_END * HIDDEN_END,
        () => usual + view.judgement.top_variance,
    };
    let bottom = if hidden.bottom { HIDDEN_END * HIDDEN_END } else { usual };
    let scale = expected.outline.height().powi(2);
    let mut noise = expected.floor;
    noise[0][0] = middle_noise(view, expected, sighting);
    noise[1][1] += top * scale;
    noise[2][2] += bottom * scale;
    noise
}

fn quadratic(matrix: &Matrix3, v: &[f64; 3]) -> f64 {
    v[0] * (matrix[0][0] * v[0] + 2.0 * (matrix[0][1] * v[1] + matrix[0][2] * v[2]))
        + v[1] * (matrix[1][1] * v[1] + 2.0 * matrix[1][2] * v[2])
        + matrix[2][2] * v[2] * v[2]
}
