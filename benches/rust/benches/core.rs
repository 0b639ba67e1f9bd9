//! `cargo bench -p omni-benches`: tracker, fusion and encoding, one call each.

#![allow(missing_docs, reason = "criterion_group makes a public function")]
#![expect(clippy::expect_used, reason = "a bench that cannot run should stop")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use omni_benches::crowd;
use omni_core::encode::{Pixels, encode_base64, encode_jpeg};
use omni_core::fusion::{CameraFrame, FusionConfig, MapFuser, Observation};
use omni_core::geometry::Homography;
use omni_core::track::{Tracker, TrackerConfig};

const STEP: f64 = 1.0 / 30.0;

fn tracker(c: &mut Criterion) {
    let mut group = c.benchmark_group("tracker_update");
    for people in [10, 100, 1000] {
        group.bench_function(BenchmarkId::from_parameter(people), |b| {
            let mut tracker = Tracker::new(TrackerConfig::default()).expect("default settings are valid");
            let mut t = 0.0;
            b.iter(|| {
                t += STEP;
                black_box(tracker.update(&crowd(people, t), t, None).expect("the scene is valid"))
            });
        });
    }
    group.finish();
}

fn fusion(c: &mut Criterion) {
    let matrix = [[0.01, 0.0, 0.0], [0.0, 0.01, 0.0], [0.0, 0.0, 1.0]];
    let homography = Homography::from_matrix(matrix, Some((2000.0, 2000.0)), None).expect("not singular");
    c.bench_function("fusion_update/8x125", |b| {
        let mut fuser = MapFuser::new(FusionConfig::default()).expect("default settings are valid");
        (0..8).for_each(|camera| fuser.set_camera(camera, &homography));
        let mut t = 0.0;
        b.iter(|| {
            t += STEP;
            let people = crowd(125, t);
            let seen: Vec<Observation> = people
                .iter()
                .map(|d| Observation { bbox: d.bbox.shifted(100.0, 100.0), confidence: d.confidence, track_id: None })
                .collect();
            let frame = |camera| CameraFrame { camera, timestamp: t, observations: seen.clone() };
            black_box(fuser.update((0..8).map(frame).collect(), t).expect("the scene is valid"))
        });
    });
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("jpeg_base64");
    for (width, height) in [(128, 256), (1920, 1080)] {
        let wave = |i: usize| u8::try_from((i / 7 + (i / (3 * width)) * 3) % 256).unwrap_or(0);
        let bytes: Vec<u8> = (0..width * height * 3).map(wave).collect();
        group.bench_function(BenchmarkId::from_parameter(format!("{width}x{height}")), |b| {
            let pixels = Pixels { bytes: &bytes, width, height, pitch: width * 3, channels: 3 };
            b.iter(|| black_box(encode_base64(&encode_jpeg(pixels, 90).expect("the picture is valid"))));
        });
    }
    group.finish();
}

criterion_group!(benches, tracker, fusion, encode);
criterion_main!(benches);
