// Every kind of key that the client signs with.

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';

import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { PasskeyKeypair } from '@mysten/sui/keypairs/passkey';
import { Secp256k1Keypair } from '@mysten/sui/keypairs/secp256k1';
import { Secp256r1Keypair } from '@mysten/sui/keypairs/secp256r1';
import { MultiSigPublicKey } from '@mysten/sui/multisig';
import { Transaction } from '@mysten/sui/transactions';
import { verifyPersonalMessageSignature } from '@mysten/sui/verify';

import { balance, client, complete, fund, run, user } from '../support.mjs';

for (const [name, keypair] of [
	['ed25519', new Ed25519Keypair()],
	['secp256k1', new Secp256k1Keypair()],
	['secp256r1', new Secp256r1Keypair()],
]) {
	test(`${name} keys sign transactions`, async () => {
		const { address } = await user(keypair);
		const heir = new Ed25519Keypair().toSuiAddress();
		const transaction = new Transaction();
		transaction.transferObjects([transaction.splitCoins(transaction.gas, [5])], heir);
		const sent = await run(keypair, transaction);
		assert.equal(await balance(heir), 5n);
		assert.equal(sent.balanceChanges.some((change) => change.address === address), true);
	});
}

/** Two of three different keys, with weights. */
function committee() {
	const members = [new Ed25519Keypair(), new Secp256k1Keypair(), new Secp256r1Keypair()];
	const weights = [1, 1, 2];
	const publicKey = MultiSigPublicKey.fromPublicKeys({
		threshold: 3,
		publicKeys: members.map((key, index) => ({
			publicKey: key.getPublicKey(),
			weight: weights[index],
		})),
	});
	return { members, publicKey };
}

test('a multisig committee of three kinds of keys', async () => {
	const { members, publicKey } = committee();
	const address = publicKey.toSuiAddress();
	await fund(address);
	const heir = new Ed25519Keypair().toSuiAddress();
	const transaction = await complete(address, (tx) =>
		tx.transferObjects([tx.splitCoins(tx.gas, [6])], heir),
	);
	const bytes = await transaction.build();
	const parts = await Promise.all(
		members.map(async (key) => (await key.signTransaction(bytes)).signature),
	);
	const light = publicKey.combinePartialSignatures([parts[0], parts[1]]);
	await assert.rejects(
		client.executeTransaction({ transaction: bytes, signatures: [light] }),
		(error) => error.code === 'INVALID_ARGUMENT',
	);
	const enough = publicKey.combinePartialSignatures([parts[0], parts[2]]);
	const result = await client.executeTransaction({ transaction: bytes, signatures: [enough] });
	assert.equal(result.$kind, 'Transaction', JSON.stringify(result));
	assert.equal(await balance(heir), 6n);
	assert.deepEqual(result.Transaction.signatures, [enough]);
});

test('a signer of a multisig committee', async () => {
	const { members, publicKey } = committee();
	const address = publicKey.toSuiAddress();
	await fund(address);
	const signer = publicKey.getSigner(members[1], members[2]);
	const transaction = new Transaction();
	transaction.transferObjects([transaction.splitCoins(transaction.gas, [7])], address);
	await run(signer, transaction);
});

test('a passkey', async () => {
	const keypair = await PasskeyKeypair.getPasskeyInstance(authenticator());
	await fund(keypair.toSuiAddress());
	const heir = new Ed25519Keypair().toSuiAddress();
	const transaction = new Transaction();
	transaction.transferObjects([transaction.splitCoins(transaction.gas, [8])], heir);
	await run(keypair, transaction);
	assert.equal(await balance(heir), 8n);
});

test('signatures of messages are verified by the node', async () => {
	const message = new TextEncoder().encode('hello');
	for (const key of [new Ed25519Keypair(), new Secp256k1Keypair(), new Secp256r1Keypair()]) {
		const { signature, bytes } = await key.signPersonalMessage(message);
		await verifyPersonalMessageSignature(message, signature);
		const verify = (address, own = bytes) =>
			client.verifyZkLoginSignature({
				bytes: own,
				signature,
				intentScope: 'PersonalMessage',
				address,
			});
		assert.deepEqual(await verify(key.toSuiAddress()), { success: true, errors: [] });
		const stranger = await verify('0x1');
		assert.equal(stranger.success, false);
		assert.equal(stranger.errors.length, 1);
		const other = Buffer.from('other').toString('base64');
		assert.equal((await verify(key.toSuiAddress(), other)).success, false);
	}
});

/** What a browser's authenticator does, with a key of this process. */
function authenticator() {
	const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
	const spki = publicKey.export({ type: 'spki', format: 'der' });
	return {
		async create() {
			return { rawId: new Uint8Array(16), response: { getPublicKey: () => new Uint8Array(spki) } };
		},
		async get(challenge) {
			const clientData = Buffer.from(
				JSON.stringify({
					type: 'webauthn.get',
					challenge: Buffer.from(challenge).toString('base64url'),
					origin: 'http://localhost',
					crossOrigin: false,
				}),
			);
			// Hash of the site, flags, counter.
			const data = Buffer.concat([Buffer.alloc(32, 7), Buffer.from([5, 0, 0, 0, 1])]);
			const hash = createHash('sha256').update(clientData).digest();
			const signature = sign('sha256', Buffer.concat([data, hash]), privateKey);
			return {
				response: {
					authenticatorData: new Uint8Array(data),
					clientDataJSON: new Uint8Array(clientData),
					signature: new Uint8Array(signature),
				},
			};
		},
	};
}
