//! A network of their own for the tests of a file, and the built program run in a folder on it.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use floe_contracts::SecretKey;
use floe_env::testing::SeededRng;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

const FLOE: &str = env!("CARGO_BIN_EXE_floe");

/// A running devnet and a folder in which commands are run; both are gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Devnet {
    child: Child,
    variables: BTreeMap<String, String>,
    folder: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Devnet {
    /// A network of five nodes with two shards each: `f` is 3, so that one node may be lost at once.
    pub(crate) fn start() -> Self {
        Self::with(&["--nodes", "5", "--shards", "10"])
    }

    /// A network as these arguments of `floe devnet` have it.
    pub(crate) fn with(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        let mut child = Command::new(FLOE)
            .args(["devnet", "--json", "--dir", "net"])
            .args(args)
            .current_dir(folder.path())
            .env("XDG_RUNTIME_DIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It prints one document, when all is ready.
        let stdout = child.stdout.take().unwrap();
        let ready = serde_json::Deserializer::from_reader(stdout)
            .into_iter::<Value>()
            .next();
        let ready = ready.expect("the devnet ended").unwrap();
        let lines = ready["lines"].as_object().unwrap();
        let variables = lines
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        Self {
            child,
            variables,
            folder,
        }
    }

    pub(crate) fn variable(&self, name: &str) -> &str {
        &self.variables[name]
    }

    /// A path in the folder in which commands run.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("work").join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The names in that folder, temporary ones too.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The program, to be run there with the variables that the devnet gives to a shell.
    pub(crate) fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(FLOE);
        command
            .args(args)
            .current_dir(self.path(""))
            .env_clear()
            .envs(&self.variables)
            .env("HOME", self.path(""))
            .env("TMPDIR", self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program with arguments separated by blanks.
    pub(crate) fn floe(&self, args: &str) -> Ran {
        self.floe_with(&args.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn floe_with(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// Runs the program, which must succeed, and returns what it printed.
    pub(crate) fn text(&self, args: &str) -> String {
        let ran = self.floe(args);
        assert_eq!(ran.code, Some(0), "floe {args}: {}", ran.stderr);
        String::from_utf8(ran.stdout).unwrap()
    }

    /// Runs `floe … --json`, which must succeed.
    pub(crate) fn json(&self, args: &str) -> Value {
        self.json_with(&args.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn json_with(&self, args: &[&str]) -> Value {
        let ran = self.floe_with(&[args, &["--json"]].concat());
        assert_eq!(ran.code, Some(0), "floe {args:?}: {}", ran.stderr);
        serde_json::from_slice(&ran.stdout).unwrap()
    }

    /// Runs `floe … --json`, which must fail with that code, without data, and returns the error.
    #[track_caller]
    pub(crate) fn error(&self, args: &str, code: i32) -> Value {
        let mut command = self.command(args.split_whitespace().chain(["--json"]));
        Ran::of(&mut command).error_of(args, code)
    }

    /// Stores a file for some epochs. Its blob and object ids.
    pub(crate) fn store(&self, args: &str) -> (String, String) {
        let stored = self.json(&format!("store {args}"));
        let object = &stored[0]["blobStoreResult"]["newlyCreated"]["blobObject"];
        let id = |key: &str| object[key].as_str().unwrap_or_else(|| panic!("{stored}"));
        (id("blobId").to_owned(), id("id").to_owned())
    }

    /// All that the wallet has, in MIST and FROST.
    pub(crate) fn balances(&self) -> (u64, u64) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let key = SecretKey::parse(self.variable("SUI_SECRET_KEY")).unwrap();
        runtime.block_on(async {
            let balances = self.contracts().balances(key.address()).await.unwrap();
            (balances.sui_mist, balances.wal_frost)
        })
    }

    /// The contracts; to be called within a runtime.
    pub(crate) fn contracts(&self) -> floe_contracts::Contracts {
        let network = floe_contracts::NetworkConfig::new(
            self.variable("SYSTEM_OBJECT_ID").parse().unwrap(),
            self.variable("STAKING_OBJECT_ID").parse().unwrap(),
            [self.variable("SUI_GRPC_URL")],
        );
        let env = floe_env::Env::production(floe_env::PoolSize::default()).unwrap();
        let options = floe_contracts::RpcOptions::default();
        let chain = floe_contracts::Chain::new(&env, &network.rpc_urls, options).unwrap();
        floe_contracts::Contracts::new(chain, network)
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let ended = self.child.wait();
        if !std::thread::panicking() {
            assert!(ended.unwrap().success(), "the devnet stops cleanly");
        }
    }
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The error of a run with `--json` that must have failed with that code, without data.
    #[track_caller]
    pub(crate) fn error(&self, code: i32) -> Value {
        self.error_of("", code)
    }

    /// The same, of a run with these arguments.
    #[track_caller]
    pub(crate) fn error_of(&self, args: &str, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{args}: {}", self.stderr);
        assert_eq!(self.stdout, b"", "{args}: data beside the error");
        let document: Value =
            serde_json::from_str(&self.stderr).unwrap_or_else(|_| panic!("{}", self.stderr));
        document["error"].clone()
    }
}

/// The key of a wallet that has nothing, in Sui's own form.
pub(crate) fn poor_key(seed: u64) -> (String, String) {
    let key = SecretKey::generate(&SeededRng::new(seed));
    let text = key.to_suiprivkey().unwrap();
    (text.to_string(), key.address().to_string())
}

/// The content rule of the official vectors.
pub(crate) fn content(size: usize, seed: usize) -> Vec<u8> {
    let byte = |i: usize| {
        let mixed = (i * 167 + 13 + seed * 101) ^ ((i >> 8) * 59) ^ ((i >> 16) * 197);
        mixed.to_le_bytes()[0]
    };
    (0..size).map(byte).collect()
}

/// Whether each key of an object is one of these, and the other way round.
#[track_caller]
pub(crate) fn assert_keys(value: &Value, keys: &[&str]) {
    let mut found: Vec<_> = value.as_object().unwrap().keys().collect();
    let mut expected: Vec<_> = keys.iter().collect();
    found.sort();
    expected.sort();
    assert_eq!(
        found.iter().map(|key| key.as_str()).collect::<Vec<_>>(),
        expected.iter().map(|key| **key).collect::<Vec<_>>(),
        "{value}"
    );
}
