// Coins and balances: faucet, split, merge, transfer, gas.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { Transaction, coinWithBalance } from '@mysten/sui/transactions';

import {
	COIN_OF_SUI,
	MIST_PER_SUI,
	SUI,
	SUI_TYPE,
	balance,
	client,
	created,
	env,
	fund,
	reference,
	run,
	user,
} from '../support.mjs';

test('the faucet gives coins that are there at once', async () => {
	const address = new Ed25519Keypair().toSuiAddress();
	const coins = await fund(address);
	const sum = coins.reduce((sum, coin) => sum + BigInt(coin.amount), 0n);
	assert.equal(await balance(address), sum);
	const { objects } = await client.listCoins({ owner: address });
	assert.deepEqual(
		objects.map((coin) => coin.objectId).sort(),
		coins.map((coin) => coin.id).sort(),
	);
	for (const coin of objects) {
		assert.equal(coin.type, COIN_OF_SUI);
		assert.equal(coin.owner.AddressOwner, address);
	}
});

test('the faucet gives WAL as well', async () => {
	const { address } = await user();
	assert.ok((await balance(address, env('WAL_TYPE'))) > 0n);
	const { balances } = await client.listBalances({ owner: address });
	const types = balances.map((own) => own.coinType);
	assert.ok(types.includes(SUI_TYPE), types.join());
	assert.ok(types.includes(env('WAL_TYPE')), types.join());
});

test('a stranger has nothing', async () => {
	const owner = new Ed25519Keypair().toSuiAddress();
	const { balance: own } = await client.getBalance({ owner });
	assert.deepEqual(own, {
		balance: '0',
		coinType: SUI_TYPE,
		coinBalance: '0',
		addressBalance: '0',
	});
	const { objects, hasNextPage } = await client.listOwnedObjects({ owner });
	assert.deepEqual([objects.length, hasNextPage], [0, false]);
	assert.deepEqual((await client.listBalances({ owner })).balances, []);
});

test('balances follow splits, transfers and merges to the last MIST', async () => {
	const { keypair, address } = await user();
	const other = new Ed25519Keypair();
	const before = await balance(address);
	const transaction = new Transaction();
	const [a, b] = transaction.splitCoins(transaction.gas, [3n * MIST_PER_SUI, 5n]);
	transaction.transferObjects([a, b], other.toSuiAddress());
	const sent = await run(keypair, transaction);
	const gas = sent.effects.gasUsed;
	const cost =
		BigInt(gas.computationCost) + BigInt(gas.storageCost) - BigInt(gas.storageRebate);
	assert.equal(await balance(address), before - 3n * MIST_PER_SUI - 5n - cost);
	assert.equal(await balance(other.toSuiAddress()), 3n * MIST_PER_SUI + 5n);
	const changes = Object.fromEntries(sent.balanceChanges.map((c) => [c.address, c]));
	assert.equal(BigInt(changes[address].amount), -3n * MIST_PER_SUI - 5n - cost);
	assert.equal(BigInt(changes[other.toSuiAddress()].amount), 3n * MIST_PER_SUI + 5n);
	assert.equal(changes[address].coinType, SUI_TYPE);
	assert.equal(created(sent, '::coin::Coin<').length, 2);

	await fund(address);
	const { objects: coins } = await client.listCoins({ owner: address });
	const merge = new Transaction();
	merge.setGasPayment([reference(coins[0])]);
	merge.mergeCoins(
		merge.object(coins[1].objectId),
		coins.slice(2).map((coin) => merge.object(coin.objectId)),
	);
	const merged = await run(keypair, merge);
	const after = await client.listCoins({ owner: address });
	assert.equal(after.objects.length, 2);
	const deleted = merged.effects.changedObjects.filter((c) => c.idOperation === 'Deleted');
	assert.equal(deleted.length, coins.length - 2);
	for (const change of deleted) assert.equal(change.outputState, 'DoesNotExist');
});

test('all of the gas coin can be sent away', async () => {
	const { keypair } = await user();
	const heir = new Ed25519Keypair().toSuiAddress();
	const transaction = new Transaction();
	transaction.transferObjects([transaction.gas], heir);
	await run(keypair, transaction);
	const { objects } = await client.listCoins({ owner: keypair.toSuiAddress() });
	assert.equal(objects.length, 0, 'the payment is all coins when the gas coin is used');
	assert.ok((await balance(heir)) > 0n);
});

test('several gas coins become one', async () => {
	const { keypair, address } = await user();
	const { objects } = await client.listCoins({ owner: address });
	const transaction = new Transaction();
	transaction.setGasPayment(objects.map(reference));
	transaction.moveCall({ target: '0x2::vec_set::empty', typeArguments: ['u64'] });
	const smashed = await run(keypair, transaction);
	assert.equal(smashed.effects.gasObject.objectId, objects[0].objectId);
	const after = await client.listCoins({ owner: address });
	assert.deepEqual(
		after.objects.map((coin) => coin.objectId),
		[objects[0].objectId],
	);
});

test('coins of a balance are found by the client', async () => {
	const { keypair, address } = await user();
	const heir = new Ed25519Keypair().toSuiAddress();
	const type = env('WAL_TYPE');
	const all = await balance(address, type);
	const part = new Transaction();
	part.transferObjects([coinWithBalance({ type, balance: 7n })], heir);
	await run(keypair, part);
	assert.equal(await balance(heir, type), 7n);
	const rest = new Transaction();
	rest.transferObjects([coinWithBalance({ type, balance: all - 7n })], heir);
	await run(keypair, rest);
	assert.equal(await balance(address, type), 0n);
	assert.equal(await balance(heir, type), all);
});

test('metadata of SUI and WAL', async () => {
	const sui = await client.getCoinMetadata({ coinType: SUI });
	assert.equal(sui.coinMetadata.decimals, 9);
	assert.equal(sui.coinMetadata.symbol, 'SUI');
	const wal = await client.getCoinMetadata({ coinType: env('WAL_TYPE') });
	assert.equal(wal.coinMetadata.decimals, 9);
	assert.equal(wal.coinMetadata.symbol, 'WAL');
	assert.ok(wal.coinMetadata.id);
	const none = await client.getCoinMetadata({ coinType: '0x2::coin::Nothing' });
	assert.equal(none.coinMetadata, null);
});

test('a sponsor pays for somebody without coins', async () => {
	const sponsor = await user();
	const poor = new Ed25519Keypair();
	const transaction = new Transaction();
	transaction.setSender(poor.toSuiAddress());
	transaction.setGasOwner(sponsor.address);
	const empty = transaction.moveCall({ target: '0x2::coin::zero', typeArguments: [SUI] });
	transaction.transferObjects([empty], poor.toSuiAddress());
	const bytes = await transaction.build({ client });
	const signatures = await Promise.all(
		[poor, sponsor.keypair].map(async (key) => (await key.signTransaction(bytes)).signature),
	);
	const before = await balance(sponsor.address);
	const result = await client.executeTransaction({ transaction: bytes, signatures });
	assert.equal(result.$kind, 'Transaction');
	assert.ok((await balance(sponsor.address)) < before);
	const alone = client.executeTransaction({ transaction: bytes, signatures: signatures.slice(0, 1) });
	// Executed already: the stored answer needs no signatures, or they are found missing.
	await alone.then(
		(answer) => assert.equal(answer.$kind, 'Transaction'),
		(error) => assert.match(error.message, /signature/),
	);
});
