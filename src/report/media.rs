//! Images and sounds of a sample: once where both versions have the same, else side by side.

use super::format::counted;
use super::{samples, words};
use crate::model::media::{MAX_MEDIA, MAX_MEDIA_FILE, MAX_PIXELS};
use crate::model::samples::Answer;
use crate::model::{Media, MediaFile, NoMedia, Sample, SampleSet};
use serde::Serialize;

/// One media column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediaView {
    /// Its name.
    pub column: String,
    /// The value of both versions, or those of each where they differ.
    pub sides: Vec<MediaSide>,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediaSide {
    /// Which version; absent where there is only one value.
    pub side: Option<&'static str>,
    /// The file, if there is one.
    pub file: Option<FileView>,
    /// The text of the table, where that is not the file itself.
    pub name: Option<String>,
    /// Why there is no file.
    pub note: Option<String>,
}

/// A file that the page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileView {
    /// Where it lies.
    pub href: String,
    /// Whether it is an image, rather than a sound.
    pub image: bool,
    /// What it is, for those who do not see or hear it.
    pub label: String,
    /// Type and size.
    pub about: String,
    /// Width in pixels, so that the page stays as it is while the image comes.
    pub width: Option<String>,
    /// Height in pixels.
    pub height: Option<String>,
}

/// Whether a sample has a file, for which its page has to be allowed to show some.
pub fn has_files(sample: &Sample) -> bool {
    let answers = [&sample.baseline, &sample.candidate].into_iter().flatten();
    let mut values = answers.flat_map(|answer| answer.media.iter().flatten());
    values.any(|media| media.file.is_some())
}

/// The media of a sample.
pub fn media(set: &SampleSet, sample: &Sample, single: bool) -> Vec<MediaView> {
    let key = samples::key(sample);
    let views = set.media.iter().enumerate().filter_map(|(i, column)| {
        let [a, b] = [&sample.baseline, &sample.candidate].map(|answer| value(answer.as_ref(), i));
        let one_sided = sample.baseline.is_none() || sample.candidate.is_none();
        let column = words::visible(column);
        let side = |side: Option<&'static str>, media: Option<&Media>| view(side, media, &column, &key);
        let sides = match (a, b) {
            (None, None) => return None,
            (a, b) if single || one_sided || a == b => vec![side(None, b.or(a))],
            (a, b) => vec![side(Some("Baseline"), a), side(Some("Candidate"), b)],
        };
        Some(MediaView { column, sides })
    });
    views.collect()
}

fn value(answer: Option<&Answer>, i: usize) -> Option<&Media> {
    answer?.media.get(i)?.as_ref()
}

fn view(side: Option<&'static str>, media: Option<&Media>, column: &str, key: &str) -> MediaSide {
    let Some(media) = media else {
        return MediaSide {
            side,
            file: None,
            name: None,
            note: Some("No value".to_owned()),
        };
    };
    MediaSide {
        side,
        file: media.file.as_ref().and_then(|file| shown(file, side, column, key)),
        name: media.name.as_deref().map(words::brief),
        note: media.absent.map(why),
    }
}

fn shown(file: &MediaFile, side: Option<&str>, column: &str, key: &str) -> Option<FileView> {
    let noun = noun(file);
    let of = side.map_or_else(String::new, |side| format!(" of the {}", side.to_lowercase()));
    let side = |i: usize| file.pixels.map(|pixels| pixels[i].to_string());
    let pixels = file
        .pixels
        .map_or_else(String::new, |[w, h]| format!(", {w} × {h} pixels"));
    Some(FileView {
        href: format!("../{}", file.path()?),
        image: file.kind.is_image(),
        label: format!("{noun} {column}{of}, sample {key}"),
        about: format!("{noun}, {}, {}{pixels}", file.kind.name(), size(file.size)),
        width: side(0),
        height: side(1),
    })
}

/// The first image or sound of a sample in a few words, for a list; nothing where there is none.
pub fn preview(sample: &Sample) -> Option<String> {
    let sides = [&sample.candidate, &sample.baseline].into_iter().flatten();
    let media = sides.flat_map(|answer| answer.media.iter().flatten()).next()?;
    Some(match &media.file {
        Some(file) => format!("{}, {}", noun(file), size(file.size)),
        None => media.name.as_deref().map(words::brief)?,
    })
}

fn noun(file: &MediaFile) -> &'static str {
    if file.kind.is_image() { "image" } else { "sound" }
}

/// A size that is easily read; the exact one is in the documents.
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => counted(bytes, "byte", "bytes"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{} MiB", bytes.div_ceil(1 << 20)),
    }
}

fn why(absent: NoMedia) -> String {
    match absent {
        NoMedia::Missing => "This file was not there when the report was made.".to_owned(),
        NoMedia::Outside => "Not read: the name leads out of the folder of the files.".to_owned(),
        NoMedia::Remote => "Not fetched: it lies elsewhere, and a report is made from what is here.".to_owned(),
        NoMedia::Unreadable => "This file could not be read when the report was made.".to_owned(),
        NoMedia::NoName => "Neither the name of a file nor a data: URI in base64.".to_owned(),
        NoMedia::OtherType => {
            "Left out: by its content neither an image (PNG, JPEG, GIF, WebP) nor a sound (WAV, MP3, Ogg, \
                               FLAC)."
                .to_owned()
        }
        NoMedia::Svg => "Left out: an SVG drawing may hold scripts.".to_owned(),
        NoMedia::TooLarge => format!("Left out: larger than {}.", size(MAX_MEDIA_FILE)),
        NoMedia::TooManyPixels => format!(
            "Left out: an image of more than {} million pixels.",
            MAX_PIXELS / 1_000_000
        ),
        NoMedia::Full => format!(
            "Left out: a report has {} of images and sounds at most.",
            size(MAX_MEDIA)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MediaType;

    fn file(digit: char, kind: MediaType, size: u64) -> Media {
        Media {
            file: Some(MediaFile {
                sha256: digit.to_string().repeat(64),
                kind,
                size,
                pixels: kind.is_image().then_some([4, 3]),
            }),
            ..Media::default()
        }
    }

    fn sample(a: Option<Media>, b: Option<Media>) -> (SampleSet, Sample) {
        let answer = |media| {
            Some(Answer {
                media: vec![media],
                ..Answer::default()
            })
        };
        let sample = Sample {
            id: "0".into(),
            key: vec!["s <1>".into()],
            outcome: "regressed".into(),
            baseline: answer(a),
            candidate: answer(b),
            slices: Vec::new(),
        };
        let set = SampleSet {
            schema: String::new(),
            columns: Vec::new(),
            scores: Vec::new(),
            media: vec!["photo".into()],
            hidden: Vec::new(),
            lists: Vec::new(),
            samples: std::collections::BTreeMap::new(),
        };
        (set, sample)
    }

    #[test]
    fn what_both_versions_saw_stands_once_and_what_they_made_side_by_side() {
        let png = file('a', MediaType::Png, 2048);
        let (set, same) = sample(Some(png.clone()), Some(png.clone()));
        let view = &media(&set, &same, false)[0];
        assert_eq!((view.sides.len(), view.sides[0].side), (1, None));
        let shown = view.sides[0].file.clone().unwrap();
        assert_eq!(shown.href, format!("../media/{}.png", "a".repeat(64)));
        assert_eq!(shown.label, "image photo, sample s <1>");
        assert_eq!(shown.about, "image, PNG, 2 KiB, 4 × 3 pixels");
        assert_eq!([shown.width, shown.height].map(Option::unwrap), ["4", "3"]);
        assert_eq!(preview(&same).unwrap(), "image, 2 KiB");

        let (set, differ) = sample(Some(png), Some(file('b', MediaType::Wav, 12)));
        let sides = &media(&set, &differ, false)[0].sides;
        assert_eq!(
            sides.iter().map(|side| side.side).collect::<Vec<_>>(),
            [Some("Baseline"), Some("Candidate")]
        );
        let sound = sides[1].file.clone().unwrap();
        assert_eq!((sound.image, sound.about.as_str()), (false, "sound, WAV, 12 bytes"));
        assert_eq!(sound.label, "sound photo of the candidate, sample s <1>");
        assert_eq!(media(&set, &differ, true)[0].sides.len(), 1);
    }

    #[test]
    fn what_is_not_shown_is_named_and_explained() {
        let gone = Media {
            name: Some("a/b.png".into()),
            absent: Some(NoMedia::Missing),
            file: None,
        };
        let (set, one) = sample(Some(gone.clone()), None);
        let sides = &media(&set, &one, false)[0].sides;
        assert_eq!(sides[0].name.as_deref(), Some("a/b.png"));
        assert!(sides[0].note.as_ref().unwrap().contains("was not there"));
        assert_eq!(sides[1].note.as_deref(), Some("No value"));
        assert_eq!((preview(&one).as_deref(), has_files(&one)), (Some("a/b.png"), false));
        let (set, none) = sample(None, None);
        assert!(media(&set, &none, false).is_empty());
        // Nobody but a person who altered samples.json writes such a digest.
        let mut evil = file('a', MediaType::Png, 1);
        evil.file.as_mut().unwrap().sha256 = "../../../etc/passwd".into();
        let (set, altered) = sample(Some(evil), None);
        assert_eq!(media(&set, &altered, false)[0].sides[0].file, None);
    }
}
