// The official Walrus client, unmodified, against a running network. Ends with status 0 if all steps pass.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { WalrusFile } from '@mysten/walrus';

import { connect, floe, wallet } from './network.mjs';

const signer = wallet();
const owner = signer.toSuiAddress();
const folder = await mkdtemp(join(tmpdir(), 'floe-acceptance-'));
const kept = {};
const steps = [];
const step = (name, body) => steps.push({ name, body });

/** Bytes that follow from a seed, so that a failure can be repeated. */
function bytes(length, seed) {
  const out = new Uint8Array(length);
  let state = BigInt(seed) | 1n;
  for (let i = 0; i < length; i += 1) {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    out[i] = Number(state >> 56n);
  }
  return out;
}

const same = (a, b) => assert.ok(Buffer.from(a).equals(Buffer.from(b)), 'the bytes differ');

async function cli(...args) {
  const { program, args: network } = floe();
  const { stdout } = await promisify(execFile)(program, [...args, ...network, '--json'], {
    maxBuffer: 64 << 20,
  });
  return JSON.parse(stdout);
}

step('reads the system and staking state', async () => {
  const client = connect();
  const system = await client.walrus.systemState();
  const staking = await client.walrus.stakingState();
  assert.equal(system.committee.n_shards, staking.n_shards);
  assert.equal(system.committee.epoch, staking.epoch);
  assert.ok(system.committee.members.length >= 11, 'the client needs 11 nodes or more');
  const weight = system.committee.members.reduce((sum, member) => sum + member.weight, 0);
  assert.equal(weight, system.committee.n_shards);
});

step('computes what storing costs', async () => {
  const cost = await connect().walrus.storageCost(100_000, 3);
  assert.ok(cost.storageCost > 0n && cost.writeCost > 0n);
  assert.equal(cost.totalCost, cost.storageCost + cost.writeCost);
  kept.cost = cost;
});

for (const [name, length, deletable] of [
  ['1 byte', 1, true],
  ['100 KB, permanent', 100_000, false],
  ['5 MB', 5_000_000, true],
]) {
  step(`writes and reads ${name}`, async () => {
    const client = connect();
    const blob = bytes(length, length);
    const { blobId, blobObject } = await client.walrus.writeBlob({ blob, deletable, epochs: 3, signer });
    assert.notEqual(blobObject.certified_epoch, null);
    assert.equal(blobObject.deletable, deletable);
    same(await connect().walrus.readBlob({ blobId }), blob);
    kept[name] = { blobId, objectId: blobObject.id, blob };
  });
}

step('pays exactly what it computed', async () => {
  const client = connect();
  const walType = process.env.WAL_TYPE;
  const before = await client.core.getBalance({ owner, coinType: walType });
  const { blobId } = await client.walrus.writeBlob({
    blob: bytes(100_000, 77), deletable: true, epochs: 3, signer,
  });
  const after = await connect().core.getBalance({ owner, coinType: walType });
  const paid = BigInt(before.balance.balance) - BigInt(after.balance.balance);
  assert.equal(paid, kept.cost.totalCost);
  assert.ok(blobId);
});

step('sees a verified status', async () => {
  const { blobId } = kept['100 KB, permanent'];
  const status = await connect().walrus.getVerifiedBlobStatus({ blobId });
  assert.equal(status.type, 'permanent');
  assert.equal(status.isCertified, true);
});

step('goes step by step and resumes after each step', async () => {
  const blob = bytes(40_000, 5);
  let resume;
  for (const stop of ['encoded', 'registered', 'uploaded', 'certified']) {
    const flow = connect().walrus.writeBlobFlow({ blob, resume });
    for await (const done of flow.run({ signer, epochs: 2, deletable: true, owner })) {
      resume = JSON.parse(JSON.stringify(done));
      if (done.step === stop) break;
    }
    assert.equal(resume.step, stop);
  }
  same(await connect().walrus.readBlob({ blobId: resume.blobId }), blob);
});

step('runs the flow by hand', async () => {
  const client = connect();
  const blob = bytes(10_000, 6);
  const flow = client.walrus.writeBlobFlow({ blob });
  await flow.encode();
  const registered = await client.signAndExecuteTransaction({
    transaction: flow.register({ epochs: 2, owner, deletable: true }), signer, include: { effects: true },
  });
  const { digest } = registered.Transaction;
  await client.core.waitForTransaction({ digest });
  await flow.upload({ digest });
  const certified = await client.signAndExecuteTransaction({ transaction: flow.certify(), signer });
  await client.core.waitForTransaction({ digest: certified.Transaction.digest });
  const { blobId } = await flow.getBlob();
  same(await connect().walrus.readBlob({ blobId }), blob);
});

step('refuses a certificate over forged confirmations', async () => {
  const client = connect();
  const blob = bytes(9_000, 66);
  const encoded = await client.walrus.encodeBlob(blob);
  const { blob: object } = await client.walrus.executeRegisterBlobTransaction({
    signer, size: blob.length, epochs: 2, blobId: encoded.blobId, rootHash: encoded.rootHash, deletable: true,
  });
  const confirmations = await client.walrus.writeEncodedBlobToNodes({
    blobId: encoded.blobId, metadata: encoded.metadata, sliversByNode: encoded.sliversByNode,
    deletable: true, objectId: object.id,
  });
  const certificate = await client.walrus.certificateFromConfirmations({
    confirmations, blobId: encoded.blobId, deletable: true, blobObjectId: object.id,
  });
  const forged = { ...certificate, serializedMessage: Uint8Array.from(certificate.serializedMessage) };
  forged.serializedMessage[10] ^= 1;
  await assert.rejects(
    client.walrus.executeCertifyBlobTransaction({
      signer, blobId: encoded.blobId, blobObjectId: object.id, certificate: forged, deletable: true,
    }),
    /bls_aggregate/,
  );
  await client.walrus.executeCertifyBlobTransaction({
    signer, blobId: encoded.blobId, blobObjectId: object.id, certificate, deletable: true,
  });
});

step('refuses a registration whose root hash does not match', async () => {
  const client = connect();
  const encoded = await client.walrus.encodeBlob(bytes(3_000, 8));
  const rootHash = Uint8Array.from(encoded.rootHash);
  rootHash[0] ^= 1;
  await assert.rejects(
    client.walrus.executeRegisterBlobTransaction({
      signer, size: 3_000, epochs: 1, blobId: encoded.blobId, rootHash, deletable: true,
    }),
    /blob/,
  );
});

step('writes a quilt and reads it by identifier, tag and patch id', async () => {
  const client = connect();
  const blobs = [
    { identifier: 'readme.txt', contents: bytes(900, 11), tags: { kind: 'text', lang: 'en' } },
    { identifier: 'größe.bin', contents: bytes(70_000, 12), tags: { kind: 'binary' } },
    { identifier: 'notes/ß.txt', contents: bytes(10, 13), tags: { kind: 'text' } },
  ];
  const { blobId, index } = await client.walrus.writeQuilt({ blobs, deletable: true, epochs: 3, signer });
  assert.equal(index.patches.length, blobs.length);
  const quilt = await connect().walrus.getBlob({ blobId });
  const [named] = await quilt.files({ identifiers: ['größe.bin'] });
  same(await named.bytes(), blobs[1].contents);
  const tagged = await quilt.files({ tags: [{ kind: 'text' }] });
  const names = await Promise.all(tagged.map((file) => file.getIdentifier()));
  assert.deepEqual(names.sort(), ['notes/ß.txt', 'readme.txt']);
  for (const patch of index.patches) {
    const [file] = await connect().walrus.getFiles({ ids: [patch.patchId] });
    same(await file.bytes(), blobs.find((blob) => blob.identifier === patch.identifier).contents);
  }
  kept.quilt = { blobId, blobs, index };
});

step('writes files and reads them back', async () => {
  const client = connect();
  const files = [
    WalrusFile.from({ contents: new TextEncoder().encode('{"a":1}'), identifier: 'a.json' }),
    WalrusFile.from({ contents: bytes(5_000, 14), identifier: 'b.bin', tags: { t: 'v' } }),
  ];
  const written = await client.walrus.writeFiles({ files, deletable: true, epochs: 2, signer });
  const back = await connect().walrus.getFiles({ ids: written.map((file) => file.id) });
  assert.deepEqual(await back[0].json(), { a: 1 });
  assert.deepEqual(await back[1].getTags(), { t: 'v' });
});

step('sets, changes and removes attributes', async () => {
  const client = connect();
  const { blobObject } = await client.walrus.writeBlob({
    blob: bytes(500, 31), deletable: true, epochs: 1, signer, attributes: { 'content-type': 'text/plain', author: 'anyone' },
  });
  const blobObjectId = blobObject.id;
  assert.deepEqual(
    { ...(await connect().walrus.readBlobAttributes({ blobObjectId })) },
    { 'content-type': 'text/plain', author: 'anyone' },
  );
  await connect().walrus.executeWriteBlobAttributesTransaction({
    signer, blobObjectId, attributes: { 'content-type': 'text/html', author: null, lang: 'en' },
  });
  assert.deepEqual(
    { ...(await connect().walrus.readBlobAttributes({ blobObjectId })) },
    { 'content-type': 'text/html', lang: 'en' },
  );
});

step('extends a blob', async () => {
  const { objectId } = kept['100 KB, permanent'];
  const before = await connect().walrus.getBlobObject(objectId);
  await connect().walrus.executeExtendBlobTransaction({ signer, blobObjectId: objectId, epochs: 2 });
  const after = await connect().walrus.getBlobObject(objectId);
  assert.equal(after.storage.end_epoch, before.storage.end_epoch + 2);
});

step('buys storage and registers with it', async () => {
  const client = connect();
  const transaction = client.walrus.createStorageTransaction({ size: 10_000, epochs: 2, owner });
  const bought = await client.signAndExecuteTransaction({ transaction, signer, include: { effects: true } });
  assert.equal(bought.$kind, 'Transaction');
  await client.core.waitForTransaction({ digest: bought.Transaction.digest });
  const system = process.env.WALRUS_PACKAGE_ID;
  const { objects } = await client.core.listOwnedObjects({
    owner, type: `${system}::storage_resource::Storage`,
  });
  assert.ok(objects.length >= 1);
});

step('deletes a blob and gets its storage back', async () => {
  const client = connect();
  const { objectId } = kept['5 MB'];
  await client.walrus.executeDeleteBlobTransaction({ signer, blobObjectId: objectId });
  await assert.rejects(connect().walrus.getBlobObject(objectId));
});

step('does not delete a permanent blob', async () => {
  const { objectId } = kept['100 KB, permanent'];
  await assert.rejects(
    connect().walrus.executeDeleteBlobTransaction({ signer, blobObjectId: objectId }),
    /delete/,
  );
});

step('says that an unknown blob does not exist', async () => {
  const encoded = await connect().walrus.encodeBlob(bytes(2_000, 999));
  await assert.rejects(connect().walrus.readBlob({ blobId: encoded.blobId }));
  const blob = await connect().walrus.getBlob({ blobId: encoded.blobId });
  assert.equal(await blob.exists(), false);
});

step('reads with floe what the official client wrote', async () => {
  const { blobId, blob } = kept['100 KB, permanent'];
  const out = join(folder, 'from-sdk');
  await cli('read', blobId, '--out', out);
  same(await readFile(out), blob);
  const { blobId: quiltId, blobs } = kept.quilt;
  await cli('read-quilt', '--quilt-id', quiltId, '--identifiers', 'readme.txt', '--out', join(folder, 'q'));
  same(await readFile(join(folder, 'q', 'readme.txt')), blobs[0].contents);
});

step('reads with the official client what floe wrote', async () => {
  const blob = bytes(300_000, 21);
  const file = join(folder, 'to-sdk');
  await writeFile(file, blob);
  const [stored] = await cli('store', file, '--epochs', '2');
  const { blobId } = stored.blobStoreResult.newlyCreated.blobObject;
  same(await connect().walrus.readBlob({ blobId }), blob);

  const text = join(folder, 'hello.txt');
  await writeFile(text, 'hello from floe');
  const quilt = await cli('store-quilt', '--paths', text, '--epochs', '2');
  const [patch] = quilt.storedQuiltBlobs;
  assert.equal(patch.identifier, 'hello.txt');
  const [back] = await connect().walrus.getFiles({ ids: [patch.quiltPatchId] });
  assert.equal(await back.text(), 'hello from floe');
});

let failed = 0;
for (const { name, body } of steps) {
  const start = performance.now();
  try {
    await body();
    console.log(`ok    ${name} (${Math.round(performance.now() - start)} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}`);
    console.error(error);
  }
}
await rm(folder, { recursive: true, force: true });
console.log(failed === 0 ? `all ${steps.length} steps passed` : `${failed} of ${steps.length} steps failed`);
process.exit(failed === 0 ? 0 : 1);
