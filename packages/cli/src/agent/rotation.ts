/** Key after key, by the two roles: the leader asks for each and drives the round, the follower answers (see `exchange.ts`). */
import type { KmeClient, ReceivedKey } from '@skykey/client';
import { CliError } from '../error.ts';
import { SECRET_BYTES } from './combine.ts';
import { type Agreed, accept, Offer, type Setting, type Step } from './exchange.ts';
import type { Line } from './line.ts';
import type { Tunnel } from './tunnel.ts';
import type { Watch } from './watch.ts';

export interface Party {
  readonly kme: Pick<KmeClient, 'getKeys' | 'getKeysWithIds'>;
  readonly tunnel: Tunnel;
  readonly watch: Watch;
  /** SAE ids. */
  readonly self: string;
  readonly peer: string;
  /** Ids of keys that were taken for this tunnel. A KME that gives one twice is not believed. */
  readonly usedKeyIds: Set<string>;
}

export interface Rotated {
  readonly keyId: string;
  readonly tookMs: number;
}

/** An answer to what needs no more than arithmetic and a KME; making an IKE SA takes longer. */
const ANSWER_LIMIT_MS = 20_000;
const TUNNEL_LIMIT_MS = 45_000;

/** Remembered ids: two months of one key a minute. */
const MAX_USED_IDS = 100_000;

/** One round as its leader. @throws CliError, ClientError; then the line is of no use any more */
export async function leadRound(party: Party, line: Line, round: number): Promise<Rotated> {
  const { kme, tunnel, watch, self, peer } = party;
  const since = now();
  const [key] = await kme.getKeys(peer, { number: 1, size: SECRET_BYTES * 8 });
  const keyId = fresh(party, key);
  const setting: Setting = { tunnel: tunnel.kind, leader: self, follower: peer, channel: line.channel, round };
  const offer = new Offer(setting, { keyId, qkd: key!.key });
  let agreed: Agreed | undefined;
  try {
    line.send({ type: 'propose', round, tunnel: tunnel.kind, ...offer.proposal, keyIds: [...offer.proposal.keyIds] });
    const accepted = await line.receive('accept', round, ANSWER_LIMIT_MS);
    agreed = offer.agree(accepted);
    agreed.check('accept', '', accepted.tag);
    line.send({ type: 'confirm', round, tag: agreed.tag('confirm', '') });
    await hear(line, agreed, 'installed', round, TUNNEL_LIMIT_MS);
    await watch.install({ keyId, key: agreed.tunnelKey });
    const evidence = await watch.start(keyId);
    line.send({ type: 'live', round, evidence, tag: agreed.tag('live', evidence) });
    await hear(line, agreed, 'works', round, TUNNEL_LIMIT_MS);
    await watch.renew(keyId, since);
    return { keyId, tookMs: performance.now() - since.steadyMs };
  } finally {
    offer.wipe();
    agreed?.wipe();
  }
}

/** One round as its follower: waits for the proposal as long as it takes. */
export async function followRound(party: Party, line: Line): Promise<Rotated> {
  const { kme, tunnel, watch, self, peer } = party;
  const proposal = await line.receive('propose', null);
  const since = now();
  const { round } = proposal;
  if (proposal.tunnel !== tunnel.kind) {
    throw new CliError(
      'agent/line',
      `${peer} has a tunnel of kind ${proposal.tunnel}, this agent one of ${tunnel.kind}`,
    );
  }
  const keyIds = proposal.keyIds.map((id) => id.toLowerCase());
  const used = keyIds.find((id) => party.usedKeyIds.has(id));
  if (used) throw new CliError('agent/exchange', `key ${used} has been used for this tunnel before`);
  const [key] = await kme.getKeysWithIds(peer, keyIds);
  const keyId = fresh(party, key);
  const setting: Setting = { tunnel: tunnel.kind, leader: peer, follower: self, channel: line.channel, round };
  const { acceptance, agreed } = accept(setting, proposal, key!.key);
  try {
    line.send({ type: 'accept', round, ...acceptance, tag: agreed.tag('accept', '') });
    await hear(line, agreed, 'confirm', round, ANSWER_LIMIT_MS);
    await watch.install({ keyId, key: agreed.tunnelKey });
    line.send({ type: 'installed', round, tag: agreed.tag('installed', '') });
    const { evidence, tag } = await line.receive('live', round, TUNNEL_LIMIT_MS);
    agreed.check('live', evidence, tag);
    await watch.verify(keyId, evidence);
    await watch.renew(keyId, since);
    line.send({ type: 'works', round, tag: agreed.tag('works', '') });
    return { keyId, tookMs: performance.now() - since.steadyMs };
  } finally {
    agreed.wipe();
  }
}

async function hear(
  line: Line,
  agreed: Agreed,
  step: Exclude<Step, 'accept' | 'live'>,
  round: number,
  limitMs: number,
): Promise<void> {
  const { tag } = await line.receive(step, round, limitMs);
  agreed.check(step, '', tag);
}

function fresh({ usedKeyIds }: Party, key: ReceivedKey | undefined): string {
  const keyId = key!.keyId.toLowerCase();
  if (usedKeyIds.has(keyId)) {
    key!.key.wipe();
    throw new CliError('agent/exchange', `the KME gave key ${keyId} twice: a key that is used again protects nothing`);
  }
  usedKeyIds.add(keyId);
  if (usedKeyIds.size > MAX_USED_IDS) usedKeyIds.delete(usedKeyIds.values().next().value!);
  return keyId;
}

function now(): { wallMs: number; steadyMs: number } {
  return { wallMs: Date.now(), steadyMs: performance.now() };
}
