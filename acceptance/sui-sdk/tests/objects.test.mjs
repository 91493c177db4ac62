// Objects: bytes, digests, owners, versions, dynamic fields, paging.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bcs } from '@mysten/sui/bcs';
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { Transaction } from '@mysten/sui/transactions';
import { deriveDynamicFieldID, normalizeStructTag } from '@mysten/sui/utils';

import { digest } from '../hashes.mjs';
import { COIN_OF_SUI, SUI, client, created, run, user } from '../support.mjs';

const Coin = bcs.struct('Coin', { id: bcs.Address, balance: bcs.u64() });

test('bytes and digests are what the client recomputes', async () => {
	const { coins, address } = await user();
	const { object } = await client.getObject({
		objectId: coins[0].id,
		include: { content: true, objectBcs: true, previousTransaction: true, json: true },
	});
	assert.equal(digest('Object', object.objectBcs), object.digest);
	const coin = Coin.parse(object.content);
	assert.equal(coin.id, coins[0].id);
	assert.equal(coin.balance, String(coins[0].amount));
	assert.equal(object.type, normalizeStructTag(COIN_OF_SUI));
	assert.equal(object.owner.AddressOwner, address);
	assert.equal(object.previousTransaction, coins[0].transferTxDigest);
	assert.deepEqual(object.json, { id: coin.id, balance: coin.balance });
});

test('objects come in the order of the request, missing ones as errors', async () => {
	const { coins } = await user();
	const missing = `0x${'77'.repeat(32)}`;
	const ids = [coins[1].id, missing, coins[0].id, '0x6', '0x2'];
	const { objects } = await client.getObjects({ objectIds: ids });
	assert.equal(objects[0].objectId, coins[1].id);
	assert.ok(objects[1] instanceof Error);
	assert.equal(objects[1].code, 'notExists');
	assert.equal(objects[2].objectId, coins[0].id);
	assert.equal(objects[3].type, normalizeStructTag('0x2::clock::Clock'));
	assert.equal(objects[3].owner.Shared.initialSharedVersion, '1');
	assert.equal(objects[4].type, 'package');
	assert.ok(objects[4].owner.Immutable);
	await assert.rejects(client.getObject({ objectId: missing }), (error) => error.code === 'notExists');
});

test('more objects than fit one call', async () => {
	const { coins } = await user();
	const ids = Array.from({ length: 120 }, (_, index) => coins[index % coins.length].id);
	const { objects } = await client.getObjects({ objectIds: ids });
	assert.deepEqual(
		objects.map((object) => object.objectId),
		ids,
	);
});

test('old versions stay readable', async () => {
	const { keypair, coins, address } = await user();
	const before = await client.getObject({ objectId: coins[0].id });
	const transaction = new Transaction();
	transaction.transferObjects(
		[transaction.splitCoins(transaction.object(coins[0].id), [5])],
		address,
	);
	await run(keypair, transaction);
	const after = await client.getObject({ objectId: coins[0].id });
	assert.ok(BigInt(after.object.version) > BigInt(before.object.version));
	const { response } = await client.ledgerService.getObject({
		objectId: coins[0].id,
		version: BigInt(before.object.version),
		readMask: { paths: ['version', 'digest', 'contents'] },
	});
	assert.equal(response.object.digest, before.object.digest);
	assert.equal(Coin.parse(response.object.contents.value).balance, String(coins[0].amount));
	await assert.rejects(
		async () => await client.ledgerService.getObject({ objectId: coins[0].id, version: 3n ** 30n }),
		(error) => error.code === 'NOT_FOUND',
	);
});

test('owned objects are filtered by type and paged without gaps', async () => {
	const { keypair, address } = await user();
	const transaction = new Transaction();
	const parts = transaction.splitCoins(transaction.gas, Array(7).fill(1));
	const list = Array.from({ length: 7 }, (_, index) => parts[index]);
	const bag = transaction.moveCall({ target: '0x2::bag::new' });
	transaction.transferObjects([...list, bag], address);
	await run(keypair, transaction);

	const all = await client.listOwnedObjects({ owner: address, include: { content: true } });
	const ids = all.objects.map((object) => object.objectId);
	assert.equal(all.hasNextPage, false);
	assert.equal(new Set(ids).size, ids.length);
	for (const object of all.objects) assert.ok(object.content.length >= 32);

	const paged = [];
	let cursor = null;
	do {
		const page = await client.listOwnedObjects({ owner: address, limit: 3, cursor });
		assert.ok(page.objects.length <= 3);
		paged.push(...page.objects.map((object) => object.objectId));
		cursor = page.cursor;
		assert.equal(page.hasNextPage, cursor !== null);
	} while (cursor);
	assert.deepEqual(paged, ids);

	const bags = await client.listOwnedObjects({ owner: address, type: '0x2::bag::Bag' });
	assert.equal(bags.objects.length, 1);
	const coins = await client.listOwnedObjects({ owner: address, type: '0x2::coin::Coin' });
	assert.equal(coins.objects.length, ids.length - 1);
	const sui = await client.listOwnedObjects({ owner: address, type: `0x2::coin::Coin<${SUI}>` });
	assert.ok(sui.objects.every((object) => object.type === COIN_OF_SUI));
	const none = await client.listOwnedObjects({ owner: address, type: '0x2::coin::TreasuryCap' });
	assert.deepEqual([none.objects.length, none.hasNextPage], [0, false]);
});

test('balances are paged', async () => {
	const { address } = await user();
	const whole = await client.listBalances({ owner: address });
	const first = await client.listBalances({ owner: address, limit: 1 });
	assert.equal(first.hasNextPage, true);
	const second = await client.listBalances({ owner: address, limit: 1, cursor: first.cursor });
	assert.deepEqual([...first.balances, ...second.balances], whole.balances.slice(0, 2));
});

test('hostile page tokens are refused', async () => {
	const { address } = await user();
	const page = await client.listOwnedObjects({ owner: address, limit: 1 });
	const other = new Ed25519Keypair().toSuiAddress();
	const bytes = Buffer.from(page.cursor, 'base64');
	bytes[bytes.length - 1] ^= 1;
	for (const [owner, cursor] of [
		[address, 'AAAA'],
		[address, bytes.toString('base64')],
		[other, page.cursor],
	]) {
		await assert.rejects(
			client.listOwnedObjects({ owner, cursor }),
			(error) => error.code === 'INVALID_ARGUMENT',
		);
	}
});

/** A table from u64 to u64 with these entries, owned by the user. */
async function table({ keypair, address }, entries) {
	const transaction = new Transaction();
	const typeArguments = ['u64', 'u64'];
	const made = transaction.moveCall({ target: '0x2::table::new', typeArguments });
	for (const [key, value] of entries) {
		transaction.moveCall({
			target: '0x2::table::add',
			typeArguments,
			arguments: [made, transaction.pure.u64(key), transaction.pure.u64(value)],
		});
	}
	transaction.transferObjects([made], address);
	return created(await run(keypair, transaction), '::table::Table')[0].objectId;
}

test('dynamic fields are listed, paged and read by name', async () => {
	const owner = await user();
	const entries = Array.from({ length: 7 }, (_, index) => [index, index * index]);
	const parentId = await table(owner, entries);

	const fields = [];
	let cursor = null;
	do {
		const page = await client.listDynamicFields({
			parentId,
			limit: 3,
			cursor,
			include: { value: true },
		});
		fields.push(...page.dynamicFields);
		cursor = page.cursor;
	} while (cursor);
	const found = fields.map((field) => {
		assert.equal(field.$kind, 'DynamicField');
		assert.equal(field.name.type, 'u64');
		assert.equal(field.valueType, 'u64');
		assert.equal(field.fieldId, deriveDynamicFieldID(parentId, 'u64', field.name.bcs));
		return [Number(bcs.u64().parse(field.name.bcs)), Number(bcs.u64().parse(field.value.bcs))];
	});
	assert.deepEqual(
		found.sort(([a], [b]) => a - b),
		entries,
	);

	const name = { type: 'u64', bcs: bcs.u64().serialize(5).toBytes() };
	const { dynamicField } = await client.getDynamicField({ parentId, name });
	assert.equal(bcs.u64().parse(dynamicField.value.bcs), '25');
	await assert.rejects(
		client.getDynamicField({ parentId, name: { ...name, bcs: bcs.u64().serialize(9).toBytes() } }),
	);
	const { dynamicFields } = await client.listDynamicFields({ parentId: owner.address });
	assert.equal(dynamicFields.length, 0);
});

test('objects in fields are objects of their own', async () => {
	const { keypair, address, coins } = await user();
	const transaction = new Transaction();
	const bag = transaction.moveCall({ target: '0x2::object_bag::new' });
	transaction.moveCall({
		target: '0x2::object_bag::add',
		typeArguments: ['u8', `0x2::coin::Coin<${SUI}>`],
		arguments: [bag, transaction.pure.u8(3), transaction.object(coins[0].id)],
	});
	transaction.transferObjects([bag], address);
	const parentId = created(await run(keypair, transaction), '::object_bag::ObjectBag')[0].objectId;

	const { dynamicFields } = await client.listDynamicFields({ parentId });
	assert.equal(dynamicFields.length, 1);
	assert.equal(dynamicFields[0].$kind, 'DynamicObject');
	assert.equal(dynamicFields[0].childId, coins[0].id);
	assert.equal(dynamicFields[0].valueType, COIN_OF_SUI);
	const name = { type: 'u8', bcs: new Uint8Array([3]) };
	const { object } = await client.getDynamicObjectField({ parentId, name });
	assert.equal(object.objectId, coins[0].id);
	assert.equal(object.owner.ObjectOwner, dynamicFields[0].fieldId);
});

test('deleted objects are gone', async () => {
	const owner = await user();
	const id = await table(owner, []);
	const transaction = new Transaction();
	transaction.moveCall({
		target: '0x2::table::destroy_empty',
		typeArguments: ['u64', 'u64'],
		arguments: [transaction.object(id)],
	});
	const deleted = await run(owner.keypair, transaction);
	const change = deleted.effects.changedObjects.find((own) => own.objectId === id);
	assert.deepEqual([change.idOperation, change.outputState], ['Deleted', 'DoesNotExist']);
	assert.match(deleted.objectTypes[id], /::table::Table</);
	await assert.rejects(client.getObject({ objectId: id }), (error) => error.code === 'notExists');
});
