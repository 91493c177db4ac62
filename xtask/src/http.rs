//! Just enough HTTP to ask a node on this machine for a status.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use miette::{IntoDiagnostic, Result, WrapErr, miette};

/// How long a node may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A status line is in the first bytes.
const HEAD_BYTES_MAX: u64 = 64;

/// The status of the answer to `GET http://ADDRESS PATH`.
///
/// # Errors
/// No connection, or no HTTP.
pub(crate) fn get_status(address: &str, path: &str) -> Result<u16> {
    let mut stream = TcpStream::connect(address)
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot connect to {address}"))?;
    stream.set_read_timeout(Some(TIMEOUT)).into_diagnostic()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .into_diagnostic()?;
    let mut head = Vec::new();
    stream
        .take(HEAD_BYTES_MAX)
        .read_to_end(&mut head)
        .into_diagnostic()?;
    let head = String::from_utf8_lossy(&head);
    head.split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| miette!("{address} did not answer in HTTP: {head}"))
}
