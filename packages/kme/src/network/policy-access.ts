/** Who may call what about whom, as a policy has it: every cell, for a test that tries them all. */
import type { RefusalCode } from '../service.ts';
import type { Policy } from './policy.ts';

/** A place where one asks something of a KME. */
export interface Endpoint {
  readonly name: string;
  /**
   * Who is meant to ask, and about what. `pair`: an SAE about the keys it shares with another. `key`: an SAE for its copy
   * of a key that a master got for a slave. `assignment`: another KME that says its SAE got a key for one of ours.
   * `site`: an operator about the KME as a whole.
   */
  readonly asks: 'pair' | 'key' | 'assignment' | 'site';
}

export const ENDPOINTS: readonly Endpoint[] = [
  { name: '014 status', asks: 'pair' },
  { name: '014 enc_keys', asks: 'pair' },
  { name: '014 dec_keys', asks: 'key' },
  { name: '004 open', asks: 'pair' },
  { name: 'SKIP key', asks: 'pair' },
  { name: 'SKIP key by id', asks: 'key' },
  { name: 'peer assign', asks: 'assignment' },
  { name: '015 node', asks: 'site' },
  { name: 'metrics', asks: 'site' },
];

/** By its certificate: none, of the SAE authority but not in the network, an SAE, a KME, an operator. */
export type Role = 'nobody' | 'stranger' | 'sae' | 'kme' | 'operator';

export interface AccessCell {
  readonly role: Role;
  /** Name in the certificate; null for nobody. */
  readonly caller: string | null;
  readonly endpoint: string;
  /** `pair`: the other SAE. `key`, `assignment`: master and slave. `site`: the KME. */
  readonly object: readonly string[];
  /** `handshake`: the connection is refused, since no authority of this door signed the certificate. */
  readonly expected: 'pass' | 'handshake' | Extract<RefusalCode, 'unauthorized' | 'unknown-sae'>;
}

export interface AccessScene {
  readonly policy: Policy;
  /** The KME that is asked. */
  readonly kmeId: string;
  /** Every SAE of the network and its KME. */
  readonly kmeOf: ReadonlyMap<string, string>;
  readonly operators: readonly string[];
  /** An SAE ID that is not in the network: as a caller with a good certificate, and as an object. */
  readonly stranger: string;
  readonly endpoints?: readonly Endpoint[];
}

/** Every role at every endpoint about every object. Each cell that does not say `pass` must be refused as it says. */
export function accessMatrix(scene: AccessScene): AccessCell[] {
  const { endpoints = ENDPOINTS } = scene;
  return endpoints.flatMap((endpoint) =>
    objectsOf(endpoint, scene).flatMap((object) =>
      callersOf(scene).map(
        ([role, caller]): AccessCell => ({
          role,
          caller,
          endpoint: endpoint.name,
          object,
          expected: expectation(endpoint, role, caller, object, scene),
        }),
      ),
    ),
  );
}

function callersOf({ kmeOf, operators, stranger }: AccessScene): [Role, string | null][] {
  return [
    ['nobody', null],
    ['stranger', stranger],
    ...[...kmeOf.keys()].map((sae): [Role, string] => ['sae', sae]),
    ...[...new Set(kmeOf.values())].map((kme): [Role, string] => ['kme', kme]),
    ...operators.map((operator): [Role, string] => ['operator', operator]),
  ];
}

function objectsOf({ asks }: Endpoint, { kmeOf, kmeId, stranger, policy }: AccessScene): string[][] {
  const saes = [...kmeOf.keys()];
  switch (asks) {
    case 'pair':
      return [...saes, stranger].map((sae) => [sae]);
    case 'key':
      // Keys whose copy for the slave lies here: those that exist at all.
      return saes
        .flatMap((master) => saes.map((slave) => [master, slave]))
        .filter(([master, slave]) => kmeOf.get(slave!) === kmeId && policy.rulesFor([master!, slave!]) !== undefined);
    case 'assignment':
      return saes.flatMap((master) => saes.filter((slave) => slave !== master).map((slave) => [master, slave]));
    case 'site':
      return [[kmeId]];
  }
}

function expectation(
  { asks }: Endpoint,
  role: Role,
  caller: string | null,
  object: readonly string[],
  { policy, kmeId, kmeOf }: AccessScene,
): AccessCell['expected'] {
  const [first, second] = object as [string, string];
  const forSaes = role === 'sae' || role === 'stranger';
  switch (asks) {
    case 'pair':
      if (!forSaes) return 'handshake';
      if (role === 'stranger' || kmeOf.get(caller!) !== kmeId) return 'unauthorized';
      if (!kmeOf.has(first)) return 'unknown-sae';
      return policy.rulesFor([caller!, first]) ? 'pass' : 'unauthorized';
    case 'key':
      if (!forSaes) return 'handshake';
      return caller === second && kmeOf.get(second) === kmeId ? 'pass' : 'unauthorized';
    case 'assignment':
      if (role !== 'kme') return 'handshake';
      // A KME does not tell itself, speaks for its own SAEs only, and to the KME of the other.
      return caller !== kmeId &&
        kmeOf.get(first) === caller &&
        kmeOf.get(second) === kmeId &&
        policy.rulesFor([first, second])
        ? 'pass'
        : 'unauthorized';
    case 'site':
      return role === 'operator' ? 'pass' : 'handshake';
  }
}
