//! The little linear algebra that the crate needs.

/// A point or vector, x and y.
pub type Point2 = [f64; 2];
/// A 2 x 2 matrix, by rows.
pub type Matrix2 = [[f64; 2]; 2];
/// A 3 x 3 matrix, by rows.
pub type Matrix3 = [[f64; 3]; 3];

/// Below this the normalised matrix counts as singular.
const LEAST_DETERMINANT: f64 = 1e-10;

pub(crate) fn multiply2(a: &Matrix2, b: &Matrix2) -> Matrix2 {
    std::array::from_fn(|i| std::array::from_fn(|j| a[i][0] * b[0][j] + a[i][1] * b[1][j]))
}

pub(crate) fn transpose2(a: &Matrix2) -> Matrix2 {
    [[a[0][0], a[1][0]], [a[0][1], a[1][1]]]
}

pub(crate) fn add2(a: &Matrix2, b: &Matrix2) -> Matrix2 {
    std::array::from_fn(|i| std::array::from_fn(|j| a[i][j] + b[i][j]))
}

pub(crate) fn scale2(a: &Matrix2, k: f64) -> Matrix2 {
    a.map(|row| row.map(|v| v * k))
}

pub(crate) fn apply2(a: &Matrix2, v: Point2) -> Point2 {
    [a[0][0] * v[0] + a[0][1] * v[1], a[1][0] * v[0] + a[1][1] * v[1]]
}

pub(crate) fn determinant2(a: &Matrix2) -> f64 {
    a[0][0] * a[1][1] - a[0][1] * a[1][0]
}

/// Inverse of a matrix that is positive definite by construction.
pub(crate) fn inverse2(a: &Matrix2) -> Matrix2 {
    let d = determinant2(a);
    [[a[1][1] / d, -a[0][1] / d], [-a[1][0] / d, a[0][0] / d]]
}

pub(crate) fn multiply3(a: &Matrix3, b: &Matrix3) -> Matrix3 {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

pub(crate) fn apply3(a: &Matrix3, v: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| (0..3).map(|k| a[i][k] * v[k]).sum())
}

pub(crate) fn dot3(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn determinant3(a: &Matrix3) -> f64 {
    a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1]) - a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0])
        + a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0])
}

/// Whether a matrix over points of size `extent` loses a dimension, whatever its own scale and the origin of the map.
pub(crate) fn is_singular(matrix: &Matrix3, extent: f64) -> bool {
    let columns = [extent, extent, 1.0];
    let scaled = matrix.map(|row| std::array::from_fn::<f64, 3, _>(|j| row[j] * columns[j]));
    let third = scaled[2];
    // Where the map has its origin adds a multiple of the third row to the others.
    let across = |row: [f64; 3]| {
        let share = dot3(&row, &third) / dot3(&third, &third);
        std::array::from_fn(|j| row[j] - share * third[j])
    };
    let rows = [across(scaled[0]), across(scaled[1]), third];
    let norms = rows.map(|row| dot3(&row, &row).sqrt());
    let volume = determinant3(&rows).abs() / (norms[0] * norms[1] * norms[2]);
    let left = [0, 1].map(|i| norms[i] / dot3(&scaled[i], &scaled[i]).sqrt());
    [volume, left[0], left[1]].iter().any(|v| v.is_nan() || *v < LEAST_DETERMINANT)
}

/// Inverse by cofactors; the caller has checked the determinant.
pub(crate) fn inverse3(a: &Matrix3) -> Matrix3 {
    let d = determinant3(a);
    std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            let (r0, r1, c0, c1) = ((j + 1) % 3, (j + 2) % 3, (i + 1) % 3, (i + 2) % 3);
            (a[r0][c0] * a[r1][c1] - a[r0][c1] * a[r1][c0]) / d
        })
    })
}

/// Inverse and determinant of a symmetric matrix that is positive definite by construction.
pub(crate) fn inverse_symmetric3(a: &Matrix3) -> (Matrix3, f64) {
    let [[xx, xy, xz], [_, yy, yz], [_, _, zz]] = *a;
    let (c_xx, c_xy, c_xz) = (yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy);
    let determinant = xx * c_xx + xy * c_xy + xz * c_xz;
    let k = 1.0 / determinant;
    let (i_xy, i_xz, i_yz) = (k * c_xy, k * c_xz, k * (xy * xz - xx * yz));
    let inverse =
        [[k * c_xx, i_xy, i_xz], [i_xy, k * (xx * zz - xz * xz), i_yz], [i_xz, i_yz, k * (xx * yy - xy * xy)]];
    (inverse, determinant)
}

/// Eigenvalues (ascending) and eigenvectors (as columns) of a symmetric matrix, by Jacobi rotations.
pub(crate) fn symmetric_eigen<const N: usize>(mut a: [[f64; N]; N]) -> ([f64; N], [[f64; N]; N]) {
    let mut vectors = [[0.0; N]; N];
    for (i, row) in vectors.iter_mut().enumerate() {
        row[i] = 1.0;
    }
    for _sweep in 0..60 {
        let off: f64 = (0..N).flat_map(|i| (i + 1..N).map(move |j| (i, j))).map(|(i, j)| a[i][j] * a[i][j]).sum();
        let diagonal: f64 = (0..N).map(|i| a[i][i] * a[i][i]).sum();
        if off <= 1e-32 * diagonal {
            break;
        }
        for p in 0..N {
            for q in p + 1..N {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    let mut order: [usize; N] = std::array::from_fn(|i| i);
    order.sort_by(|&i, &j| a[i][i].total_cmp(&a[j][j]));
    let values = order.map(|i| a[i][i]);
    let sorted = std::array::from_fn(|row| order.map(|column| vectors[row][column]));
    (values, sorted)
}

fn rotate<const N: usize>(a: &mut [[f64; N]; N], vectors: &mut [[f64; N]; N], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = theta.signum() / (theta.abs() + libm::hypot(theta, 1.0));
    let c = 1.0 / libm::hypot(t, 1.0);
    let s = t * c;
    for row in a.iter_mut() {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
    for k in 0..N {
        (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]);
    }
    for row in vectors.iter_mut() {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
}

/// Solves `a x = b` by elimination with pivoting; `None` where `a` is singular.
pub(crate) fn solve<const N: usize>(mut a: [[f64; N]; N], mut b: [f64; N]) -> Option<[f64; N]> {
    for column in 0..N {
        let pivot = (column..N).max_by(|&i, &j| a[i][column].abs().total_cmp(&a[j][column].abs()))?;
        if a[pivot][column].abs() < 1e-300 {
            return None;
        }
        a.swap(column, pivot);
        b.swap(column, pivot);
        for row in column + 1..N {
            let factor = a[row][column] / a[column][column];
            for k in column..N {
                a[row][k] -= factor * a[column][k];
            }
            b[row] -= factor * b[column];
        }
    }
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|k| a[row][k] * b[k]).sum();
        b[row] = (b[row] - known) / a[row][row];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvectors_diagonalise() {
        let a = [[4.0, 1.0, -2.0], [1.0, 2.0, 0.5], [-2.0, 0.5, 3.0]];
        let (values, vectors) = symmetric_eigen(a);
        assert!(values[0] <= values[1] && values[1] <= values[2]);
        for k in 0..3 {
            let v = [vectors[0][k], vectors[1][k], vectors[2][k]];
            let av = apply3(&a, v);
            for i in 0..3 {
                assert!((av[i] - values[k] * v[i]).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn inverse_and_solve_agree() {
        let a = [[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [1.0, 0.0, 4.0]];
        let identity = multiply3(&a, &inverse3(&a));
        for (i, row) in identity.iter().enumerate() {
            for (j, v) in row.iter().enumerate() {
                assert!((v - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
        let x = solve(a, [1.0, 2.0, 3.0]).unwrap();
        let b = apply3(&a, x);
        assert!((b[0] - 1.0).abs() < 1e-12 && (b[1] - 2.0).abs() < 1e-12 && (b[2] - 3.0).abs() < 1e-12);
        assert!(solve([[1.0, 2.0], [2.0, 4.0]], [1.0, 1.0]).is_none_or(|x| x.iter().any(|v| !v.is_finite())));
    }
}
