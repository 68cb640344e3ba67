//! Puts finished reports where others read them: the site's lists, and object storage.
//!
//! A report's folder is written once and never again; only the index and the pointers are rewritten, each by comparing
//! and swapping, so that publishers at the same time lose nothing of each other. Knows nothing of tables or numbers.

mod bucket;
mod error;
mod index;
mod item;
mod list;
mod upload;

pub use bucket::Bucket;
pub use error::PublishError;
pub use item::{Item, diff_folder, folder_of, run_folder};
pub use list::{LIST_NAME, List, Newest};
pub use upload::{Published, check, publish};
