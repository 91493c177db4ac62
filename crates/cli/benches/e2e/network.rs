//! The network: a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use floe_client::{Client, ClientConfig};
use floe_contracts::{Contracts, NetworkConfig, RpcOptions, SecretKey, Wallet, WalletOptions};
use floe_devnet::control::{self, Request};
use floe_env::{Env, PoolSize};
use rustix::process::{Pid, Signal, kill_process};

/// How long a network may take to be ready.
const READY_POLLS_MAX: u32 = 6000;
const POLL: Duration = Duration::from_millis(10);

/// A network that runs; killed if it is dropped.
pub struct Network {
    child: Child,
    dir: tempfile::TempDir,
    pub client: Client,
    pub wallet: Wallet,
}

impl Network {
    pub async fn start(nodes: usize, n_shards: u16) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let env_file = dir.path().join("env");
        let mut child = Command::new(env!("CARGO_BIN_EXE_floe"))
            .args(["devnet", "--nodes", &nodes.to_string()])
            .args(["--shards", &n_shards.to_string()])
            .arg("--dir")
            .arg(dir.path().join("devnet"))
            .arg("--env-file")
            .arg(&env_file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..READY_POLLS_MAX {
            assert!(child.try_wait().unwrap().is_none(), "the network ended");
            if env_file.is_file() {
                break;
            }
            tokio::time::sleep(POLL).await;
        }
        let env = Env::production(PoolSize::default()).unwrap();
        let devnet = dir.path().join("devnet");
        let config = devnet.join("client_config.yaml");
        let config = NetworkConfig::from_yaml(&std::fs::read_to_string(config).unwrap(), None);
        let contracts = Contracts::connect(&env, config.unwrap(), RpcOptions::default());
        let contracts = contracts.await.unwrap();
        let key = secret_key(&std::fs::read_to_string(&env_file).unwrap());
        let wallet = Wallet::new(contracts.clone(), Arc::new(key), WalletOptions::default());
        let config = ClientConfig {
            tmp_dir: dir.path().to_owned(),
            ..ClientConfig::default()
        };
        Self {
            client: Client::new(env, contracts, config),
            child,
            dir,
            wallet,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A folder for files.
    pub fn scratch(&self) -> &Path {
        self.dir.path()
    }

    pub fn stop_node(&self, node: usize) {
        let dir: PathBuf = self.dir.path().join("devnet");
        control::ask(&dir, Request::StopNode { node }).unwrap();
    }

    /// Ends the network in order.
    pub fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn secret_key(env: &str) -> SecretKey {
    let mut lines = env.lines();
    let line = lines.find(|line| line.contains("SUI_SECRET_KEY=")).unwrap();
    let (_, value) = line.split_once('=').unwrap();
    SecretKey::parse(value.trim_matches(['\'', '"'])).unwrap()
}
