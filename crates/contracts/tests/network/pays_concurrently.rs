//! Many transactions of one wallet at once, little money, lost answers.

use std::sync::{Arc, atomic::Ordering};

use crate::support::{proxy::Proxy, *};
use floe_contracts::{Chain, Contracts, RpcOptions, TransactionError, Wallet, WalletOptions};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_of_one_wallet_do_not_get_in_each_others_way() {
    let network = Network::start().await;
    // One coin of each kind: they take turns. Ten: they run side by side.
    for sender in [1, 2] {
        let wallet = network.wallet(user(sender)).await;
        let to = user(50 + sender).address();
        let payments = (1..=20).map(|i| {
            let wallet = wallet.clone();
            tokio::spawn(async move {
                wallet.send_wal(to, i).await.unwrap();
                wallet.send_sui(to, i).await.unwrap();
            })
        });
        for payment in payments.collect::<Vec<_>>() {
            payment.await.unwrap();
        }
        let balances = wallet.contracts().balances(to).await.unwrap();
        assert_eq!((balances.wal_frost, balances.sui_mist), (210, 210));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_wallets_of_one_account_take_turns_by_trying_again() {
    let network = Network::start().await;
    let wallets = [network.wallet(user(1)).await, network.wallet(user(1)).await];
    let to = user(60).address();
    let payments = (0..10).map(|i| {
        let wallet = wallets[i % 2].clone();
        tokio::spawn(async move { wallet.send_wal(to, 1).await })
    });
    let mut paid = 0;
    for payment in payments.collect::<Vec<_>>() {
        match payment.await.unwrap() {
            Ok(_) => paid += 1,
            Err(error) => assert!(matches!(error, TransactionError::Refused(_)), "{error}"),
        }
    }
    assert!(paid >= 8, "{paid} of 10 paid");
    let balances = wallets[0].contracts().balances(to).await.unwrap();
    assert_eq!(balances.wal_frost, paid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_little_money_is_said_with_amounts() {
    let network = Network::start().await;
    let rich = network.wallet(user(1)).await;
    let error = rich
        .send_wal(user(2).address(), 2000 * WAL)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "payment: 2000000000000 FROST needed, 1000000000000 FROST available to {}; get WAL for \
             that address",
            rich.address()
        )
    );
    let poor = network.wallet(user(3)).await;
    let error = poor.send_wal(user(2).address(), 1).await.unwrap_err();
    assert!(matches!(
        error,
        TransactionError::InsufficientWal {
            needed_frost: 1,
            available_frost: 0,
            ..
        }
    ));
    let error = poor.send_sui(user(2).address(), SUI).await.unwrap_err();
    assert!(matches!(
        error,
        TransactionError::InsufficientSui {
            available_mist: 10_000_000,
            ..
        }
    ));
    let nobody = network.wallet(user(77)).await;
    let error = nobody.voting_end().await.unwrap_err();
    assert!(matches!(
        error,
        TransactionError::InsufficientSui {
            available_mist: 0,
            ..
        }
    ));
    // What little there is suffices for a small transaction.
    poor.send_sui(user(2).address(), 1000).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_does_not_pay_twice() {
    let network = Network::start().await;
    let proxy = Proxy::new(&network.url, Arc::new(|_| {}));
    let url = network.serve(proxy.router()).await;
    let options = RpcOptions {
        attempts: 3,
        backoff_max: std::time::Duration::from_millis(60),
        ..RpcOptions::default()
    };
    let known = network.contracts().await;
    let chain = Chain::new(&env(), [&url], options).unwrap();
    let contracts = Contracts::new(chain, network.config());
    let wallet = Wallet::new(contracts, Arc::new(user(1)), WalletOptions::default());

    proxy.losses.store(2, Ordering::SeqCst);
    let to = user(60).address();
    wallet.send_wal(to, 5).await.unwrap();
    assert_eq!(proxy.executions.load(Ordering::SeqCst), 3);
    // More are lost than there are attempts: the node is asked what has become of it.
    proxy.losses.store(9, Ordering::SeqCst);
    wallet.send_wal(to, 5).await.unwrap();
    assert_eq!(known.balances(to).await.unwrap().wal_frost, 10);
}

/// A transaction takes two hundred coins at most; an account that lives on change has more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn very_many_small_coins_are_put_together_and_pay() {
    let (mist, frost, coins) = (100_000, 10_000_000, 600);
    let beggar = user(70);
    let mut setup = Setup::default();
    let change = account(beggar.address(), mist, frost);
    setup.accounts.extend(vec![change; coins]);
    let network = Network::start_with(setup).await;
    let wallet = network.wallet(beggar).await;
    let before = wallet.contracts().balances(wallet.address()).await.unwrap();
    assert_eq!((before.sui_mist, before.wal_frost), (60_000_000, 6 * WAL));

    let to = user(71).address();
    wallet.send_wal(to, 5 * WAL).await.unwrap();
    wallet.send_sui(to, 50_000_000).await.unwrap();
    let received = wallet.contracts().balances(to).await.unwrap();
    assert_eq!(
        (received.sui_mist, received.wal_frost),
        (50_000_000, 5 * WAL)
    );
    let left = wallet.contracts().balances(wallet.address()).await.unwrap();
    assert_eq!(left.wal_frost, WAL);

    // What is not there at all is missed as ever, and nothing is put together for it.
    let error = wallet.send_wal(to, 2 * WAL).await.unwrap_err();
    assert!(
        matches!(
            error,
            TransactionError::InsufficientWal {
                available_frost: WAL,
                ..
            }
        ),
        "{error}"
    );
}
