//! Connections on which nothing moves end.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use floe_env::{BoxFuture, Clock, Moment, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that fails once nothing was read or written for some time, whatever waits on it.
pub(super) struct IdleStream {
    inner: Stream,
    clock: Arc<dyn Clock>,
    limit: Duration,
    moved_at: Moment,
    alarm: BoxFuture<'static, ()>,
}

impl IdleStream {
    pub(super) fn new(inner: Stream, clock: Arc<dyn Clock>, limit: Duration) -> Self {
        let moved_at = clock.monotonic();
        let alarm = clock.sleep_until(moved_at.after(limit));
        Self {
            inner,
            clock,
            limit,
            moved_at,
            alarm,
        }
    }

    /// Notes that something moved, or, if it did not, looks at the time.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.moved_at = self.clock.monotonic();
            return polled;
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            let deadline = self.moved_at.after(self.limit);
            if self.clock.monotonic() >= deadline {
                let message = format!("nothing moved for {:?}", self.limit);
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)));
            }
            self.alarm = self.clock.sleep_until(deadline);
        }
        Poll::Pending
    }
}

impl fmt::Debug for IdleStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdleStream")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl AsyncRead for IdleStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.watch(cx, polled)
    }
}

impl AsyncWrite for IdleStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.watch(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.watch(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_flush(cx);
        self.watch(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.watch(cx, polled)
    }
}
