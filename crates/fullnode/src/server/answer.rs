//! Answers that must be read.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};

use super::connections::{Connection, Unread};

/// A body that tells its connection whether the peer takes it: it is polled when there is room
/// towards the peer, and only then.
#[derive(Debug)]
pub(super) struct WatchedBody {
    inner: Body,
    unread: Unread,
}

impl WatchedBody {
    pub(super) fn wrap(inner: Body, connection: &Connection) -> Body {
        if http_body::Body::is_end_stream(&inner) {
            return inner;
        }
        let unread = connection.unread();
        Body::new(Self { inner, unread })
    }
}

impl http_body::Body for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(_))) => self.unread.since_now(),
            Poll::Ready(_) | Poll::Pending => self.unread.nothing(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
