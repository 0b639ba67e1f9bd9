//! A hall with cameras all around it, everybody seen by all of them.

use omni_core::fusion::{CameraFrame, Observation};
use omni_core::geometry::{BBox, Homography};

/// Metres between neighbours.
const SPACE: f64 = 3.5;
const SIZE: [f64; 2] = [1920.0, 1080.0];
const FOCAL: f64 = 1400.0;

/// The cameras and the size of the hall.
#[derive(Debug)]
pub struct Hall {
    /// Pixels to the floor.
    pub homographies: Vec<Homography>,
    /// Projections of (x, y, z, 1) in metres, by rows.
    cameras: Vec<[[f64; 4]; 3]>,
    side: f64,
    people: u32,
}

impl Hall {
    /// A hall for so many people, with cameras beyond its edge that look at its middle.
    pub fn new(cameras: u32, people: u32) -> omni_core::Result<Self> {
        let side = SPACE * f64::from(people).sqrt();
        let angle = |i: u32| std::f64::consts::TAU * f64::from(i) / f64::from(cameras);
        let cameras: Vec<[[f64; 4]; 3]> = (0..cameras).map(|i| camera(angle(i), side.max(8.0))).collect();
        let to_floor = |p: &[[f64; 4]; 3]| {
            let floor = inverse(&p.map(|row| [row[0], row[1], row[3]]));
            Homography::from_matrix(floor, Some((SIZE[0], SIZE[1])), None)
        };
        Ok(Self {
            homographies: cameras.iter().map(to_floor).collect::<omni_core::Result<_>>()?,
            cameras,
            side,
            people,
        })
    }

    /// What all cameras see at `t` seconds; everybody swings about a place of their own.
    pub fn frames(&self, t: f64) -> Vec<CameraFrame> {
        let seen = |camera: &[[f64; 4]; 3]| (0..self.people).map(|i| person(camera, self.place(i, t))).collect();
        let frame = |(camera, p)| CameraFrame { camera, timestamp: t, observations: seen(p) };
        self.cameras.iter().enumerate().map(frame).collect()
    }

    fn place(&self, i: u32, t: f64) -> [f64; 2] {
        let (k, columns) = (f64::from(i), f64::from(self.people).sqrt().ceil());
        let x = SPACE * (k % columns) - self.side / 2.0 + 1.5 * (0.5 * t + 1.7 * k).sin();
        let y = SPACE * (k / columns).floor() - self.side / 2.0 + 1.5 * (0.3 * t + 2.3 * k).cos();
        [x, y]
    }
}

fn camera(angle: f64, distance: f64) -> [[f64; 4]; 3] {
    let eye = [angle.cos(), angle.sin(), 0.45].map(|v| v * distance);
    let length = dot(&eye, &eye).sqrt();
    let ahead = eye.map(|v| -v / length);
    let level = (ahead[0] * ahead[0] + ahead[1] * ahead[1]).sqrt();
    let right = [ahead[1] / level, -ahead[0] / level, 0.0];
    let down = [
        ahead[1] * right[2] - ahead[2] * right[1],
        ahead[2] * right[0] - ahead[0] * right[2],
        ahead[0] * right[1] - ahead[1] * right[0],
    ];
    let row = |axis: &[f64; 3], centre: f64| {
        let [x, y, z]: [f64; 3] = std::array::from_fn(|i| FOCAL * axis[i] + centre * ahead[i]);
        [x, y, z, -dot(&[x, y, z], &eye)]
    };
    [row(&right, SIZE[0] / 2.0), row(&down, SIZE[1] / 2.0), [ahead[0], ahead[1], ahead[2], -dot(&ahead, &eye)]]
}

fn person(camera: &[[f64; 4]; 3], [x, y]: [f64; 2]) -> Observation {
    let [foot, head] = [0.0, 1.72].map(|z| {
        let [u, v, w] = camera.map(|row| row[0] * x + row[1] * y + row[2] * z + row[3]);
        [u / w, v / w]
    });
    let (middle, half) = (f64::midpoint(foot[0], head[0]), 0.2 * (foot[1] - head[1]));
    let bbox = BBox { x1: middle - half, y1: head[1], x2: middle + half, y2: foot[1] };
    Observation { bbox, confidence: 0.9, track_id: None }
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn inverse(a: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let minor = |i: usize, j: usize| {
        let (r, s, c, d) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3);
        a[r][c] * a[s][d] - a[r][d] * a[s][c]
    };
    let determinant: f64 = (0..3).map(|j| a[0][j] * minor(0, j)).sum();
    std::array::from_fn(|i| std::array::from_fn(|j| minor(j, i) / determinant))
}
