//! Room in memory for what comes and goes, of which there is only so much.

use std::sync::Arc;

use bytes::Bytes;
use floe_api::{ApiError, Reason};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Limits;
use crate::shared::{Answer, Shared};

/// Bytes that one permit stands for.
const PERMIT_BYTES: usize = 1024;

/// All the room there is.
#[derive(Debug)]
pub(crate) struct Rooms {
    free: Arc<Semaphore>,
    permits: usize,
    /// Places in the queue for it.
    queue: Semaphore,
}

/// A part of the room, given back when dropped.
#[derive(Debug)]
pub(crate) struct Room {
    _permit: OwnedSemaphorePermit,
}

/// Something to be sent, and the room it is in.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) bytes: Bytes,
    _room: Room,
}

impl Parcel {
    pub(crate) const fn new(bytes: Bytes, room: Room) -> Self {
        Self { bytes, _room: room }
    }
}

impl Rooms {
    pub(crate) fn new(limits: &Limits) -> Self {
        let permits = (limits.in_flight_bytes / PERMIT_BYTES).max(1);
        Self {
            free: Arc::new(Semaphore::new(permits)),
            permits,
            queue: Semaphore::new(limits.admission_queue),
        }
    }

    pub(crate) fn free_bytes(&self) -> usize {
        self.free.available_permits() * PERMIT_BYTES
    }

    /// Permits for `bytes`; all there are for what is larger than that.
    fn permits(&self, bytes: usize) -> u32 {
        let permits = bytes.div_ceil(PERMIT_BYTES).clamp(1, self.permits);
        u32::try_from(permits).unwrap_or(u32::MAX)
    }
}

impl Shared {
    /// Waits for room for `bytes`, for a while. Nothing of that size is to be in memory before.
    pub(crate) async fn room(&self, bytes: usize) -> Answer<Room> {
        let permits = self.rooms.permits(bytes);
        let free = || Arc::clone(&self.rooms.free);
        if let Ok(permit) = free().try_acquire_many_owned(permits) {
            return Ok(Room { _permit: permit });
        }
        let refused = || {
            self.metrics.refused.inc();
            let message = "the node has too much to do, try again later";
            ApiError::new(Reason::Unavailable, message)
        };
        let _place = self.rooms.queue.try_acquire().map_err(|_| refused())?;
        let wait = self.options.limits.admission_wait();
        let acquired = free().acquire_many_owned(permits);
        match self.env.clock.timeout(wait, acquired).await {
            Ok(Ok(permit)) => Ok(Room { _permit: permit }),
            _ => Err(refused()),
        }
    }
}
