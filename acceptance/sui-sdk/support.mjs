// What the tests share: the client, users with coins, and short forms.

import assert from 'node:assert/strict';

import { requestSuiFromFaucetV2 } from '@mysten/sui/faucet';
import { SuiGrpcClient } from '@mysten/sui/grpc';
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { Transaction } from '@mysten/sui/transactions';

/** A variable of the network's env file. */
export function env(name) {
	const value = process.env[name];
	assert.ok(value, `${name} is not set: run this through \`cargo xtask acceptance sui-sdk\``);
	return value;
}

export const SUI = '0x2::sui::SUI';
export const MIST_PER_SUI = 1_000_000_000n;
export const SUI_TYPE = `0x${'2'.padStart(64, '0')}::sui::SUI`;
export const COIN_OF_SUI = `0x${'2'.padStart(64, '0')}::coin::Coin<${SUI_TYPE}>`;

/** A client without anything cached. The client takes only labels of public networks. */
export function connect(options = {}) {
	return new SuiGrpcClient({ network: 'testnet', baseUrl: env('SUI_GRPC_URL'), ...options });
}

export const client = connect();

/** Asks the faucet for coins. */
export async function fund(address) {
	const reply = await requestSuiFromFaucetV2({ host: env('SUI_FAUCET_URL'), recipient: address });
	await client.waitForTransaction({ digest: reply.coins_sent[0].transferTxDigest });
	return reply.coins_sent;
}

/** A new user with the faucet's coins. */
export async function user(keypair = new Ed25519Keypair()) {
	const address = keypair.toSuiAddress();
	const coins = await fund(address);
	return { keypair, address, coins };
}

/** Signs, executes and returns the transaction, which must have succeeded. */
export async function run(signer, transaction, include = {}) {
	const result = await client.signAndExecuteTransaction({
		signer,
		transaction,
		include: { effects: true, objectTypes: true, events: true, balanceChanges: true, ...include },
	});
	assert.equal(result.$kind, 'Transaction', JSON.stringify(result.FailedTransaction?.status));
	return result.Transaction;
}

/** Executes a transaction that must fail on chain; returns it. */
export async function fails(signer, transaction) {
	const bytes = await transaction.build({ client });
	const { signature } = await signer.signTransaction(bytes);
	const result = await client.executeTransaction({
		transaction: bytes,
		signatures: [signature],
		include: { effects: true, balanceChanges: true },
	});
	assert.equal(result.$kind, 'FailedTransaction');
	return result.FailedTransaction;
}

/** A transaction with sender, gas and budget set, so that building it asks nobody. */
export async function complete(sender, build, { gas, budget = 100_000_000n } = {}) {
	const transaction = new Transaction();
	transaction.setSender(sender);
	transaction.setGasBudget(budget);
	transaction.setGasPrice(1000);
	transaction.setGasPayment([gas ?? (await anyCoin(sender))]);
	await build(transaction);
	return transaction;
}

/** Reference of a SUI coin of this address. */
export async function anyCoin(owner) {
	const { objects } = await client.listCoins({ owner, limit: 1 });
	assert.ok(objects.length > 0, `${owner} has no coins`);
	return reference(objects[0]);
}

/** The reference of an object as the client returns it. */
export function reference({ objectId, version, digest }) {
	return { objectId, version, digest };
}

/** The objects that a transaction made, of types that contain `type`. */
export function created(transaction, type) {
	return transaction.effects.changedObjects
		.filter((change) => change.idOperation === 'Created')
		.filter((change) => transaction.objectTypes[change.objectId]?.includes(type));
}

/** The balance of SUI. */
export async function balance(owner, coinType) {
	const reply = await client.getBalance({ owner, coinType });
	return BigInt(reply.balance.balance);
}
