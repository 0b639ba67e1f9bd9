//! JPEG by libjpeg-turbo.

use std::borrow::Cow;

use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use crate::error::{Error, Result};

/// The largest side that a JPEG file can have.
const MAX_SIDE: usize = 65_500;

/// Room for the largest possible file of a picture is kept up to this; a larger picture takes what its own file needs.
const KEPT_BYTES: usize = 1 << 20;

/// A picture in memory that belongs to somebody else.
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a> {
    /// From the first byte of the first row to the last byte of the last row.
    pub bytes: &'a [u8],
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bytes from one row to the next.
    pub pitch: usize,
    /// 3 for BGR, 1 for grey.
    pub channels: usize,
}

impl Pixels<'_> {
    fn validate(&self) -> Result<PixelFormat> {
        let Self { bytes, width, height, pitch, channels } = *self;
        let format = match channels {
            1 => PixelFormat::GRAY,
            3 => PixelFormat::BGR,
            _ => return Err(Error::invalid("image", "1 channel (grey) or 3 (BGR)", channels)),
        };
        check_sides(width, height)?;
        let row = width * channels;
        let whole = pitch.checked_mul(height - 1).and_then(|n| n.checked_add(row));
        if pitch < row || whole.is_none_or(|n| n > bytes.len()) {
            let got = format!("{} bytes, {pitch} a row", bytes.len());
            return Err(Error::invalid("image", format!("{height} rows of at least {row} bytes"), got));
        }
        Ok(format)
    }
}

/// Refuses a picture that no JPEG file can hold.
pub fn check_sides(width: usize, height: usize) -> Result<()> {
    if (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height) {
        return Ok(());
    }
    let expected = format!("sides from 1 to {MAX_SIDE} pixels");
    Err(Error::invalid("image", expected, format!("{width} x {height}")))
}

/// Encodes one picture after the other: making an encoder takes as long as a small crop.
#[derive(Debug)]
pub struct JpegEncoder {
    compressor: Compressor,
    /// Kept for its memory.
    file: Vec<u8>,
}

impl JpegEncoder {
    /// An encoder without a picture.
    pub fn new() -> Result<Self> {
        Ok(Self { compressor: Compressor::new().map_err(failed)?, file: Vec::new() })
    }

    /// The picture as a JPEG file (4:2:0, or grey), `quality` from 1 to 100.
    pub fn encode(&mut self, pixels: Pixels<'_>, quality: i32) -> Result<Cow<'_, [u8]>> {
        if !(1..=100).contains(&quality) {
            return Err(Error::invalid("quality", "1 to 100", quality));
        }
        let format = pixels.validate()?;
        let Pixels { bytes, width, height, pitch, channels } = pixels;
        self.compressor.set_quality(quality).map_err(failed)?;
        let subsampling = if channels == 1 { Subsamp::Gray } else { Subsamp::Sub2x2 };
        self.compressor.set_subsamp(subsampling).map_err(failed)?;
        let image = Image { pixels: bytes, width, pitch, height, format };
        let room = self.compressor.buf_len(width, height).map_err(failed)?;
        if room > KEPT_BYTES {
            return self.compressor.compress_to_vec(image).map(Cow::Owned).map_err(failed);
        }
        if self.file.len() < room {
            self.file.resize(room, 0);
        }
        let length = self.compressor.compress_to_slice(image, &mut self.file).map_err(failed)?;
        Ok(Cow::Borrowed(&self.file[..length]))
    }
}

/// The picture as a JPEG file, by an encoder of its own.
pub fn encode_jpeg(pixels: Pixels<'_>, quality: i32) -> Result<Vec<u8>> {
    JpegEncoder::new()?.encode(pixels, quality).map(Cow::into_owned)
}

#[expect(clippy::needless_pass_by_value, reason = "goes to map_err")]
fn failed(error: turbojpeg::Error) -> Error {
    Error::Encode(format!("libjpeg-turbo: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, height: usize, pitch: usize, channels: usize) -> Vec<u8> {
        (0..pitch * (height - 1) + width * channels).map(|i| u8::try_from(i % 251).unwrap()).collect()
    }

    #[test]
    fn a_view_gives_what_its_copy_gives() {
        let (width, height, pitch) = (40, 24, 300);
        let bytes = picture(width, height, pitch, 3);
        let packed: Vec<u8> = bytes.chunks(pitch).flat_map(|row| row[..width * 3].to_vec()).collect();
        let view = Pixels { bytes: &bytes, width, height, pitch, channels: 3 };
        let copy = Pixels { bytes: &packed, width, height, pitch: width * 3, channels: 3 };
        assert_eq!(encode_jpeg(view, 90).unwrap(), encode_jpeg(copy, 90).unwrap());
    }

    #[test]
    fn it_decodes_to_about_the_same_picture() {
        let bytes = vec![90; 32 * 16];
        let grey = Pixels { bytes: &bytes, width: 32, height: 16, pitch: 32, channels: 1 };
        let decoded = turbojpeg::decompress(&encode_jpeg(grey, 95).unwrap(), PixelFormat::GRAY).unwrap();
        assert_eq!((decoded.width, decoded.height), (32, 16));
        assert!(decoded.pixels.iter().all(|&p| p.abs_diff(90) <= 2));
    }

    #[test]
    fn refuses_what_is_no_picture() {
        let bytes = vec![0; 300];
        let good = Pixels { bytes: &bytes, width: 10, height: 10, pitch: 30, channels: 3 };
        assert!(encode_jpeg(good, 90).is_ok());
        for quality in [0, 101, -5] {
            assert!(encode_jpeg(good, quality).unwrap_err().to_string().starts_with("quality"));
        }
        let bad = [
            Pixels { width: 0, ..good },
            Pixels { height: 0, ..good },
            Pixels { width: 70_000, ..good },
            Pixels { channels: 2, ..good },
            Pixels { pitch: 29, ..good },
            Pixels { pitch: usize::MAX, ..good },
            Pixels { height: 11, ..good },
        ];
        for pixels in bad {
            assert!(encode_jpeg(pixels, 90).is_err(), "{pixels:?}");
        }
    }
}
