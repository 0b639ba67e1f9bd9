//! `cargo bench -p omni-benches`: tracker, fusion, regions and encoding, one call each.

#![allow(missing_docs, reason = "criterion_group makes a public function")]
#![expect(clippy::expect_used, reason = "a bench that cannot run should stop")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use omni_benches::crowd;
use omni_core::encode::{Pixels, encode_base64, encode_jpeg};
use omni_core::fusion::{CameraFrame, FusionConfig, MapFuser, Observation};
use omni_core::geometry::{Homography, Polygon};
use omni_core::regions::{Region, RegionMonitor, Sighting};
use omni_core::track::{Tracker, TrackerConfig};
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

const STEP: f64 = 1.0 / 30.0;

fn tracker(c: &mut Criterion) {
    let mut group = c.benchmark_group("tracker_update");
    for people in [10, 100, 1000] {
        group.bench_function(BenchmarkId::from_parameter(people), |b| {
            let mut tracker = Tracker::new(TrackerConfig::default(), None).expect("default settings are valid");
            let mut t = 0.0;
            b.iter(|| {
                t += STEP;
                black_box(tracker.update(&crowd(people, t), None, t, None).expect("the scene is valid").len())
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
        (0..8).for_each(|camera| fuser.set_camera(camera, &homography, None));
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

fn regions(c: &mut Criterion) {
    let mut group = c.benchmark_group("regions_update");
    for people in [10, 100, 1000] {
        group.bench_function(BenchmarkId::from_parameter(format!("{people} people, 10 lines")), |b| {
            let line = |i: u32| {
                let x = 0.05 + 0.09 * f64::from(i);
                let corners = vec![[x, 0.1], [x + 0.05, 0.1], [x + 0.05, 0.9], [x, 0.9]];
                let zone = Polygon::new(corners).expect("a rectangle");
                Region::new(zone, true, Some([1.0, 0.0])).expect("the direction has a length")
            };
            let mut monitor = RegionMonitor::new((0..10).map(line).collect(), 3).expect("the settings are valid");
            let (mut t, mut frame) = (0.0, 0);
            b.iter(|| {
                t += STEP;
                frame += 1;
                let seen: Vec<Sighting> = (1_i64..)
                    .zip(crowd(people, t))
                    .map(|(track_id, d)| {
                        let [x, y] = d.bbox.ground_point();
                        Sighting { track_id, point: [x / 2000.0, y / 2000.0], height: [0.05, 0.05] }
                    })
                    .collect();
                black_box(monitor.update(&seen, t, frame).expect("the scene is valid"))
            });
        });
    }
    group.finish();
}

/// Ours beside the limit: the library's own compressor with everything allocated before.
fn encode(c: &mut Criterion) {
    for (width, height) in [(112, 112), (128, 256), (1280, 720), (1920, 1080)] {
        let mut group = c.benchmark_group(format!("jpeg {width}x{height}"));
        let wave = |i: usize| u8::try_from((i / 7 + (i / (3 * width)) * 3) % 256).unwrap_or(0);
        let bytes: Vec<u8> = (0..width * height * 3).map(wave).collect();
        let pixels = Pixels { bytes: &bytes, width, height, pitch: width * 3, channels: 3 };
        group.bench_function("limit", |b| {
            let mut compressor = Compressor::new().expect("the library is there");
            compressor.set_quality(90).expect("a quality");
            compressor.set_subsamp(Subsamp::Sub2x2).expect("a subsampling");
            let room = compressor.buf_len(width, height).expect("a size");
            let mut jpeg = vec![0; room];
            let image = Image { pixels: &bytes[..], width, pitch: width * 3, height, format: PixelFormat::BGR };
            b.iter(|| black_box(compressor.compress_to_slice(image, &mut jpeg).expect("the picture is valid")));
        });
        group.bench_function("ours", |b| {
            b.iter(|| black_box(encode_jpeg(pixels, 90).expect("the picture is valid")));
        });
        group.bench_function("ours, base64", |b| {
            b.iter(|| black_box(encode_base64(&encode_jpeg(pixels, 90).expect("the picture is valid"))));
        });
        group.finish();
    }
}

criterion_group!(benches, tracker, fusion, regions, encode);
criterion_main!(benches);
