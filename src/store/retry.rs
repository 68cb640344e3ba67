//! Reads from a catalog server, repeated while that may help. Commits are never repeated here.

use backon::{ExponentialBuilder, Retryable};
use std::future::Future;
use std::time::Duration;

/// How long a server may be away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// It is a file.
    None,
    /// Some three seconds: nothing is lost yet.
    Short,
    /// Half a minute: a commit may have happened, which only the server can tell.
    Long,
}

/// Repeats a read while the server is out of reach or overloaded.
pub(super) async fn idempotent<T, F, R>(patience: Patience, read: F) -> iceberg::Result<T>
where
    F: FnMut() -> R,
    R: Future<Output = iceberg::Result<T>>,
{
    let delays = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(4))
        .with_max_times(match patience {
            Patience::None => 0,
            Patience::Short => 4,
            Patience::Long => 11,
        })
        .with_jitter();
    read.retry(delays).when(may_pass).await
}

/// Whether an error is the server's or the network's, rather than an answer.
fn may_pass(error: &iceberg::Error) -> bool {
    let text = format!("{error:?}");
    let away = ["error sending request", "connection closed", "operation timed out"];
    let busy = [
        "429 Too Many Requests",
        "500 Internal",
        "502 Bad",
        "503 Service",
        "504 Gateway",
    ];
    error.kind() == iceberg::ErrorKind::Unexpected && away.iter().chain(&busy).any(|sign| text.contains(sign))
}
