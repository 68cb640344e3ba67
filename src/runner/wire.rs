//! How many requests are on their way at once.
//!
//! Only the exchange itself takes a place: meanwhile the next body is made and the last answer is read, so that the
//! service never waits for this side.

use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Counts the requests on their way. The limit may change from one request to the next.
#[derive(Debug, Default)]
pub struct Wire {
    under_way: Mutex<usize>,
    freed: Notify,
}

/// A place on the wire, free again when this is dropped, whatever became of the request.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a Wire);

impl Wire {
    /// Waits until fewer than `limit` requests are on their way.
    pub(super) async fn enter(&self, limit: impl Fn() -> usize) -> Place<'_> {
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            // From here on no place that becomes free is missed.
            freed.as_mut().enable();
            if self.take(limit().max(1)) {
                return Place(self);
            }
            freed.await;
        }
    }

    fn take(&self, limit: usize) -> bool {
        let mut under_way = self.count();
        let free = *under_way < limit;
        *under_way += usize::from(free);
        free
    }

    fn count(&self) -> MutexGuard<'_, usize> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.count() -= 1;
        self.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn never_more_than_the_limit_and_nobody_waits_forever() {
        let (wire, now, most) = (
            Arc::new(Wire::default()),
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicUsize::new(0)),
        );
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let (wire, now, most) = (Arc::clone(&wire), Arc::clone(&now), Arc::clone(&most));
            tasks.spawn(async move {
                let _place = wire.enter(|| 3).await;
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(std::time::Duration::from_micros(300)).await;
                now.fetch_sub(1, Ordering::SeqCst);
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }
}
