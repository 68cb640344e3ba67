//! Images and sounds of samples: what a report knows of them.

use serde::{Deserialize, Serialize};

/// Bytes of one file at most; a larger one is left out of a report.
pub const MAX_MEDIA_FILE: u64 = 10 << 20;
/// Bytes of all files of a report at most.
pub const MAX_MEDIA: u64 = 100 << 20;
/// Pixels of an image at most: a few kilobytes may stand for gigabytes in a browser.
pub const MAX_PIXELS: u64 = 64_000_000;
/// Folder of a report that holds the files.
pub const MEDIA_FOLDER: &str = "media";

/// The types that pages show; told by a file's first bytes, whatever its name. SVG is none of them: opened by itself it
/// may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "names of formats")]
pub enum MediaType {
    #[serde(rename = "image/png")]
    Png,
    #[serde(rename = "image/jpeg")]
    Jpeg,
    #[serde(rename = "image/gif")]
    Gif,
    #[serde(rename = "image/webp")]
    Webp,
    #[serde(rename = "audio/wav")]
    Wav,
    #[serde(rename = "audio/mpeg")]
    Mp3,
    #[serde(rename = "audio/ogg")]
    Ogg,
    #[serde(rename = "audio/flac")]
    Flac,
}

impl MediaType {
    /// Whether it is an image, rather than a sound.
    pub fn is_image(self) -> bool {
        matches!(
            self,
            MediaType::Png | MediaType::Jpeg | MediaType::Gif | MediaType::Webp
        )
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            MediaType::Png => "PNG",
            MediaType::Jpeg => "JPEG",
            MediaType::Gif => "GIF",
            MediaType::Webp => "WebP",
            MediaType::Wav => "WAV",
            MediaType::Mp3 => "MP3",
            MediaType::Ogg => "Ogg",
            MediaType::Flac => "FLAC",
        }
    }

    /// How names of its files end.
    pub fn ending(self) -> &'static str {
        match self {
            MediaType::Png => "png",
            MediaType::Jpeg => "jpg",
            MediaType::Gif => "gif",
            MediaType::Webp => "webp",
            MediaType::Wav => "wav",
            MediaType::Mp3 => "mp3",
            MediaType::Ogg => "ogg",
            MediaType::Flac => "flac",
        }
    }
}

/// A file that lies in the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaFile {
    /// SHA-256 of its bytes in hex: what it is called.
    pub sha256: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MediaType,
    /// Bytes.
    pub size: u64,
    /// Width and height of an image, where its header says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<[u32; 2]>,
}

impl MediaFile {
    /// Its path in the report; `None` for a digest that is none, as only a document has that somebody altered.
    pub fn path(&self) -> Option<String> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let whole = self.sha256.len() == 64 && self.sha256.bytes().all(hex);
        whole.then(|| format!("{MEDIA_FOLDER}/{}.{}", self.sha256, self.kind.ending()))
    }
}

/// Why a value of a media column has no file in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoMedia {
    /// There was no such file.
    Missing,
    /// The name leads out of the folder, directly or by a link.
    Outside,
    /// It names something of the network, which is not fetched.
    Remote,
    /// The file cannot be read, or is none.
    Unreadable,
    /// Text that is neither a name nor a `data:` URI in base64.
    NoName,
    /// Neither an image nor a sound of a type that pages show.
    OtherType,
    /// An SVG drawing.
    Svg,
    /// Larger than [`MAX_MEDIA_FILE`].
    TooLarge,
    /// More than [`MAX_PIXELS`].
    TooManyPixels,
    /// The report has [`MAX_MEDIA`] without it.
    Full,
}

/// One value of a media column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// The text in the table, or its beginning, where that is not the file itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<MediaFile>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<NoMedia>,
}
