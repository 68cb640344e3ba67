//! Reads from a catalog, repeated while that may help. Commits are never repeated here.

use backon::{ExponentialBuilder, Retryable};
use std::future::Future;
use std::time::{Duration, Instant};

/// How long a server may be away. A database that is locked is waited for besides, some seconds at each attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Some three seconds: nothing is lost yet.
    Short,
    /// Half a minute: a commit may have happened, which only the server can tell.
    Long,
}

impl Patience {
    /// Time after which no further attempt begins: one that is not answered takes long by itself.
    fn limit(self) -> Duration {
        match self {
            Patience::Short => Duration::from_secs(20),
            Patience::Long => Duration::from_secs(90),
        }
    }
}

/// Repeats a read while the server is out of reach or overloaded, or the database locked.
pub(super) async fn idempotent<T, F, R>(patience: Patience, read: F) -> iceberg::Result<T>
where
    F: FnMut() -> R,
    R: Future<Output = iceberg::Result<T>>,
{
    let delays = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(4))
        .with_max_times(match patience {
            Patience::Short => 4,
            Patience::Long => 11,
        })
        .with_jitter();
    let (begun, limit) = (Instant::now(), patience.limit());
    read.retry(delays)
        .when(|error| may_pass(error) && begun.elapsed() < limit)
        .await
}

/// Whether an error is of the server, the network or a lock, rather than an answer.
fn may_pass(error: &iceberg::Error) -> bool {
    let text = format!("{error:?}");
    let away = [
        "error sending request",
        "connection closed",
        "operation timed out",
        "error communicating with database",
    ];
    let busy = [
        "429 Too Many Requests",
        "500 Internal",
        "502 Bad",
        "503 Service",
        "504 Gateway",
    ];
    super::append::is_locked(error)
        || error.kind() == iceberg::ErrorKind::Unexpected && away.iter().chain(&busy).any(|sign| text.contains(sign))
}
