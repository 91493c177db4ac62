//! Connections that die without a word.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use crate::support::*;
use floe_contracts::{Chain, RpcOptions};
use floe_env::{BoxFuture, Env, Net, Stream, TcpNet, UnixMillis, testing::ManualClock};
use futures::poll;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A network whose connections can all be made to die at once.
#[derive(Debug, Default)]
struct FrailNet {
    dead: std::sync::Mutex<Arc<AtomicBool>>,
}

impl FrailNet {
    fn kill(&self) {
        let mut dead = self.dead.lock().unwrap();
        dead.store(true, Ordering::Relaxed);
        *dead = Arc::default();
    }
}

impl Net for FrailNet {
    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Stream>> {
        let inner = TcpNet::new().connect(host, port);
        let dead = Arc::clone(&self.dead.lock().unwrap());
        Box::pin(async move {
            let inner = inner.await?;
            Ok(Stream::new(FrailStream { inner, dead }))
        })
    }
}

/// Dead, it takes everything and gives nothing.
struct FrailStream {
    inner: Stream,
    dead: Arc<AtomicBool>,
}

impl FrailStream {
    fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }
}

impl AsyncRead for FrailStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_dead() {
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for FrailStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_dead() {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_an_answer_is_repeated_over_a_new_connection() {
    let network = Network::start().await;
    let clock = ManualClock::new(UnixMillis(0));
    let net = Arc::new(FrailNet::default());
    let env = Env {
        clock: Arc::new(clock.clone()),
        net: Arc::clone(&net) as Arc<dyn Net>,
        ..env()
    };
    let options = RpcOptions {
        attempts: 2,
        ..RpcOptions::default()
    };
    let chain = Chain::new(&env, [&network.url], options.clone()).unwrap();
    let before = chain.service_info().await.unwrap();
    net.kill();
    let mut call = std::pin::pin!(chain.service_info());
    assert!(poll!(&mut call).is_pending());
    // The answer is late, the pause over; from then on the clock stands still.
    clock.advance(options.timeout);
    assert!(poll!(&mut call).is_pending());
    clock.advance(options.backoff_min);
    let answer = tokio::time::timeout(Duration::from_secs(60), call).await;
    let answer = answer.expect("the dead connection is not asked again");
    assert_eq!(answer.unwrap().chain_id, before.chain_id);
}
