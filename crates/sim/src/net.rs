//! The simulator's network as services see it.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use floe_env::{Accept, BoxFuture, Listener, Net, Stream};

/// Connections between simulated hosts, by their names.
#[derive(Debug, Clone, Copy)]
pub struct SimNet;

impl Net for SimNet {
    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Stream>> {
        let target = (host.to_owned(), port);
        Box::pin(async {
            turmoil::net::TcpStream::connect(target)
                .await
                .map(Stream::new)
        })
    }
}

/// Listens on a port of the simulated host it is called on.
///
/// # Errors
/// If the port is taken.
pub async fn listen(port: u16) -> io::Result<Listener> {
    let listener = turmoil::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await?;
    Ok(Box::new(SimListener(listener)))
}

struct SimListener(turmoil::net::TcpListener);

impl fmt::Debug for SimListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimListener")
    }
}

impl Accept for SimListener {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(Stream, SocketAddr)>> {
        Box::pin(async {
            let (stream, peer) = self.0.accept().await?;
            Ok((Stream::new(stream), peer))
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}
