// The network under test, as `floe devnet --env-file` describes it.

import { SuiGrpcClient } from '@mysten/sui/grpc';
import { decodeSuiPrivateKey } from '@mysten/sui/cryptography';
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { walrus } from '@mysten/walrus';

function required(name) {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set; start the network with \`floe devnet --env-file F\` and source F`);
  }
  return value;
}

/** A fresh client: the official one caches objects for good. */
export function connect() {
  // The label must be `testnet` or `mainnet`, or the Walrus extension refuses to load.
  return new SuiGrpcClient({ network: 'testnet', baseUrl: required('SUI_GRPC_URL') }).$extend(
    walrus({
      packageConfig: {
        systemObjectId: required('SYSTEM_OBJECT_ID'),
        stakingPoolId: required('STAKING_OBJECT_ID'),
      },
      storageNodeUrlScheme: 'http',
      storageNodeClientOptions: { timeout: 60_000 },
    }),
  );
}

/** The funded wallet of the network. */
export function wallet() {
  const { secretKey } = decodeSuiPrivateKey(required('SUI_SECRET_KEY'));
  return Ed25519Keypair.fromSecretKey(secretKey);
}

/** The `floe` program, and the arguments that point it at the network. */
export function floe() {
  return { program: required('FLOE_BIN'), args: ['--config', required('FLOE_CONFIG')] };
}
