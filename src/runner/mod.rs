//! Evaluates a model service over a golden dataset: the only place for calls to a service.
//!
//! ```text
//! golden dataset ─► work (samples of one request) ─► request ─► service ─► answer ─► spool ─► predictions file
//!                        ▲                                       │
//!                        └──────────── halves ◄─ a batch that fails
//! ```
//!
//! Answers are on disk before they count (`spool`), so that an evaluation that ended in any way goes on where it was.
//! What comes out is a predictions file, which is imported like any other: one atomic snapshot, or nothing.
//! Must not know tables, comparisons or pages.

mod answer;
mod ask;
mod bento;
mod drive;
mod error;
mod fetch;
mod pressure;
mod request;
mod rows;
mod service;
mod spool;
mod supervise;
mod wire;
mod work;

pub use answer::{AnswerFields, Decoder};
pub use ask::Asker;
pub use bento::{Bento, BentoSpec};
pub use drive::{Standing, drive};
pub use error::RunnerError;
pub use fetch::{bytes_digest, fetch};
pub use pressure::{MAX_BATCH, MAX_CONCURRENCY, Pressure};
pub use request::{Encoder, InputStyle, JsonRequest};
pub use rows::{SampleError, is_taken, preflight, seal};
pub use service::{Identity, NotReady, Route, Service};
pub use spool::{Done, RunFile, Spool, Unfinished};
pub use supervise::{Stop, supervise};
pub use wire::Wire;
