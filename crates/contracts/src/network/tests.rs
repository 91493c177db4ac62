use super::*;

const ONE: &str = "0x2134d52768ea07e8c43570ef975eb3e4c27a39fa6396bef985b5abc58d03ddd2";
const TWO: &str = "0x10b9d30c28448939ce6c4d6c6e0ffce4a7f8a4ada8248bdad09ef8b70e4a3904";

#[test]
fn the_official_clients_file_is_read() {
    let text = format!(
        "contexts:
  mainnet:
    system_object: {ONE}
    staking_object: {TWO}
    n_shards: 1000
    exchange_objects: []
    wallet_config:
      path: ~/.sui/sui_config/client.yaml
      active_env: mainnet
    rpc_urls:
      - https://fullnode.mainnet.sui.io:443
    communication_config:
      max_concurrent_writes: 7
  testnet:
    system_object: {TWO}
    staking_object: {ONE}
    subsidies_object: {ONE}
default_context: mainnet
"
    );
    let config = NetworkConfig::from_yaml(&text, None).unwrap();
    assert_eq!(config.system_object, ONE.parse().unwrap());
    assert_eq!(config.n_shards, Some(1000));
    assert_eq!(config.rpc_urls, ["https://fullnode.mainnet.sui.io:443"]);
    let config = NetworkConfig::from_yaml(&text, Some("testnet")).unwrap();
    assert_eq!(config.credits_object, Some(ONE.parse().unwrap()));
    let again = NetworkConfig::from_yaml(&config.to_yaml().unwrap(), None).unwrap();
    assert_eq!(again, config);
    let error = NetworkConfig::from_yaml(&text, Some("devnet")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no context \"devnet\"; there are mainnet, testnet"
    );
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let error = |text: &str| {
        NetworkConfig::from_yaml(text, None)
            .unwrap_err()
            .to_string()
    };
    let unknown = format!("system_object: {ONE}\nstaking_object: {TWO}\nsystem_objekt: 1\n");
    assert!(error(&unknown).starts_with("unknown key \"system_objekt\"; known are system_object,"));
    let missing = error(&format!("system_object: {ONE}\n"));
    assert!(
        missing.contains("missing field `staking_object`"),
        "{missing}"
    );
    let malformed = error(&format!("system_object: 0xzz\nstaking_object: {TWO}\n"));
    assert!(
        malformed.starts_with("malformed configuration: "),
        "{malformed}"
    );
    let two = "contexts: {a: {}, b: {}}";
    assert!(error(two).starts_with("several contexts (a, b)"));
}

#[test]
fn what_is_known_of_the_chain_is_kept_in_the_file() {
    let trust = Trust {
        chain_id: Digest::new([3; 32]),
        epoch: 4,
        first_checkpoint: 5,
        validators: vec![ValidatorCommitteeMember {
            public_key: sui_sdk_types::Bls12381PublicKey::new([6; 96]),
            stake: 10_000,
        }],
        event_packages: vec![ONE.parse().unwrap()],
    };
    let mut config = NetworkConfig::new(
        ONE.parse().unwrap(),
        TWO.parse().unwrap(),
        ["http://[::1]:9000"],
    );
    config.trust = Some(trust);
    let text = config.to_yaml().unwrap();
    assert_eq!(NetworkConfig::from_yaml(&text, None).unwrap(), config);
}
