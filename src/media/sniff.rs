//! What a file is, by its first bytes: a name says what somebody wants it to be.

use crate::model::media::MAX_PIXELS;
use crate::model::{MediaType, NoMedia};

/// Bytes in which an SVG drawing has to begin as one.
const SVG_HEAD: usize = 1024;

/// The type of a file, and the size of an image where its header says so.
///
/// # Errors
/// What it is instead of an image or a sound that pages show.
pub fn sniff(bytes: &[u8]) -> Result<(MediaType, Option<[u32; 2]>), NoMedia> {
    let Some(kind) = kind(bytes) else {
        return Err(if is_svg(bytes) {
            NoMedia::Svg
        } else {
            NoMedia::OtherType
        });
    };
    let pixels = match kind {
        MediaType::Png => png(bytes),
        MediaType::Jpeg => jpeg(bytes),
        MediaType::Gif => gif(bytes),
        MediaType::Webp => webp(bytes),
        _ => None,
    };
    let pixels = pixels.filter(|[width, height]| *width > 0 && *height > 0);
    match pixels {
        Some([width, height]) if u64::from(width) * u64::from(height) > MAX_PIXELS => Err(NoMedia::TooManyPixels),
        pixels => Ok((kind, pixels)),
    }
}

fn kind(bytes: &[u8]) -> Option<MediaType> {
    let riff = |form: &[u8]| bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(form);
    Some(match bytes {
        _ if bytes.starts_with(b"\x89PNG\r\n\x1a\n") => MediaType::Png,
        _ if bytes.starts_with(b"\xff\xd8\xff") => MediaType::Jpeg,
        _ if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") => MediaType::Gif,
        _ if riff(b"WEBP") => MediaType::Webp,
        _ if riff(b"WAVE") => MediaType::Wav,
        _ if bytes.starts_with(b"OggS") => MediaType::Ogg,
        _ if bytes.starts_with(b"fLaC") => MediaType::Flac,
        _ if bytes.starts_with(b"ID3") || is_mpeg_frame(bytes) => MediaType::Mp3,
        _ => return None,
    })
}

/// Whether the first frame of an MP3 file stands at the beginning: layer III, with no value that is reserved.
fn is_mpeg_frame(bytes: &[u8]) -> bool {
    let [0xff, second, third, _, ..] = bytes else {
        return false;
    };
    let (sync, version, layer) = (second >> 5, (second >> 3) & 3, (second >> 1) & 3);
    let (rate, frequency) = (third >> 4, (third >> 2) & 3);
    sync == 7 && version != 1 && layer == 1 && !matches!(rate, 0 | 15) && frequency != 3
}

fn is_svg(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(bytes.get(..SVG_HEAD).unwrap_or(bytes)).to_ascii_lowercase();
    head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n'])
        .starts_with('<')
        && head.contains("<svg")
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn big(bytes: &[u8], at: usize) -> Option<u32> {
    number(bytes, at).map(|two| u16::from_be_bytes(two).into())
}

fn little(bytes: &[u8], at: usize) -> Option<u32> {
    number(bytes, at).map(|two| u16::from_le_bytes(two).into())
}

fn png(bytes: &[u8]) -> Option<[u32; 2]> {
    let side = |at| number(bytes, at).map(u32::from_be_bytes);
    (bytes.get(12..16) == Some(b"IHDR")).then(|| Some([side(16)?, side(20)?]))?
}

fn gif(bytes: &[u8]) -> Option<[u32; 2]> {
    Some([little(bytes, 6)?, little(bytes, 8)?])
}

/// The size stands in the frame's header, behind any number of other segments.
fn jpeg(bytes: &[u8]) -> Option<[u32; 2]> {
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        match *bytes.get(at + 1)? {
            // Fill bytes, and segments without content.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some([big(bytes, at + 7)?, big(bytes, at + 5)?]);
            }
            0xd9 | 0xda => return None,
            _ => at += 2 + big(bytes, at + 2)? as usize,
        }
    }
}

fn webp(bytes: &[u8]) -> Option<[u32; 2]> {
    match bytes.get(12..16)? {
        b"VP8 " => Some([little(bytes, 26)? & 0x3fff, little(bytes, 28)? & 0x3fff]),
        b"VP8L" => {
            let bits = number(bytes, 21).map(u32::from_le_bytes)?;
            Some([(bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1])
        }
        b"VP8X" => {
            let side = |at: usize| number::<3>(bytes, at).map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]) + 1);
            Some([side(24)?, side(27)?])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png_of(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes
    }

    #[test]
    fn first_bytes_tell_the_type_and_the_size() {
        let jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc2\x00\x0b\x08\x00\x10\x00\x20";
        let gif = b"GIF89a\x03\x00\x02\x00";
        let lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x05\x00\x06\x00";
        let lossless = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x07\x80\x01\x00";
        let extended = b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x0f\0\0\x1f\0\0";
        type Case<'a> = (&'a [u8], MediaType, Option<[u32; 2]>);
        let table: [Case<'_>; 13] = [
            (&png_of(3, 4), MediaType::Png, Some([3, 4])),
            (&png_of(0, 4), MediaType::Png, None),
            (jpeg, MediaType::Jpeg, Some([32, 16])),
            (b"\xff\xd8\xff\xda", MediaType::Jpeg, None),
            (gif, MediaType::Gif, Some([3, 2])),
            (lossy, MediaType::Webp, Some([5, 6])),
            (lossless, MediaType::Webp, Some([8, 7])),
            (extended, MediaType::Webp, Some([16, 32])),
            (b"RIFF\0\0\0\0WAVEfmt ", MediaType::Wav, None),
            (b"OggS\0\x02", MediaType::Ogg, None),
            (b"fLaC\0\0", MediaType::Flac, None),
            (b"ID3\x04", MediaType::Mp3, None),
            (b"\xff\xfb\x90\x64", MediaType::Mp3, None),
        ];
        for (bytes, kind, pixels) in table {
            assert_eq!(sniff(bytes), Ok((kind, pixels)), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_image_and_no_sound_is_refused_whatever_it_is_called() {
        let table: [(&[u8], NoMedia); 10] = [
            (b"", NoMedia::OtherType),
            (b"<html><script>alert(1)</script>", NoMedia::OtherType),
            (b"%PDF-1.7", NoMedia::OtherType),
            (b"MZ\x90", NoMedia::OtherType),
            (b"RIFF\0\0\0\0AVI ", NoMedia::OtherType),
            (b"\xff\xf1\x50\x80", NoMedia::OtherType),
            (b"\x89PNG", NoMedia::OtherType),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", NoMedia::Svg),
            (b"\xef\xbb\xbf \n<?xml version='1.0'?>\n<!-- x -->\n<SVG>", NoMedia::Svg),
            (&png_of(60_000, 60_000), NoMedia::TooManyPixels),
        ];
        for (bytes, expected) in table {
            assert_eq!(sniff(bytes), Err(expected), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_file_that_ends_anywhere_harms_nothing() {
        let whole = [
            &png_of(3, 4)[..],
            b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x10\x00\x20",
            b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x0f\0\0\x1f\0\0",
        ];
        for bytes in whole {
            for end in 0..bytes.len() {
                let _ = sniff(&bytes[..end]);
            }
        }
        // A segment without length would be met for ever.
        assert_eq!(sniff(b"\xff\xd8\xff\xe0\x00\x00\x00\x00"), Ok((MediaType::Jpeg, None)));
    }
}
