//! The memory pool within a limit: like DataFusion's fair one, but with room that sorts may not take.
//!
//! With the fair pool sorts fill the whole limit. Each then frees a reserve of its own in order to sort what it holds,
//! another sort takes what was freed, and the first one fails for want of a few megabytes instead of spilling. And a sort
//! that spills holds its rows once more while it merges them, under another name, which cannot spill.

use datafusion::common::{DataFusionError, Result as DfResult};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bounds what is held; consumers that can spill share a part of it evenly.
#[derive(Debug)]
pub(super) struct RoomyPool {
    limit: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    spillers: usize,
    spillable: usize,
    other: usize,
}

impl RoomyPool {
    pub(super) fn new(limit: usize) -> RoomyPool {
        RoomyPool {
            limit,
            held: Mutex::new(Held::default()),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryPool for RoomyPool {
    fn register(&self, consumer: &MemoryConsumer) {
        self.held().spillers += usize::from(consumer.can_spill());
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        let mut held = self.held();
        held.spillers = held.spillers.saturating_sub(usize::from(consumer.can_spill()));
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        let mut held = self.held();
        match reservation.consumer().can_spill() {
            true => held.spillable += additional,
            false => held.other += additional,
        }
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let mut held = self.held();
        match reservation.consumer().can_spill() {
            true => held.spillable = held.spillable.saturating_sub(shrink),
            false => held.other = held.other.saturating_sub(shrink),
        }
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> DfResult<()> {
        let mut held = self.held();
        let fits = match reservation.consumer().can_spill() {
            true => {
                let together = (self.limit / 8 * 3).min(self.limit.saturating_sub(held.other));
                let share = together.checked_div(held.spillers).unwrap_or(together);
                reservation.size() + additional <= share && held.spillable + additional <= together
            }
            false => held.spillable + held.other + additional <= self.limit,
        };
        if !fits {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{} needs {additional} bytes beside its {}, and {} of {} are taken",
                reservation.consumer().name(),
                reservation.size(),
                held.spillable + held.other,
                self.limit
            )));
        }
        match reservation.consumer().can_spill() {
            true => held.spillable += additional,
            false => held.other += additional,
        }
        Ok(())
    }

    fn reserved(&self) -> usize {
        let held = self.held();
        held.spillable + held.other
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn sorts_leave_room_for_what_cannot_spill() {
        let pool: Arc<dyn MemoryPool> = Arc::new(RoomyPool::new(800));
        let sort = |name: &str| MemoryConsumer::new(name).with_can_spill(true).register(&pool);
        let (first, second) = (sort("a"), sort("b"));
        first.try_grow(150).unwrap();
        assert!(first.try_grow(1).is_err(), "more than half of three eighths");
        second.try_grow(150).unwrap();
        let merge = MemoryConsumer::new("m").register(&pool);
        merge.try_grow(500).unwrap();
        assert!(merge.try_grow(1).is_err());
        assert_eq!(pool.reserved(), 800);
        drop((first, merge));
        assert_eq!(pool.reserved(), 150);
        // Alone, a sort may have what both had.
        second.try_grow(150).unwrap();
    }
}
