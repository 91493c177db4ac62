// The Walrus contracts through the plain Sui client: shared objects, events, aborts of contracts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bcs } from '@mysten/sui/bcs';
import { Transaction, coinWithBalance } from '@mysten/sui/transactions';

import { blake2b256, digest } from '../hashes.mjs';
import { client, created, env, run, user } from '../support.mjs';

const WAL = 1_000_000_000n;
const STORAGE_BYTES = 80n << 20n;
const walrus = (path) => `${env('WALRUS_PACKAGE_ID')}::${path}`;

/** The id of a blob: a hash over encoding, size and root. */
function blobId(rootHash, size) {
	const bytes = new Uint8Array(41);
	bytes[0] = 1;
	new DataView(bytes.buffer).setBigUint64(1, size, true);
	bytes.set(rootHash, 9);
	return bcs.u256().parse(blake2b256(bytes));
}

/** Reserves space and registers a blob of one byte. */
function register(transaction, rootHash, { epochs = 1, deletable = true } = {}) {
	const system = transaction.object(env('SYSTEM_OBJECT_ID'));
	const payment = coinWithBalance({ type: env('WAL_TYPE'), balance: 10n * WAL })(transaction);
	const storage = transaction.moveCall({
		target: walrus('system::reserve_space'),
		arguments: [
			system,
			transaction.pure.u64(STORAGE_BYTES),
			transaction.pure.u32(epochs),
			payment,
		],
	});
	const blob = transaction.moveCall({
		target: walrus('system::register_blob'),
		arguments: [
			system,
			storage,
			transaction.pure.u256(blobId(rootHash, 1n)),
			transaction.pure.u256(bcs.u256().parse(rootHash)),
			transaction.pure.u64(1),
			transaction.pure.u8(1),
			transaction.pure.bool(deletable),
			payment,
		],
	});
	return { blob, payment };
}

test('a registration makes a blob, an event, and touches the shared system', async () => {
	const { keypair, address } = await user();
	const rootHash = blake2b256(new TextEncoder().encode(address));
	const transaction = new Transaction();
	const { blob, payment } = register(transaction, rootHash);
	transaction.transferObjects([blob, payment], address);
	const sent = await run(keypair, transaction);

	const [{ objectId }] = created(sent, '::blob::Blob');
	const [event] = sent.events;
	assert.equal(event.sender, address);
	assert.match(event.eventType, /::events::BlobRegistered$/);
	assert.equal(event.packageId, env('WALRUS_PACKAGE_ID'));
	const fields = bcs
		.struct('BlobRegistered', {
			epoch: bcs.u32(),
			blobId: bcs.u256(),
			size: bcs.u64(),
			encodingType: bcs.u8(),
			endEpoch: bcs.u32(),
			deletable: bcs.bool(),
			objectId: bcs.Address,
		})
		.parse(event.bcs);
	assert.equal(fields.objectId, objectId);
	assert.equal(fields.blobId, blobId(rootHash, 1n));
	assert.equal(event.json.blob_id, fields.blobId);
	assert.equal(event.json.deletable, true);
	assert.ok(
		sent.effects.changedObjects.some((change) => change.objectId === env('SYSTEM_OBJECT_ID')),
	);

	const { response } = await client.ledgerService.getTransaction({
		digest: sent.digest,
		readMask: { paths: ['events.bcs', 'events.digest', 'effects.events_digest'] },
	});
	const { events, effects } = response.transaction;
	assert.equal(digest('TransactionEvents', events.bcs.value), events.digest);
	assert.equal(effects.eventsDigest, events.digest);

	const { object } = await client.getObject({ objectId, include: { json: true } });
	assert.equal(object.json.blob_id, fields.blobId);
	assert.equal(object.json.certified_epoch, null);
});

test('events are listed by type, module and sender', async () => {
	const { keypair, address } = await user();
	const transaction = new Transaction();
	const { blob, payment } = register(transaction, blake2b256(Buffer.from(`list ${address}`)));
	transaction.transferObjects([blob, payment], address);
	const { digest: sent } = await run(keypair, transaction);
	const type = walrus('events::BlobRegistered');
	for (const filter of [
		{ sender: address },
		{ eventType: type },
		{ eventType: walrus('events') },
	]) {
		const { events } = await client.listEvents({ filter, order: 'descending', limit: 20 });
		const own = events.find((event) => event.transactionDigest === sent);
		assert.ok(own, JSON.stringify(filter));
		assert.equal(own.eventIndex, 0);
		assert.match(own.eventType, /::events::BlobRegistered$/);
	}
	const page = await client.listEvents({ filter: { eventType: type }, limit: 1 });
	assert.equal(page.events.length, 1);
	const rest = await client.listEvents({ filter: { eventType: type }, after: page.endCursor });
	assert.ok(rest.events.some((event) => event.transactionDigest === sent) || page.events[0].transactionDigest === sent);
});

test('events are followed', async () => {
	const { keypair, address } = await user();
	const stop = new AbortController();
	const call = client.subscriptionService.subscribeEvents(
		{
			readMask: { paths: ['*'] },
			filter: {
				terms: [
					{
						literals: [
							{ negated: false, predicate: { oneofKind: 'sender', sender: { address } } },
						],
					},
				],
			},
		},
		{ abort: stop.signal },
	);
	let wanted = null;
	for await (const { event } of call.responses) {
		if (wanted === null) {
			const transaction = new Transaction();
			const { blob, payment } = register(transaction, blake2b256(Buffer.from(`follow ${address}`)));
			transaction.transferObjects([blob, payment], address);
			wanted = run(keypair, transaction);
		}
		if (event) {
			assert.equal(event.transactionDigest, (await wanted).digest);
			break;
		}
	}
	stop.abort();
});

test('aborts of contracts name their place', async () => {
	const { address } = await user();
	const transaction = new Transaction();
	const { blob, payment } = register(transaction, blake2b256(Buffer.from(address)), { epochs: 0 });
	transaction.transferObjects([blob, payment], address);
	transaction.setSender(address);
	await assert.rejects(transaction.build({ client }), ({ message, executionError }) => {
		assert.match(message, /MoveAbort in \d+\w+ command, abort code: \d+, in '0x[0-9a-f]+::\w+::\w+'/);
		assert.equal(executionError.$kind, 'MoveAbort');
		assert.equal(executionError.MoveAbort.location.package, env('WALRUS_PACKAGE_ID'));
		return true;
	});
});
