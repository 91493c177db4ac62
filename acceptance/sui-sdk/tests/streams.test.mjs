// The past by filter and cursor, and the present as it comes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Transaction } from '@mysten/sui/transactions';

import { client, run, user } from '../support.mjs';

/** Executes `count` small transactions of one user, one after the other. */
async function busy({ keypair, address }, count) {
	const digests = [];
	for (let index = 0; index < count; index += 1) {
		const transaction = new Transaction();
		transaction.transferObjects([transaction.splitCoins(transaction.gas, [1])], address);
		digests.push((await run(keypair, transaction)).digest);
	}
	return digests;
}

const digestOf = (own) => (own.Transaction ?? own.FailedTransaction).digest;

test('transactions of a sender, paged forwards and backwards', async () => {
	const sender = await user();
	const digests = await busy(sender, 5);
	const filter = { sender: sender.address };
	const all = await client.listTransactions({ filter, include: { effects: true } });
	assert.deepEqual(all.transactions.map(digestOf), digests);
	assert.equal(all.hasNextPage, false);
	assert.equal(all.transactions[0].Transaction.status.success, true);

	const forwards = [];
	let after;
	for (let more = true; more; ) {
		const page = await client.listTransactions({ filter, limit: 2, after });
		forwards.push(...page.transactions.map(digestOf));
		after = page.endCursor;
		more = page.hasNextPage;
	}
	assert.deepEqual(forwards, digests);

	const backwards = [];
	let before;
	for (let more = true; more; ) {
		const page = await client.listTransactions({ filter, limit: 2, before, order: 'descending' });
		backwards.push(...page.transactions.map(digestOf));
		before = page.endCursor;
		more = page.hasNextPage;
	}
	assert.deepEqual(backwards, [...digests].reverse());
});

test('transactions by called function', async () => {
	const { keypair } = await user();
	const transaction = new Transaction();
	transaction.moveCall({ target: '0x2::vec_set::singleton', typeArguments: ['u16'], arguments: [transaction.pure.u16(7)] });
	const { digest } = await run(keypair, transaction);
	for (const path of ['0x2::vec_set::singleton', '0x2::vec_set']) {
		const { transactions } = await client.listTransactions({
			filter: { function: path },
			order: 'descending',
			limit: 5,
		});
		assert.ok(transactions.map(digestOf).includes(digest), path);
	}
	const none = await client.listTransactions({ filter: { function: '0x2::vec_set::keys' } });
	assert.equal(none.transactions.length, 0);
});

test('cursors of others and unknown filters are refused', async () => {
	const refused = (error) => error.code === 'INVALID_ARGUMENT';
	await assert.rejects(client.listTransactions({ after: 'AAAA' }), refused);
	const call = client.ledgerService.listTransactions({ filter: { terms: [] } });
	await assert.rejects(async () => {
		for await (const frame of call.responses) assert.fail(JSON.stringify(frame.end));
	}, refused);
});

test('checkpoints are listed with their transactions', async () => {
	const sender = await user();
	const [digest] = await busy(sender, 1);
	const { Transaction: executed } = await client.getTransaction({ digest });
	const call = client.ledgerService.listCheckpoints({
		startCheckpoint: BigInt(executed.checkpoint),
		endCheckpoint: BigInt(executed.checkpoint) + 1n,
		readMask: { paths: ['sequence_number', 'transactions.digest'] },
	});
	const frames = [];
	for await (const frame of call.responses) frames.push(frame);
	assert.equal(frames[0].checkpoint.sequenceNumber, BigInt(executed.checkpoint));
	assert.ok(frames[0].checkpoint.transactions.some((own) => own.digest === digest));
	assert.ok(frames.at(-1).end);
	assert.equal(frames.at(-1).watermark.checkpoint, BigInt(executed.checkpoint));
});

test('checkpoints are followed without gaps, and bring every transaction', async () => {
	const sender = await user();
	const stop = new AbortController();
	const call = client.subscriptionService.subscribeCheckpoints(
		{ readMask: { paths: ['sequence_number', 'transactions.digest', 'summary.timestamp'] } },
		{ abort: stop.signal },
	);
	const seen = new Set();
	let last = null;
	let wanted = null;
	for await (const { cursor, checkpoint } of call.responses) {
		assert.equal(cursor, checkpoint.sequenceNumber);
		if (last !== null) assert.equal(cursor, last + 1n);
		last = cursor;
		// The stream is live from its first frame on.
		wanted ??= busy(sender, 3);
		checkpoint.transactions.forEach((own) => seen.add(own.digest));
		const digests = await Promise.race([wanted, Promise.resolve(null)]);
		if (digests?.every((digest) => seen.has(digest))) break;
	}
	stop.abort();
	for (const digest of await wanted) assert.ok(seen.has(digest));
});

test('transactions of a sender are followed', async () => {
	const sender = await user();
	const stop = new AbortController();
	const call = client.subscriptionService.subscribeTransactions(
		{
			readMask: { paths: ['digest', 'checkpoint', 'transaction_index'] },
			filter: {
				terms: [
					{
						literals: [
							{
								negated: false,
								predicate: { oneofKind: 'sender', sender: { address: sender.address } },
							},
						],
					},
				],
			},
		},
		{ abort: stop.signal },
	);
	const seen = [];
	let wanted = null;
	for await (const frame of call.responses) {
		assert.ok(frame.watermark.cursor.length > 0);
		if (wanted === null) assert.equal(frame.transaction, undefined, 'the start comes first');
		wanted ??= busy(sender, 2);
		if (frame.transaction) seen.push(frame.transaction.digest);
		if (seen.length === 2) break;
	}
	stop.abort();
	assert.deepEqual(seen, await wanted);
});
