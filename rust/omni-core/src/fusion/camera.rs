//! The geometry of one camera: how a person at a place on the floor looks in its picture.

use crate::geometry::linear::{apply3, dot3, inverse3, multiply3};
use crate::geometry::{BBox, Homography, Lens, Matrix3, Point2, Polygon};

/// Focal length in picture widths where the homography does not tell it: that of a common lens.
const COMMON_FOCAL_LENGTH: f64 = 1.2;
/// Focal lengths outside these, in picture widths, are no camera's.
const FOCAL_LENGTHS: std::ops::Range<f64> = 0.3..6.0;
/// Coordinates beyond this are at the horizon: pixels, and metres from the foreground of the picture.
const HORIZON: f64 = 1e6;

/// A person as a camera should see them, in pixels without distortion.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outline {
    /// Column of the middle, row of the top, row of the bottom.
    pub(super) features: [f64; 3],
    /// Change of the features by place (two columns) and height, a metre each.
    pub(super) jacobian: Matrix3,
}

impl Outline {
    /// Height in the picture; at least a pixel, as all noise is a share of it.
    pub(super) fn height(&self) -> f64 {
        (self.features[2] - self.features[1]).max(1.0)
    }
}

/// A calibrated camera over a floor in metres.
#[derive(Debug, Clone)]
pub(super) struct Camera {
    /// Takes (x, y, 1) on the floor to homogeneous pixels; the third is positive in front of the camera.
    image_from_floor: Matrix3,
    floor_from_image: Matrix3,
    /// A place in front of the camera; the origin of the map may be anywhere.
    foreground: Point2,
    /// What a metre of height adds to the homogeneous pixel; `None` where the size of the picture is not known.
    vertical: Option<[f64; 3]>,
    /// The picture's borders without distortion, where its size is known.
    picture: Option<BBox>,
    image_size: Option<(f64, f64)>,
    lens: Option<Lens>,
    /// The part of the floor, in metres, that it may tell of; `None`: all of it.
    area: Option<Polygon>,
}

impl Camera {
    pub(super) fn new(homography: &Homography, area: Option<&Polygon>, metres_per_unit: f64) -> Self {
        let metres = [[metres_per_unit, 0.0, 0.0], [0.0, metres_per_unit, 0.0], [0.0, 0.0, 1.0]];
        let floor_from_image = multiply3(&metres, homography.matrix());
        let image_from_floor = inverse3(&floor_from_image);
        let (lens, image_size) = (homography.lens(), homography.image_size());
        Self {
            image_from_floor,
            floor_from_image,
            foreground: homography.foreground().map_or([0.0; 2], |place| place.map(|v| metres_per_unit * v)),
            vertical: image_size.and_then(|size| vertical(&image_from_floor, size, lens)),
            picture: image_size.map(|size| straight_borders(size, lens)),
            image_size,
            lens,
            area: area.map(|area| area.scaled(metres_per_unit)),
        }
    }

    /// The borders of the picture in pixels without distortion.
    pub(super) fn picture(&self) -> Option<&BBox> {
        self.picture.as_ref()
    }

    /// Whether the picture of somebody's height is known.
    pub(super) fn knows_up(&self) -> bool {
        self.vertical.is_some()
    }

    /// (width, height) in pixels.
    pub(super) fn image_size(&self) -> Option<(f64, f64)> {
        self.image_size
    }

    /// The features of a box; NaN where the lens has no inverse.
    pub(super) fn features(&self, bbox: &BBox) -> [f64; 3] {
        let middle = f64::midpoint(bbox.x1, bbox.x2);
        let Some(lens) = self.lens else { return [middle, bbox.y1, bbox.y2] };
        let [top, bottom] = [bbox.y1, bbox.y2].map(|y| lens.undistorted_from_image([middle, y]));
        [f64::midpoint(top[0], bottom[0]), top[1], bottom[1]]
    }

    /// Whether there are places that it may not tell of.
    pub(super) fn has_area(&self) -> bool {
        self.area.is_some()
    }

    /// Whether somebody of these features stands where it may tell of them.
    pub(super) fn may_tell_of(&self, [middle, _, bottom]: &[f64; 3]) -> bool {
        let stands_in = |area: &Polygon| self.place([*middle, *bottom], 0.0).is_some_and(|place| area.contains(place));
        self.area.as_ref().is_none_or(stands_in)
    }

    /// The outline of somebody, from foot to head; `None` behind the camera, or where up is not known.
    ///
    /// `stretch` scales heights: what this camera's boxes show of them.
    pub(super) fn outline(&self, place: Point2, height: f64, stretch: f64) -> Option<Outline> {
        let up = self.vertical?.map(|v| v * stretch);
        let a = &self.image_from_floor;
        let foot = apply3(a, [place[0], place[1], 1.0]);
        let head: [f64; 3] = std::array::from_fn(|i| foot[i] + height * up[i]);
        if foot[2] <= 0.0 || head[2] <= 0.0 {
            return None;
        }
        let (foot_column, bottom) = (foot[0] / foot[2], foot[1] / foot[2]);
        let (head_column, top) = (head[0] / head[2], head[1] / head[2]);
        let mut jacobian = [[0.0; 3]; 3];
        for k in 0..2 {
            let foot_change = (a[0][k] - foot_column * a[2][k]) / foot[2];
            let head_change = (a[0][k] - head_column * a[2][k]) / head[2];
            jacobian[0][k] = f64::midpoint(foot_change, head_change);
            jacobian[1][k] = (a[1][k] - top * a[2][k]) / head[2];
            jacobian[2][k] = (a[1][k] - bottom * a[2][k]) / foot[2];
        }
        jacobian[0][2] = 0.5 * (up[0] - head_column * up[2]) / head[2];
        jacobian[1][2] = (up[1] - top * up[2]) / head[2];
        let features = [f64::midpoint(foot_column, head_column), top, bottom];
        features.iter().all(|v| v.abs() < HORIZON).then_some(Outline { features, jacobian })
    }

    /// The outline of somebody of whom this camera tells the foot alone, and who is `height` pixels high.
    pub(super) fn foot_outline(&self, place: Point2, height: f64) -> Option<Outline> {
        let a = &self.image_from_floor;
        let [x, y, w] = apply3(a, [place[0], place[1], 1.0]);
        if w <= 0.0 {
            return None;
        }
        let (column, bottom) = (x / w, y / w);
        let mut jacobian = [[0.0; 3]; 3];
        for k in 0..2 {
            jacobian[0][k] = (a[0][k] - column * a[2][k]) / w;
            jacobian[2][k] = (a[1][k] - bottom * a[2][k]) / w;
        }
        let features = [column, bottom - height, bottom];
        features.iter().all(|v| v.abs() < HORIZON).then_some(Outline { features, jacobian })
    }

    /// The place under a point of the picture (without distortion) that is `height` metres above the floor.
    pub(super) fn place(&self, [column, row]: Point2, height: f64) -> Option<Point2> {
        let pixel = [column, row, 1.0];
        let [x, y, w] = match self.vertical {
            Some(up) if height > 0.0 => {
                let mut raised = self.image_from_floor;
                for (row, v) in raised.iter_mut().zip(up) {
                    row[2] += height * v;
                }
                apply3(&inverse3(&raised), pixel)
            }
            _ => apply3(&self.floor_from_image, pixel),
        };
        let near = |place: &Point2| (0..2).all(|k| (place[k] - self.foreground[k]).abs() < HORIZON);
        (w > 0.0).then(|| [x / w, y / w]).filter(near)
    }
}

/// The picture's borders in pixels without distortion.
fn straight_borders((width, height): (f64, f64), lens: Option<Lens>) -> BBox {
    let straight = |pixel: Point2| lens.map_or(pixel, |lens| lens.undistorted_from_border(pixel));
    BBox {
        x1: straight([0.0, height / 2.0])[0],
        y1: straight([width / 2.0, 0.0])[1],
        x2: straight([width, height / 2.0])[0],
        y2: straight([width / 2.0, height])[1],
    }
}

/// A lens whose principal point is outside the middle half of the picture belongs to another picture.
fn is_of_this_picture(lens: &Lens, (width, height): (f64, f64)) -> bool {
    let [x, y] = lens.centre();
    (0.25..=0.75).contains(&(x / width)) && (0.25..=0.75).contains(&(y / height))
}

/// The image of a metre upwards, from a plane's homography (Zhang 2000; Hartley and Zisserman, section 8.8).
///
/// The columns of K^-1 A for the two axes of the floor are orthogonal and of one length; with square pixels and the
/// principal point in the middle these are two equations for the focal length. A known lens gives K itself.
fn vertical(a: &Matrix3, (width, height): (f64, f64), lens: Option<Lens>) -> Option<[f64; 3]> {
    let (centre, focal) = if let Some(lens) = lens.filter(|lens| is_of_this_picture(lens, (width, height))) {
        (lens.centre(), lens.focal())
    } else {
        let centre = [width / 2.0, height / 2.0];
        let focal = focal_length(a, centre).filter(|f| FOCAL_LENGTHS.contains(&(f / width)));
        (centre, [focal.unwrap_or(COMMON_FOCAL_LENGTH * width); 2])
    };
    // Columns of K^-1 A.
    let column = |k: usize| -> [f64; 3] {
        [(a[0][k] - centre[0] * a[2][k]) / focal[0], (a[1][k] - centre[1] * a[2][k]) / focal[1], a[2][k]]
    };
    let [right, ahead, origin] = [column(0), column(1), column(2)];
    let (long, wide) = (norm(&right), norm(&ahead));
    let first = right.map(|v| v / long);
    let along = dot3(&first, &ahead);
    let second: [f64; 3] = std::array::from_fn(|i| ahead[i] - along * first[i]);
    let second = second.map(|v| v / norm(&second));
    let mut up = [
        first[1] * second[2] - first[2] * second[1],
        first[2] * second[0] - first[0] * second[2],
        first[0] * second[1] - first[1] * second[0],
    ];
    if dot3(&up, &origin) > 0.0 {
        up = up.map(|v| -v); // the camera hangs above the floor
    }
    let scale = f64::midpoint(long, wide);
    let up = up.map(|v| scale * v);
    let image = [focal[0] * up[0] + centre[0] * up[2], focal[1] * up[1] + centre[1] * up[2], up[2]];
    image.iter().all(|v| v.is_finite()).then_some(image)
}

fn focal_length(a: &Matrix3, centre: Point2) -> Option<f64> {
    let column = |k: usize| [a[0][k] - centre[0] * a[2][k], a[1][k] - centre[1] * a[2][k], a[2][k]];
    let (p, q) = (column(0), column(1));
    let left = [p[0] * q[0] + p[1] * q[1], p[0] * p[0] + p[1] * p[1] - q[0] * q[0] - q[1] * q[1]];
    let right = [-p[2] * q[2], -(p[2] * p[2] - q[2] * q[2])];
    let inverse_square = (left[0] * right[0] + left[1] * right[1]) / (left[0] * left[0] + left[1] * left[1]);
    (inverse_square > 0.0).then(|| 1.0 / inverse_square.sqrt())
}

fn norm(a: &[f64; 3]) -> f64 {
    dot3(a, a).sqrt()
}
