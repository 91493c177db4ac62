//! Bodies: sent in pieces so that it shows whether they move, received up to a limit.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use floe_env::{Clock, Elapsed};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use prometheus_client::metrics::counter::Counter;

/// Bodies are handed over in pieces of this many bytes.
const PIECE_BYTES: usize = 64 << 10;
/// An announced length is believed up to here before the bytes have come.
const TRUSTED_BYTES: usize = 1 << 20;

/// Grows with every byte of a request that moves, in either direction. Clones grow together.
///
/// Whoever waits for an answer sees by it whether the node is slow or silent.
#[derive(Debug, Clone, Default)]
pub struct Moved(Arc<AtomicU64>);

impl Moved {
    /// A number that is greater than before if something has moved since.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64 + 1, Ordering::Relaxed);
    }

    /// Runs `future` until it is done, or nothing has moved for `stall`, or `total` has passed.
    pub(crate) async fn watch<F: Future>(
        &self,
        clock: &dyn Clock,
        stall: Duration,
        total: Duration,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        let end = clock.monotonic().after(total);
        let mut future = std::pin::pin!(future);
        loop {
            let before = self.0.load(Ordering::Relaxed);
            let left = end.since(clock.monotonic());
            let wait = stall.min(left);
            match clock.timeout(wait, future.as_mut()).await {
                Ok(output) => return Ok(output),
                Err(_) if wait == left => return Err(Elapsed { limit: total }),
                Err(_) if self.0.load(Ordering::Relaxed) == before => {
                    return Err(Elapsed { limit: stall });
                }
                Err(_) => {}
            }
        }
    }
}

/// A request's body.
#[derive(Debug)]
pub(crate) struct Outgoing {
    rest: Bytes,
    moved: Moved,
    sent: Counter,
}

impl Outgoing {
    pub(crate) const fn new(bytes: Bytes, moved: Moved, sent: Counter) -> Self {
        Self {
            rest: bytes,
            moved,
            sent,
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.rest.len().min(PIECE_BYTES);
        if length == 0 {
            return Poll::Ready(None);
        }
        let piece = self.rest.split_to(length);
        self.moved.add(length);
        self.sent.inc_by(length as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// Why a body was not received.
#[derive(Debug)]
pub(crate) enum ReceiveError {
    TooLong,
    Broken(hyper::Error),
}

/// Receives a body of at most `max` bytes.
pub(crate) async fn receive(
    mut body: Incoming,
    max: usize,
    moved: &Moved,
    received: &Counter,
) -> Result<Vec<u8>, ReceiveError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > max {
        return Err(ReceiveError::TooLong);
    }
    let mut bytes = Vec::with_capacity(announced.min(TRUSTED_BYTES));
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(ReceiveError::Broken)?.into_data() else {
            continue;
        };
        if piece.len() > max - bytes.len() {
            return Err(ReceiveError::TooLong);
        }
        moved.add(piece.len());
        received.inc_by(piece.len() as u64);
        if bytes.len() + piece.len() > bytes.capacity() {
            // Beyond what was trusted, room grows with what has come, and no further than announced.
            let doubled = (2 * bytes.len()).min(announced);
            bytes.reserve_exact(doubled.max(bytes.len() + piece.len()) - bytes.len());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}
