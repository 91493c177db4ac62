// Transactions: building, simulating, executing, waiting, reading back.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bcs } from '@mysten/sui/bcs';
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { Transaction, TransactionDataBuilder } from '@mysten/sui/transactions';
import { toBase64 } from '@mysten/sui/utils';

import { digest } from '../hashes.mjs';
import { SUI, client, complete, created, reference, run, user } from '../support.mjs';

test('what comes back is what was sent, with digests that hold', async () => {
	const { keypair, address } = await user();
	const transaction = new Transaction();
	transaction.setSender(address);
	transaction.transferObjects([transaction.splitCoins(transaction.gas, [9])], address);
	const bytes = await transaction.build({ client });
	const { signature } = await keypair.signTransaction(bytes);
	const sent = await client.executeTransaction({ transaction: bytes, signatures: [signature] });
	const expected = TransactionDataBuilder.getDigestFromBytes(bytes);
	assert.equal(sent.Transaction.digest, expected);

	const include = {
		transaction: true,
		effects: true,
		events: true,
		bcs: true,
		balanceChanges: true,
		objectTypes: true,
	};
	const { Transaction: read } = await client.waitForTransaction({ digest: expected, include });
	assert.deepEqual(read.bcs, bytes);
	assert.deepEqual(read.signatures, [signature]);
	assert.equal(read.transaction.sender, address);
	assert.equal(read.transaction.commands.length, 2);
	assert.ok(read.checkpoint);
	assert.ok(Math.abs(read.timestampMs - Date.now()) < 60_000);
	assert.equal(read.effects.transactionDigest, expected);
	assert.equal(read.effects.version, 2);
	assert.equal(read.effects.gasObject.objectId, read.transaction.gasData.payment[0].objectId);

	const { response } = await client.ledgerService.getTransaction({
		digest: expected,
		readMask: { paths: ['effects.bcs', 'effects.digest'] },
	});
	const { bcs: encoded, digest: claimed } = response.transaction.effects;
	assert.equal(digest('TransactionEffects', encoded.value), claimed);
	const parsed = bcs.TransactionEffects.parse(encoded.value).V2;
	assert.equal(parsed.transactionDigest, expected);
	assert.equal(parsed.lamportVersion, read.effects.lamportVersion);
	assert.equal(toBase64(bcs.TransactionEffects.serialize({ V2: parsed }).toBytes()), toBase64(encoded.value));
});

test('the same transaction again gets the same answer', async () => {
	const { keypair, address } = await user();
	const transaction = await complete(address, (tx) =>
		tx.transferObjects([tx.splitCoins(tx.gas, [1])], address),
	);
	const bytes = await transaction.build();
	const { signature } = await keypair.signTransaction(bytes);
	const execute = () =>
		client.executeTransaction({
			transaction: bytes,
			signatures: [signature],
			include: { effects: true },
		});
	const answers = await Promise.all([execute(), execute(), execute()]);
	for (const answer of answers) assert.deepEqual(answer, answers[0]);
	assert.deepEqual(await execute(), answers[0]);
});

test('many commands pass values on', async () => {
	const { keypair, address, coins } = await user();
	const heir = new Ed25519Keypair().toSuiAddress();
	const transaction = new Transaction();
	const [a, b] = transaction.splitCoins(transaction.gas, [10n, 20n]);
	const c = transaction.moveCall({
		target: '0x2::coin::split',
		typeArguments: [SUI],
		arguments: [transaction.object(coins[0].id), transaction.pure.u64(30)],
	});
	transaction.mergeCoins(a, [b, c]);
	const value = transaction.moveCall({
		target: '0x2::coin::value',
		typeArguments: [SUI],
		arguments: [a],
	});
	const [half] = transaction.splitCoins(a, [value]);
	transaction.moveCall({
		target: '0x2::coin::destroy_zero',
		typeArguments: [SUI],
		arguments: [a],
	});
	const vector = transaction.makeMoveVec({ elements: [half] });
	transaction.moveCall({
		target: '0x2::pay::join_vec',
		typeArguments: [SUI],
		arguments: [transaction.object(coins[0].id), vector],
	});
	transaction.transferObjects([transaction.object(coins[0].id)], heir);
	await run(keypair, transaction);
	const { objects } = await client.listCoins({ owner: heir });
	assert.equal(BigInt(objects[0].balance), BigInt(coins[0].amount) + 30n);
	assert.notEqual(address, heir);
});

test('simulation returns values and writes nothing', async () => {
	const { address, coins } = await user();
	const transaction = new Transaction();
	transaction.setSender(address);
	transaction.moveCall({
		target: '0x2::coin::value',
		typeArguments: [SUI],
		arguments: [transaction.object(coins[0].id)],
	});
	transaction.transferObjects([transaction.object(coins[0].id)], '0x1234');
	const before = await client.getObject({ objectId: coins[0].id });
	const result = await client.simulateTransaction({
		transaction,
		include: { commandResults: true, effects: true, balanceChanges: true, events: true },
	});
	assert.equal(result.$kind, 'Transaction');
	const value = result.commandResults[0].returnValues[0].bcs;
	assert.equal(bcs.u64().parse(value), String(coins[0].amount));
	const lost = result.Transaction.balanceChanges.find((change) => change.address === address);
	assert.ok(BigInt(lost.amount) <= -BigInt(coins[0].amount));
	const after = await client.getObject({ objectId: coins[0].id });
	assert.equal(after.object.version, before.object.version);
	await assert.rejects(client.getTransaction({ digest: result.Transaction.digest }));
});

test('a simulated transaction costs what the real one does', async () => {
	const { keypair, address } = await user();
	const transaction = new Transaction();
	transaction.setSender(address);
	const parts = transaction.splitCoins(transaction.gas, [1, 2, 3]);
	transaction.transferObjects([parts[0], parts[1], parts[2]], address);
	const bytes = await transaction.build({ client });
	const simulated = await client.simulateTransaction({ transaction: bytes, include: { effects: true } });
	const { signature } = await keypair.signTransaction(bytes);
	const executed = await client.executeTransaction({
		transaction: bytes,
		signatures: [signature],
		include: { effects: true },
	});
	assert.deepEqual(simulated.Transaction.effects.gasUsed, executed.Transaction.effects.gasUsed);
	assert.equal(simulated.Transaction.digest, executed.Transaction.digest);
	const budget = BigInt(transaction.getData().gasData.budget);
	const gas = executed.Transaction.effects.gasUsed;
	assert.ok(budget >= BigInt(gas.computationCost) + BigInt(gas.storageCost) - BigInt(gas.storageRebate));
});

test('an inspection may use what is not its own', async () => {
	const { address, coins } = await user();
	const stranger = new Ed25519Keypair().toSuiAddress();
	const transaction = new Transaction();
	transaction.setSender(stranger);
	transaction.moveCall({
		target: '0x2::coin::value',
		typeArguments: [SUI],
		arguments: [transaction.object(coins[0].id)],
	});
	const options = { transaction, include: { commandResults: true } };
	const inspected = await client.simulateTransaction({ ...options, checksEnabled: false });
	const value = inspected.commandResults[0].returnValues[0].bcs;
	assert.equal(bcs.u64().parse(value), String(coins[0].amount));
	await assert.rejects(client.simulateTransaction(options), new RegExp(address));
});

test('kind-only builds carry inputs that are resolved', async () => {
	const { address, coins, keypair } = await user();
	const kind = new Transaction();
	kind.setSender(address);
	kind.transferObjects([kind.object(coins[1].id)], address);
	const bytes = await kind.build({ client, onlyTransactionKind: true });
	const transaction = Transaction.fromKind(bytes);
	transaction.setSender(address);
	await run(keypair, transaction);
});

test('functions are described', async () => {
	const { function: split } = await client.getMoveFunction({
		packageId: '0x2',
		moduleName: 'coin',
		name: 'split',
	});
	assert.equal(split.visibility, 'public');
	assert.equal(split.isEntry, false);
	assert.equal(split.typeParameters.length, 1);
	assert.deepEqual(
		split.parameters.map((parameter) => parameter.reference),
		['mutable', null, 'mutable'],
	);
	assert.equal(split.parameters[1].body.$kind, 'u64');
	const coin = split.parameters[0].body.datatype;
	assert.match(coin.typeName, /^0x0{63}2::coin::Coin$/);
	assert.equal(coin.typeParameters[0].index, 0);
	for (const [packageId, moduleName, name] of [
		['0x2', 'coin', 'nothing'],
		['0x2', 'nothing', 'split'],
		['0x77', 'coin', 'split'],
	]) {
		await assert.rejects(
			client.getMoveFunction({ packageId, moduleName, name }),
			(error) => error.code === 'NOT_FOUND',
		);
	}
});

test('packages and datatypes are described', async () => {
	const { response } = await client.movePackageService.getPackage({ packageId: '0x2' });
	const coin = response.package.modules.find((module) => module.name === 'coin');
	assert.ok(coin.functions.some((own) => own.name === 'join'));
	const found = await client.movePackageService.getDatatype({
		packageId: '0x2',
		moduleName: 'coin',
		name: 'Coin',
	});
	assert.deepEqual(
		found.response.datatype.fields.map((field) => field.name),
		['id', 'balance'],
	);
	const versions = await client.movePackageService.listPackageVersions({ packageId: '0x2' });
	assert.equal(versions.response.versions.length, 1);
});

test('shared objects are inputs by their first version, and only written when taken so', async () => {
	const { keypair } = await user();
	const share = new Transaction();
	const typeArguments = ['u64', 'bool'];
	const made = share.moveCall({ target: '0x2::table::new', typeArguments });
	share.moveCall({
		target: '0x2::transfer::public_share_object',
		typeArguments: ['0x2::table::Table<u64, bool>'],
		arguments: [made],
	});
	const [{ objectId, outputVersion }] = created(await run(keypair, share), '::table::Table');
	const { object } = await client.getObject({ objectId });
	assert.equal(object.owner.Shared.initialSharedVersion, outputVersion);

	const other = await user();
	const write = new Transaction();
	write.moveCall({
		target: '0x2::table::add',
		typeArguments,
		arguments: [write.object(objectId), write.pure.u64(1), write.pure.bool(true)],
	});
	const written = await run(other.keypair, write);
	assert.ok(written.effects.changedObjects.some((change) => change.objectId === objectId));

	const read = new Transaction();
	read.moveCall({
		target: '0x2::table::length',
		typeArguments,
		arguments: [read.object(objectId)],
	});
	const seen = await run(other.keypair, read);
	const unchanged = seen.effects.unchangedConsensusObjects;
	assert.deepEqual(
		unchanged.map((own) => [own.objectId, own.kind]),
		[[objectId, 'ReadOnlyRoot']],
	);
	assert.ok(!seen.effects.changedObjects.some((change) => change.objectId === objectId));
});

test('an object sent to an object is received', async () => {
	const { keypair, address, coins } = await user();
	const send = new Transaction();
	const bag = send.moveCall({ target: '0x2::bag::new' });
	send.transferObjects([bag], address);
	const [{ objectId: parent }] = created(await run(keypair, send), '::bag::Bag');
	const gift = new Transaction();
	gift.transferObjects([gift.object(coins[0].id)], parent);
	await run(keypair, gift);
	const { object } = await client.getObject({ objectId: coins[0].id });
	assert.equal(object.owner.AddressOwner, parent);
	const steal = new Transaction();
	steal.transferObjects([steal.object(coins[0].id)], address);
	steal.setSender(address);
	await assert.rejects(steal.build({ client }), new RegExp(parent));
});

test('the clock is read, and moves', async () => {
	const { address } = await user();
	const now = async () => {
		const transaction = new Transaction();
		transaction.setSender(address);
		transaction.moveCall({
			target: '0x2::clock::timestamp_ms',
			arguments: [transaction.object.clock()],
		});
		const result = await client.simulateTransaction({
			transaction,
			include: { commandResults: true },
		});
		return Number(bcs.u64().parse(result.commandResults[0].returnValues[0].bcs));
	};
	const first = await now();
	assert.ok(Math.abs(first - Date.now()) < 30_000, `the clock says ${first}`);
	let later = first;
	for (let tries = 0; later <= first && tries < 50; tries += 1) {
		await new Promise((done) => setTimeout(done, 100));
		later = await now();
	}
	assert.ok(later > first);
});

test('many transactions at once, each with its own coin', async () => {
	const { keypair, address, coins } = await user();
	const { objects } = await client.listCoins({ owner: address });
	const results = await Promise.all(
		objects.map(async (gas) => {
			const transaction = await complete(
				address,
				(tx) => tx.transferObjects([tx.splitCoins(tx.gas, [1])], address),
				{ gas: reference(gas) },
			);
			return run(keypair, transaction);
		}),
	);
	assert.equal(new Set(results.map((result) => result.digest)).size, coins.length);
});
