//! Takes the values of media columns one by one and keeps the files that a report gets.

use super::data_uri::decode;
use super::sniff::sniff;
use super::{Linked, MediaFiles};
use crate::model::media::{MAX_MEDIA, MAX_MEDIA_FILE};
use crate::model::{Media, MediaFile, NoMedia};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Bytes of a name at most: longer text is none.
const MAX_NAME: usize = 1024;
/// Characters that are kept of what is no name.
const KEPT: usize = 100;

/// The files of a report in the making. The same values in the same order give the same files.
pub struct Collector<'a> {
    linked: &'a dyn Linked,
    /// What became of each name: a file that changes meanwhile is still read once.
    named: BTreeMap<String, Media>,
    files: MediaFiles,
    bytes: u64,
    /// Bytes of all files at most.
    most: u64,
}

impl<'a> Collector<'a> {
    /// Begins; `linked` has the files that samples name.
    pub fn new(linked: &'a dyn Linked) -> Collector<'a> {
        Collector {
            linked,
            named: BTreeMap::new(),
            files: MediaFiles::new(),
            bytes: 0,
            most: MAX_MEDIA,
        }
    }

    /// Takes bytes that the table itself holds; nothing for none.
    pub fn bytes(&mut self, bytes: &[u8]) -> Option<Media> {
        (!bytes.is_empty()).then(|| media(None, self.keep(bytes)))
    }

    /// Takes a text: a `data:` URI, or the name of a file; nothing for a blank one.
    pub fn text(&mut self, text: &str) -> Option<Media> {
        if text.trim().is_empty() {
            return None;
        }
        if let Some(decoded) = decode(text) {
            let kept = decoded.and_then(|bytes| self.keep(&bytes));
            let name = kept.is_err().then(|| beginning(text));
            return Some(media(name, kept));
        }
        if text.len() > MAX_NAME || text.contains('\n') {
            return Some(media(Some(beginning(text)), Err(NoMedia::NoName)));
        }
        if is_remote(text) {
            return Some(media(Some(text.to_owned()), Err(NoMedia::Remote)));
        }
        if let Some(known) = self.named.get(text) {
            return Some(known.clone());
        }
        let kept = self.linked.read(text).and_then(|bytes| self.keep(&bytes));
        let found = media(Some(text.to_owned()), kept);
        self.named.insert(text.to_owned(), found.clone());
        Some(found)
    }

    /// Judges a file and keeps it, once for all that have the same bytes.
    fn keep(&mut self, bytes: &[u8]) -> Result<MediaFile, NoMedia> {
        let size = bytes.len() as u64;
        if size > MAX_MEDIA_FILE {
            return Err(NoMedia::TooLarge);
        }
        let (kind, pixels) = sniff(bytes)?;
        let sha256 = hex(&Sha256::digest(bytes));
        let file = MediaFile {
            sha256,
            kind,
            size,
            pixels,
        };
        let path = file.path().ok_or(NoMedia::Unreadable)?;
        if !self.files.contains_key(&path) {
            if self.bytes + size > self.most {
                return Err(NoMedia::Full);
            }
            self.bytes += size;
            self.files.insert(path, bytes.to_vec());
        }
        Ok(file)
    }

    /// The files, and a digest of what became of the names; none where there was no name.
    pub fn finish(self) -> (MediaFiles, Option<String>) {
        let mut hasher = Sha256::new();
        for (name, media) in &self.named {
            let file = media.file.as_ref().map_or("", |file| &file.sha256);
            // The names of variants are short and stable: they stand in samples.json too.
            let absent = media.absent.map(|why| format!("{why:?}")).unwrap_or_default();
            for part in [name, file, &absent] {
                hasher.update((part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
        let digest = format!("sha256-{}", &hex(&hasher.finalize())[..16]);
        (self.files, (!self.named.is_empty()).then_some(digest))
    }
}

fn media(name: Option<String>, kept: Result<MediaFile, NoMedia>) -> Media {
    let (file, absent) = match kept {
        Ok(file) => (Some(file), None),
        Err(why) => (None, Some(why)),
    };
    Media { name, file, absent }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn beginning(text: &str) -> String {
    let mut kept: String = text.chars().take(KEPT).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    kept
}

/// Whether a text is an address with a scheme, or one without it that begins with two slashes.
fn is_remote(text: &str) -> bool {
    let scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
    };
    text.starts_with("//") || text.split_once("://").is_some_and(|(before, _)| scheme(before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MediaType;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00";

    /// Knows one file, and how often it was read.
    #[derive(Default)]
    struct One(AtomicUsize);

    impl Linked for One {
        fn read(&self, name: &str) -> Result<Vec<u8>, NoMedia> {
            self.0.fetch_add(1, Ordering::Relaxed);
            match name {
                "a.gif" => Ok(GIF.to_vec()),
                "page.png" => Ok(b"<html>".to_vec()),
                _ => Err(NoMedia::Missing),
            }
        }
    }

    #[test]
    fn the_same_bytes_are_kept_once_wherever_they_come_from() {
        let linked = One::default();
        let mut collector = Collector::new(&linked);
        let from_table = collector.bytes(GIF).unwrap();
        assert_eq!(from_table.name, None);
        let file = from_table.file.clone().unwrap();
        assert_eq!((file.kind, file.size, file.pixels), (MediaType::Gif, 10, Some([1, 1])));
        assert_eq!(
            collector.text("data:image/png;base64,R0lGODlhAQABAA==").unwrap(),
            from_table
        );
        for _ in 0..2 {
            let named = collector.text("a.gif").unwrap();
            assert_eq!(
                (named.name.as_deref(), named.file.as_ref()),
                (Some("a.gif"), Some(&file))
            );
        }
        assert_eq!(linked.0.load(Ordering::Relaxed), 1, "a name is read once");
        assert_eq!((collector.bytes(b""), collector.text(" ")), (None, None));
        let (files, digest) = collector.finish();
        assert_eq!(
            files.into_iter().collect::<Vec<_>>(),
            [(file.path().unwrap(), GIF.to_vec())]
        );
        assert!(digest.unwrap().starts_with("sha256-"));
    }

    #[test]
    fn what_gets_no_file_says_why() {
        let linked = One::default();
        let mut collector = Collector::new(&linked);
        let long = "x".repeat(MAX_NAME + 1);
        let table = [
            ("page.png", NoMedia::OtherType),
            ("b.gif", NoMedia::Missing),
            ("https://example.org/a.gif", NoMedia::Remote),
            ("s3://bucket/a.gif", NoMedia::Remote),
            ("file:///etc/passwd", NoMedia::Remote),
            ("//host/a.gif", NoMedia::Remote),
            ("data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=", NoMedia::Svg),
            ("data:image/gif,GIF89a", NoMedia::NoName),
            ("a\nb", NoMedia::NoName),
            (&long, NoMedia::NoName),
        ];
        for (text, why) in table {
            let found = collector.text(text).unwrap();
            assert_eq!((found.file, found.absent), (None, Some(why)), "{text}");
            assert!(found.name.is_some_and(|name| name.len() <= 110), "{text}");
        }
        assert!(collector.finish().0.is_empty());
    }

    #[test]
    fn a_report_has_a_bound_and_names_have_a_digest() {
        let linked = One::default();
        let mut collector = Collector::new(&linked);
        collector.most = 25;
        let number = |n: u8| [GIF, &[n]].concat();
        let absent = |media: Option<Media>| media.and_then(|media| media.absent);
        assert_eq!(absent(collector.bytes(&number(1))), None);
        assert_eq!(absent(collector.bytes(&number(2))), None);
        assert_eq!(absent(collector.bytes(&number(3))), Some(NoMedia::Full));
        assert_eq!(absent(collector.bytes(&number(1))), None, "it is there already");
        assert_eq!(collector.finish().1, None, "nothing was named");
        let digest = |names: &[&str]| {
            let mut collector = Collector::new(&linked);
            names.iter().for_each(|name| drop(collector.text(name)));
            collector.finish().1
        };
        assert_eq!(digest(&["a.gif", "b.gif"]), digest(&["b.gif", "a.gif", "b.gif"]));
        assert_ne!(digest(&["a.gif", "b.gif"]), digest(&["a.gif", "c.gif"]));
        let large = vec![b'x'; MAX_MEDIA_FILE as usize + 1];
        assert_eq!(absent(Collector::new(&linked).bytes(&large)), Some(NoMedia::TooLarge));
    }
}
