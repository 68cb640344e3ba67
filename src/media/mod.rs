//! Images and sounds of samples: told by their first bytes, read from a table or from one folder, and kept within bounds.
//!
//! Whatever a table holds was written by others. Names are followed inside one folder only, nothing of the network is
//! fetched, and what is neither an image nor a sound of a known type never gets into a report.

mod collect;
mod data_uri;
mod folder;
mod sniff;

pub use collect::Collector;
pub use folder::Folder;
pub use sniff::sniff;

use crate::model::NoMedia;
use std::collections::BTreeMap;

/// Files of a report by their paths in it.
pub type MediaFiles = BTreeMap<String, Vec<u8>>;

/// Where the files are that samples name.
pub trait Linked: Send + Sync {
    /// The bytes of a file, no more than [`crate::model::media::MAX_MEDIA_FILE`].
    ///
    /// # Errors
    /// Why there is none.
    fn read(&self, name: &str) -> Result<Vec<u8>, NoMedia>;
}

/// No folder at all: no file is there.
#[derive(Clone, Copy, Debug)]
pub struct Nowhere;

impl Linked for Nowhere {
    fn read(&self, _: &str) -> Result<Vec<u8>, NoMedia> {
        Err(NoMedia::Missing)
    }
}
