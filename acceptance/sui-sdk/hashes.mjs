// Digests as the protocol defines them, computed here and not by the node.

import { blake2b } from '@noble/hashes/blake2.js';
import { toBase58 } from '@mysten/sui/utils';

/** Base58 of BLAKE2b-256 over a domain name, `::`, and bytes. */
export function digest(domain, bytes) {
	const hash = blake2b.create({ dkLen: 32 });
	hash.update(new TextEncoder().encode(`${domain}::`));
	hash.update(bytes);
	return toBase58(hash.digest());
}

/** BLAKE2b-256. */
export function blake2b256(bytes) {
	return blake2b(bytes, { dkLen: 32 });
}
