//! A network in memory, so that tests run on virtual time, and a server in it.

use std::{io, num::NonZeroUsize, sync::Arc};

use axum::Router;
use floe_core::keys::NetworkSecretKey;
use floe_env::{BoxFuture, Env, Inline, Net, OsDisk, OsRng, Stream, SystemClock, TokioSpawn};
use tokio::{
    io::{DuplexStream, duplex},
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;

const PIPE_BYTES: usize = 256 << 10;

/// Every connection ends up in one queue.
#[derive(Debug)]
struct MemoryNet(mpsc::Sender<DuplexStream>);

impl Net for MemoryNet {
    fn connect(&self, _host: &str, _port: u16) -> BoxFuture<'static, io::Result<Stream>> {
        let sender = self.0.clone();
        Box::pin(async move {
            let (ours, theirs) = duplex(PIPE_BYTES);
            let refused = |_| io::Error::from(io::ErrorKind::ConnectionRefused);
            sender.send(theirs).await.map_err(refused)?;
            Ok(Stream::new(ours))
        })
    }
}

/// A world whose network leads to the returned queue.
pub(crate) fn world() -> (Env, mpsc::Receiver<DuplexStream>) {
    let (sender, receiver) = mpsc::channel(NonZeroUsize::MIN.get());
    let env = Env {
        clock: Arc::new(SystemClock::new()),
        rng: Arc::new(OsRng),
        spawn: Arc::new(TokioSpawn::current()),
        compute: Arc::new(Inline),
        net: Arc::new(MemoryNet(sender)),
        disk: Arc::new(OsDisk),
    };
    (env, receiver)
}

/// Serves what `routes` gives for each connection, over TLS if there is a key.
pub(crate) fn serve(
    mut connections: mpsc::Receiver<DuplexStream>,
    mut routes: impl FnMut() -> Router + Send + 'static,
    key: Option<NetworkSecretKey>,
) {
    let tls = key.map(|key| acceptor(&key));
    tokio::spawn(async move {
        while let Some(stream) = connections.recv().await {
            let service = hyper_util::service::TowerToHyperService::new(routes());
            let tls = tls.clone();
            tokio::spawn(async move {
                let http = hyper::server::conn::http1::Builder::new();
                match tls {
                    None => {
                        let io = hyper_util::rt::TokioIo::new(stream);
                        let _ = http.serve_connection(io, service).await;
                    }
                    Some(tls) => {
                        let Ok(stream) = tls.accept(stream).await else {
                            return;
                        };
                        let io = hyper_util::rt::TokioIo::new(stream);
                        let _ = http.serve_connection(io, service).await;
                    }
                }
            });
        }
    });
}

fn acceptor(key: &NetworkSecretKey) -> TlsAcceptor {
    let der = key.to_pkcs8_der().to_vec();
    let pair = rcgen::KeyPair::try_from(der.clone()).unwrap();
    let params = rcgen::CertificateParams::new(vec![key.public_key().server_name()]).unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls_pki_types::PrivateKeyDer::Pkcs8(der.into()),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
