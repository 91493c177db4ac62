// Facts about the chain: identity, epoch, checkpoints, and that digests are what they claim.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fromBase58 } from '@mysten/sui/utils';

import { client, connect, user, run } from '../support.mjs';
import { Transaction } from '@mysten/sui/transactions';

test('the chain identifier is the digest of checkpoint 0', async () => {
	const { chainIdentifier } = await client.getChainIdentifier();
	assert.equal(fromBase58(chainIdentifier).length, 32);
	const { response } = await client.ledgerService.getCheckpoint({
		checkpointId: { oneofKind: 'sequenceNumber', sequenceNumber: 0n },
		readMask: { paths: ['sequence_number', 'digest'] },
	});
	assert.equal(response.checkpoint.digest, chainIdentifier);
});

test('service info tells height, epoch and time', async () => {
	const { response } = await client.ledgerService.getServiceInfo({});
	assert.ok(response.checkpointHeight >= 0n);
	assert.equal(response.epoch, 0n);
	assert.match(response.server, /^floe\//);
	const age = Date.now() / 1000 - Number(response.timestamp.seconds);
	assert.ok(age < 30, `the chain's time is ${age} s old`);
});

test('epoch, gas price, system state and protocol configuration are there', async () => {
	const { referenceGasPrice } = await client.getReferenceGasPrice();
	assert.equal(referenceGasPrice, '1000');
	const { systemState } = await client.getCurrentSystemState();
	assert.equal(systemState.epoch, '0');
	assert.equal(systemState.referenceGasPrice, '1000');
	assert.equal(systemState.safeMode, false);
	assert.ok(Number(systemState.epochStartTimestampMs) > 1_600_000_000_000);
	const { protocolConfig } = await client.getProtocolConfig();
	assert.ok(Number(protocolConfig.protocolVersion) > 0);
	assert.equal(protocolConfig.attributes.max_tx_size_bytes, '131072');
	const { response } = await client.ledgerService.getEpoch({
		readMask: { paths: ['committee', 'first_checkpoint', 'start'] },
	});
	assert.equal(response.epoch.firstCheckpoint, 0n);
	assert.equal(response.epoch.committee.members.length, 1);
	assert.equal(response.epoch.committee.members[0].publicKey.length, 96);
});

test('checkpoints chain, and are found by number and digest', async () => {
	const { keypair, address } = await user();
	const transaction = new Transaction();
	transaction.transferObjects([transaction.splitCoins(transaction.gas, [1])], address);
	const { digest } = await run(keypair, transaction);
	const { Transaction: executed } = await client.getTransaction({ digest });
	const number = BigInt(executed.checkpoint);
	const get = async (checkpointId) =>
		(
			await client.ledgerService.getCheckpoint({
				checkpointId,
				readMask: { paths: ['*'] },
			})
		).response.checkpoint;
	const checkpoint = await get({ oneofKind: 'sequenceNumber', sequenceNumber: number });
	assert.equal(checkpoint.sequenceNumber, number);
	assert.ok(checkpoint.transactions.some((t) => t.digest === digest));
	assert.ok(checkpoint.contents.transactions.some((t) => t.transaction === digest));
	assert.equal(checkpoint.summary.contentDigest, checkpoint.contents.digest);
	assert.ok(checkpoint.signature.signature.length === 48);
	const same = await get({ oneofKind: 'digest', digest: checkpoint.digest });
	assert.equal(same.sequenceNumber, number);
	const before = await get({ oneofKind: 'sequenceNumber', sequenceNumber: number - 1n });
	assert.equal(checkpoint.summary.previousDigest, before.digest);
	const latest = await get({ oneofKind: undefined });
	assert.ok(latest.sequenceNumber >= number);
	await assert.rejects(
		get({ oneofKind: 'sequenceNumber', sequenceNumber: 1n << 60n }),
		(error) => error.code === 'NOT_FOUND',
	);
});

test('names do not resolve, and that is no error', async () => {
	const fresh = connect();
	const { address } = await fresh.resolveNameServiceAddress({ name: 'nobody.sui' });
	assert.equal(address, null);
	await assert.rejects(
		fresh.defaultNameServiceName({ address: '0x1' }),
		(error) => error.code === 'NOT_FOUND',
	);
});

test('gRPC-web answers in binary form as well', async () => {
	const binary = connect({ format: 'binary' });
	const { chainIdentifier } = await binary.getChainIdentifier();
	assert.equal(chainIdentifier, (await client.getChainIdentifier()).chainIdentifier);
});

test('browsers may read status and facts about the chain', async () => {
	const url = new URL('/sui.rpc.v2.LedgerService/GetServiceInfo', process.env.SUI_GRPC_URL);
	const preflight = await fetch(url, {
		method: 'OPTIONS',
		headers: {
			origin: 'https://example.org',
			'access-control-request-method': 'POST',
			'access-control-request-headers': 'content-type,x-grpc-web',
		},
	});
	assert.equal(preflight.status, 200);
	assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
	const answer = await fetch(url, {
		method: 'POST',
		headers: { origin: 'https://example.org', 'content-type': 'application/grpc-web+proto' },
		body: new Uint8Array(5),
	});
	assert.equal(answer.status, 200);
	const exposed = answer.headers.get('access-control-expose-headers');
	assert.match(exposed, /grpc-status/);
	assert.match(exposed, /grpc-message/);
	const { chainIdentifier } = await client.getChainIdentifier();
	assert.equal(answer.headers.get('x-sui-chain-id'), chainIdentifier);
	assert.ok(Number(answer.headers.get('x-sui-checkpoint-height')) >= 0);
});

test('an unknown method is unimplemented', async () => {
	const url = new URL('/sui.rpc.v2.LedgerService/Nothing', process.env.SUI_GRPC_URL);
	const answer = await fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/grpc-web+proto' },
		body: new Uint8Array(5),
	});
	assert.equal(answer.headers.get('grpc-status'), '12');
});
