//! How many calls are answered at the same time.
//!
//! A call counts until its answer has been read to the end, so that clients that read slowly cannot
//! make answers pile up. Subscriptions are counted on their own ([`super::subscribe`]).

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http_body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Paths of calls that never end by themselves.
const SUBSCRIPTIONS: &str = "/sui.rpc.v2.SubscriptionService/";

/// Waits for a free slot, answers, and keeps the slot until the answer has been read.
pub(crate) async fn admit(
    State(slots): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with(SUBSCRIPTIONS) {
        return next.run(request).await;
    }
    let slot = slots.acquire_owned().await;
    let response = next.run(request).await;
    match slot {
        Ok(slot) => response.map(|inner| Body::new(Counted { inner, _slot: slot })),
        // Nobody closes the semaphore.
        Err(_) => response,
    }
}

/// A body that holds a slot.
struct Counted {
    inner: Body,
    _slot: OwnedSemaphorePermit,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
