// What must not work, and how it says so.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { Inputs, Transaction } from '@mysten/sui/transactions';

import {
	SUI,
	anyCoin,
	balance,
	client,
	complete,
	fails,
	reference,
	run,
	user,
} from '../support.mjs';

/** Adds the same key to a map twice: the second command aborts. */
function insertTwice(transaction) {
	const typeArguments = ['u8', 'u8'];
	const map = transaction.moveCall({ target: '0x2::vec_map::empty', typeArguments });
	for (let times = 0; times < 2; times += 1) {
		transaction.moveCall({
			target: '0x2::vec_map::insert',
			typeArguments,
			arguments: [map, transaction.pure.u8(1), transaction.pure.u8(1)],
		});
	}
}

async function sign(keypair, transaction) {
	const bytes = await transaction.build({ client });
	const { signature } = await keypair.signTransaction(bytes);
	return { transaction: bytes, signatures: [signature] };
}

/** Executes what must be rejected before it runs. */
async function rejected(signed, code, message) {
	await assert.rejects(client.executeTransaction(signed), (error) => {
		assert.equal(error.code, code, error.message);
		assert.match(error.message, message);
		return true;
	});
}

test('an abort names module, function and code, and costs gas alone', async () => {
	const { keypair, address } = await user();
	const gas = await anyCoin(address);
	const before = await balance(address);
	const transaction = await complete(
		address,
		(tx) => {
			tx.transferObjects([tx.splitCoins(tx.gas, [1_000])], '0x99');
			insertTwice(tx);
		},
		{ gas },
	);
	const failed = await fails(keypair, transaction);
	const { error } = failed.status;
	assert.equal(error.$kind, 'MoveAbort');
	assert.equal(error.command, 4);
	assert.equal(error.MoveAbort.abortCode, '0');
	assert.equal(error.MoveAbort.location.module, 'vec_map');
	assert.equal(error.MoveAbort.location.functionName, 'insert');
	assert.match(error.MoveAbort.location.package, /^0x0{63}2$/);
	assert.match(error.message, /MoveAbort in 5th command, abort code: 0, in '0x0+2::vec_map::insert'/);
	assert.deepEqual(
		failed.effects.changedObjects.map((change) => change.objectId),
		[gas.objectId],
	);
	const { computationCost, storageCost, storageRebate } = failed.effects.gasUsed;
	const cost = BigInt(computationCost) + BigInt(storageCost) - BigInt(storageRebate);
	assert.equal(await balance(address), before - cost);
});

test('a build that would abort fails before anything is signed', async () => {
	const { address } = await user();
	const transaction = new Transaction();
	transaction.setSender(address);
	insertTwice(transaction);
	await assert.rejects(transaction.build({ client }), /vec_map::insert/);
});

test('a budget that does not suffice is used up and reported', async () => {
	const { keypair, address } = await user();
	const transaction = await complete(
		address,
		(tx) => {
			const coins = tx.splitCoins(tx.gas, Array(100).fill(1));
			tx.transferObjects(
				Array.from({ length: 100 }, (_, index) => coins[index]),
				address,
			);
		},
		{ budget: 3_000_000n },
	);
	const failed = await fails(keypair, transaction);
	assert.match(failed.status.error.message, /gas/i);
	assert.equal(failed.effects.changedObjects.length, 1);
});

test('budgets beyond the coins, and below the minimum', async () => {
	const { keypair, address } = await user();
	const split = (tx) => tx.transferObjects([tx.splitCoins(tx.gas, [1])], address);
	const poor = new Ed25519Keypair();
	const give = new Transaction();
	give.transferObjects([give.splitCoins(give.gas, [2_000_000])], poor.toSuiAddress());
	await run(keypair, give);
	const tooMuch = await complete(poor.toSuiAddress(), split, { budget: 5_000_000n });
	await rejected(await sign(poor, tooMuch), 'FAILED_PRECONDITION', /gas coins hold 2000000 MIST/);
	const tooLittle = await complete(address, split, { budget: 10n });
	await rejected(await sign(keypair, tooLittle), 'INVALID_ARGUMENT', /budget 10 is below/);
	const broke = new Transaction();
	broke.setSender(new Ed25519Keypair().toSuiAddress());
	broke.transferObjects([broke.splitCoins(broke.gas, [1])], address);
	await assert.rejects(broke.build({ client }), /gas coins/);
});

test('amounts beyond the balance', async () => {
	const { keypair, address } = await user();
	const transaction = await complete(address, (tx) =>
		tx.transferObjects([tx.splitCoins(tx.gas, [1n << 62n])], address),
	);
	const failed = await fails(keypair, transaction);
	assert.equal(failed.status.error.command, 0);
	assert.match(failed.status.error.message, /balance/i);
});

test('the signature of somebody else', async () => {
	const { address } = await user();
	const thief = new Ed25519Keypair();
	const transaction = await complete(address, (tx) => tx.transferObjects([tx.gas], '0x1'));
	await rejected(await sign(thief, transaction), 'INVALID_ARGUMENT', /no signature of/);
});

test('a forged signature, none, and too many', async () => {
	const { keypair, address } = await user();
	const transaction = await complete(address, (tx) => tx.transferObjects([tx.gas], '0x1'));
	const signed = await sign(keypair, transaction);
	const forged = Buffer.from(signed.signatures[0], 'base64');
	forged[10] ^= 1;
	const with_ = (signatures) => ({ ...signed, signatures });
	await rejected(with_([forged.toString('base64')]), 'INVALID_ARGUMENT', /invalid/);
	await rejected(with_([]), 'INVALID_ARGUMENT', /expected 1 signatures/);
	await rejected(
		with_([signed.signatures[0], signed.signatures[0]]),
		'INVALID_ARGUMENT',
		/expected 1 signatures/,
	);
	await rejected(with_(['AAECAwQ=']), 'INVALID_ARGUMENT', /signatures/);
});

test('objects of somebody else', async () => {
	const [alice, bob] = [await user(), await user()];
	const stolen = await anyCoin(bob.address);
	const transaction = await complete(alice.address, (tx) =>
		tx.transferObjects([tx.objectRef(stolen)], alice.address),
	);
	await rejected(await sign(alice.keypair, transaction), 'INVALID_ARGUMENT', /belongs to/);
});

test('a stale version', async () => {
	const { keypair, address, coins } = await user();
	const { object } = await client.getObject({ objectId: coins[1].id });
	const stale = reference(object);
	const touch = new Transaction();
	touch.transferObjects([touch.splitCoins(touch.object(stale.objectId), [1])], address);
	await run(keypair, touch);
	const { objects } = await client.listCoins({ owner: address });
	const gas = reference(objects.find((coin) => coin.objectId !== stale.objectId));
	const transaction = await complete(
		address,
		(tx) => tx.transferObjects([tx.objectRef(stale)], address),
		{ gas },
	);
	await rejected(await sign(keypair, transaction), 'FAILED_PRECONDITION', /is at version/);
});

test('of two transactions over one coin one wins, the other gets a clear error', async () => {
	const { keypair, address } = await user();
	const gas = await anyCoin(address);
	const heirs = [new Ed25519Keypair().toSuiAddress(), new Ed25519Keypair().toSuiAddress()];
	const signed = await Promise.all(
		heirs.map(async (heir) =>
			sign(keypair, await complete(address, (tx) => tx.transferObjects([tx.gas], heir), { gas })),
		),
	);
	const results = await Promise.allSettled(signed.map((own) => client.executeTransaction(own)));
	const winners = results.filter((result) => result.status === 'fulfilled');
	const losers = results.filter((result) => result.status === 'rejected');
	assert.deepEqual([winners.length, losers.length], [1, 1]);
	assert.equal(losers[0].reason.code, 'FAILED_PRECONDITION');
	assert.match(losers[0].reason.message, new RegExp(gas.objectId));
	const balances = await Promise.all(heirs.map((heir) => balance(heir)));
	assert.equal(balances.filter((own) => own > 0n).length, 1);
});

test('objects that do not exist', async () => {
	const { keypair, address } = await user();
	const missing = `0x${'66'.repeat(32)}`;
	const transaction = new Transaction();
	transaction.setSender(address);
	transaction.transferObjects([transaction.object(missing)], address);
	await assert.rejects(transaction.build({ client }), new RegExp(`${missing} does not exist`));
	const { digest } = await anyCoin(address);
	const named = await complete(address, (tx) =>
		tx.transferObjects([tx.object(Inputs.ObjectRef({ objectId: missing, version: 1, digest }))], address),
	);
	await rejected(await sign(keypair, named), 'NOT_FOUND', /does not exist/);
});

test('unknown packages are rejected, unknown functions fail', async () => {
	const { keypair, address } = await user();
	const call = (target) => complete(address, (tx) => void tx.moveCall({ target, typeArguments: [] }));
	await rejected(await sign(keypair, await call('0x77::a::b')), 'NOT_FOUND', /package/);
	const failed = await fails(keypair, await call('0x2::coin::nothing'));
	assert.equal(failed.status.success, false);
	assert.equal(failed.status.error.command, 0);
});

test('wrong types, arities and left-over values', async () => {
	const { keypair, address } = await user();
	const cases = [
		[(tx) => void tx.moveCall({ target: '0x2::coin::zero', typeArguments: [] }), /TypeArity/],
		[
			(tx) =>
				void tx.moveCall({ target: '0x2::coin::zero', typeArguments: ['0x2::coin::Nothing'] }),
			/type/i,
		],
		[
			(tx) =>
				void tx.moveCall({
					target: '0x2::coin::value',
					typeArguments: [SUI],
					arguments: [tx.pure.u64(1)],
				}),
			/argument/i,
		],
		[(tx) => void tx.splitCoins(tx.gas, [1]), /left over|UnusedValue/],
	];
	for (const [build, message] of cases) {
		const failed = await fails(keypair, await complete(address, build));
		assert.match(failed.status.error.message, message);
	}
});

test('publishing is not supported, and says so', async () => {
	const { keypair, address } = await user();
	const transaction = await complete(address, (tx) => {
		const cap = tx.publish({ modules: [[1, 2, 3]], dependencies: ['0x1', '0x2'] });
		tx.transferObjects([cap], address);
	});
	const failed = await fails(keypair, transaction);
	assert.match(failed.status.error.message, /support/i);
});

test('bytes that are no transaction', async () => {
	const { keypair } = await user();
	for (const bytes of [new Uint8Array(0), new Uint8Array([1, 2, 3]), new Uint8Array(200_000)]) {
		const { signature } = await keypair.signTransaction(bytes);
		await rejected({ transaction: bytes, signatures: [signature] }, 'INVALID_ARGUMENT', /bcs/);
	}
});

test('transactions that are too large', async () => {
	const { keypair, address } = await user();
	const many = await complete(address, (tx) => {
		for (let times = 0; times < 1025; times += 1) {
			tx.moveCall({ target: '0x2::vec_set::empty', typeArguments: ['u8'] });
		}
	});
	await rejected(await sign(keypair, many), 'INVALID_ARGUMENT', /commands/);
	const long = await complete(address, (tx) => {
		tx.moveCall({ target: '0x2::vec_set::empty', typeArguments: ['u8'] });
		tx.pure(new Uint8Array(17 * 1024));
	});
	await rejected(await sign(keypair, long), 'INVALID_ARGUMENT', /pure input/);
});

test('a transaction for another epoch or chain', async () => {
	const { keypair, address } = await user();
	const transaction = await complete(address, (tx) => {
		tx.setExpiration({
			ValidDuring: {
				minEpoch: '0',
				maxEpoch: '1',
				minTimestamp: null,
				maxTimestamp: null,
				chain: '11111111111111111111111111111111',
				nonce: 7,
			},
		});
		tx.transferObjects([tx.splitCoins(tx.gas, [1])], address);
	});
	await rejected(await sign(keypair, transaction), 'INVALID_ARGUMENT', /chain/);
});

test('unknown digests and malformed ids', async () => {
	const nobody = '11111111111111111111111111111111';
	await assert.rejects(client.getTransaction({ digest: nobody }), /not ?found/i);
	const code = (expected) => (error) => error.code === expected;
	await assert.rejects(client.getTransaction({ digest: '0OIl' }), code('INVALID_ARGUMENT'));
	await assert.rejects(
		client.listOwnedObjects({ owner: 'nobody' }),
		code('INVALID_ARGUMENT'),
	);
	await assert.rejects(
		async () =>
			await client.ledgerService.getObject({ objectId: '0x2', readMask: { paths: ['nothing'] } }),
		code('INVALID_ARGUMENT'),
	);
});
