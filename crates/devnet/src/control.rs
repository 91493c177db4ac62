//! The way other programs reach a running devnet: a socket in its folder, one JSON document a line.
//!
//! The socket belongs to the user who started the devnet (mode 0600), so it asks for no token. A
//! request is one line, so is its answer: `{"ok": …}` or `{"error": "…"}`.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use floe_env::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{
    AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader as Buffered,
};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// Bytes of a request; a longer one is refused.
const REQUEST_BYTES_MAX: u64 = 4 << 10;
/// Bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// Connections served at a time; more wait.
const CONNECTIONS_MAX: usize = 16;
/// A peer that says nothing for so long is hung up on.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// What is asked for may take this long: a long advance runs through many epochs.
const ANSWER_TIME_MAX: Duration = Duration::from_mins(10);

/// What a devnet can be asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// How it is.
    Status,
    /// Stop a storage node at once, as a power cut would.
    StopNode {
        /// Which, counted from 0.
        node: usize,
    },
    /// Start a storage node that is stopped or has failed again, on what its disk has.
    StartNode {
        /// Which, counted from 0.
        node: usize,
        /// Put its database aside, and make a new one that the other nodes fill.
        #[serde(default)]
        new_store: bool,
    },
    /// Let chain time pass.
    Advance {
        /// How much.
        millis: u64,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    Ok(Value),
    Error(String),
}

/// Carries out requests.
pub trait Controller: Send + Sync + 'static {
    /// Carries out a request; the text of an error is for people.
    fn carry_out(&self, request: Request) -> BoxFuture<'_, Result<Value, String>>;
}

/// Why a devnet could not be asked. The caller is at fault, except for [`AskError::Refused`], where
/// the devnet says why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Nobody listens.
    #[error("no devnet runs in {}", dir.display())]
    NotRunning {
        /// The folder.
        dir: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the devnet in {} did not answer", dir.display())]
    Broken {
        /// The folder.
        dir: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It says no.
    #[error("{0}")]
    Refused(String),
}

/// The socket of the devnet in `dir`.
pub fn socket(dir: &Path) -> PathBuf {
    dir.join("control.sock")
}

/// Asks the devnet in `dir`; blocks until it answers.
///
/// # Errors
/// [`AskError`].
pub fn ask(dir: &Path, request: Request) -> Result<Value, AskError> {
    let broken = |source| AskError::Broken {
        dir: dir.to_owned(),
        source,
    };
    let mut stream =
        BlockingStream::connect(socket(dir)).map_err(|source| AskError::NotRunning {
            dir: dir.to_owned(),
            source,
        })?;
    let mut line = serde_json::to_vec(&request).map_err(|error| broken(error.into()))?;
    line.push(b'\n');
    stream
        .set_read_timeout(Some(ANSWER_TIME_MAX))
        .map_err(broken)?;
    stream.write_all(&line).map_err(broken)?;
    let mut answer = String::new();
    let read = BufReader::new(stream)
        .take(ANSWER_BYTES_MAX)
        .read_line(&mut answer);
    let read = read.map_err(|error| match error.kind() {
        // What a read that takes too long ends with.
        io::ErrorKind::WouldBlock => {
            let message = format!("nothing came in {} s", ANSWER_TIME_MAX.as_secs());
            broken(io::Error::new(io::ErrorKind::TimedOut, message))
        }
        _ => broken(error),
    });
    if read? == 0 {
        let message = "it ended before it answered";
        return Err(broken(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            message,
        )));
    }
    match serde_json::from_str(&answer).map_err(|error| broken(error.into()))? {
        Answer::Ok(value) => Ok(value),
        Answer::Error(message) => Err(AskError::Refused(message)),
    }
}

/// Opens the socket of the devnet in `dir`, in place of one that a dead devnet left behind.
///
/// # Errors
/// As the system reports them; [`io::ErrorKind::AddrInUse`] if a devnet runs there.
pub fn listen(dir: &Path) -> io::Result<UnixListener> {
    let path = socket(dir);
    match std::fs::symlink_metadata(&path) {
        Ok(_) if BlockingStream::connect(&path).is_ok() => {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Ok(_) => std::fs::remove_file(&path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves requests until dropped.
pub fn serve(listener: UnixListener, controller: Arc<dyn Controller>) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            while connections.try_join_next().is_some() {}
            match listener.accept().await {
                Ok((stream, _)) => {
                    let controller = Arc::clone(&controller);
                    connections.spawn(async move {
                        if let Err(error) = converse(stream, controller.as_ref()).await {
                            tracing::debug!(%error, "a control connection broke");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept control connections");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    })
}

async fn converse(stream: UnixStream, controller: &dyn Controller) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = Buffered::new(reader);
    loop {
        let mut line = String::new();
        let mut limited = (&mut reader).take(REQUEST_BYTES_MAX);
        let read = tokio::time::timeout(SILENCE_MAX, limited.read_line(&mut line)).await??;
        if read == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_str(&line) {
            Ok(request) => match controller.carry_out(request).await {
                Ok(value) => Answer::Ok(value),
                Err(message) => Answer::Error(message),
            },
            Err(error) => Answer::Error(format!("not a request: {error}")),
        };
        let mut text = serde_json::to_vec(&answer)?;
        text.push(b'\n');
        writer.write_all(&text).await?;
        if !line.ends_with('\n') {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Echo;

    impl Controller for Echo {
        fn carry_out(&self, request: Request) -> BoxFuture<'_, Result<Value, String>> {
            Box::pin(async move {
                match request {
                    Request::Status => Ok(serde_json::json!({"nodes": 13})),
                    other => Err(format!("no: {other:?}")),
                }
            })
        }
    }

    async fn asked(dir: PathBuf, request: Request) -> Result<Value, AskError> {
        tokio::task::spawn_blocking(move || ask(&dir, request))
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn requests_are_answered_and_refusals_carried_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_owned();
        assert!(matches!(
            asked(path.clone(), Request::Status).await,
            Err(AskError::NotRunning { .. })
        ));
        let listener = listen(&path).unwrap();
        let mode = std::fs::metadata(socket(&path))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let server = tokio::spawn(serve(listener, Arc::new(Echo)));
        let status = asked(path.clone(), Request::Status).await.unwrap();
        assert_eq!(status["nodes"], 13);
        let refusal = asked(path.clone(), Request::StopNode { node: 3 }).await;
        assert_eq!(refusal.unwrap_err().to_string(), "no: StopNode { node: 3 }");
        assert_eq!(
            listen(&path).unwrap_err().kind(),
            io::ErrorKind::AddrInUse,
            "one devnet in a folder"
        );
        server.abort();
        let _ = server.await;
        listen(&path).expect("the socket of a dead devnet is replaced");
    }

    #[tokio::test]
    async fn garbage_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let server = tokio::spawn(serve(listen(dir.path()).unwrap(), Arc::new(Echo)));
        let path = socket(dir.path());
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = BlockingStream::connect(path).unwrap();
            stream.write_all(b"{\"do\":\"explode\"}\n").unwrap();
            let mut answer = String::new();
            BufReader::new(stream).read_line(&mut answer).unwrap();
            answer
        });
        let answer = answer.await.unwrap();
        assert!(answer.contains("not a request"), "{answer}");
        server.abort();
    }
}
