import assert from 'node:assert/strict';
import { equalBytes } from '@skykey/bits';
import { decode, typeOf } from '../messages.ts';
import { accepted, type Besieged, type HostileLine, type Overheard, type Sites } from './hostile-line.ts';

/** What must hold whatever was done to the line. */

/** Whether the first `count` messages taken are those sent, in order. */
function faithful(line: HostileLine, direction: Overheard['direction'], count: number): boolean {
  const sent = line.sent(direction);
  const taken = line.taken(direction);
  for (let i = 0; i < count; i++) if (!taken[i] || !sent[i] || !equalBytes(taken[i]!, sent[i]!)) return false;
  return true;
}

/** What Alice must have been told, and Bob, before they accept; `release` is of no account to Alice. */
export function mayAccept(line: HostileLine): { readonly alice: boolean; readonly bob: boolean } {
  const toBob = line.sent('alice-to-bob').findIndex((bytes) => typeOf(bytes) === 'release');
  const toAlice = line.sent('bob-to-alice').findIndex((bytes) => typeOf(bytes) === 'accept');
  const upToTags = faithful(line, 'bob-to-alice', toAlice + 1) && toBob >= 0 && faithful(line, 'alice-to-bob', toBob);
  return { alice: toAlice >= 0 && upToTags, bob: upToTags && faithful(line, 'alice-to-bob', toBob + 1) };
}

/** Pads under which a tag went out. */
export function padsSpent({ said }: HostileLine): { readonly alice: number[]; readonly bob: number[] } {
  const spent = { alice: [] as number[], bob: [] as number[] };
  let pad = Number.NaN;
  for (const { bytes, type } of said) {
    const message = type === 'tag' ? decode(bytes) : undefined;
    if (message?.type === 'tag') pad = message.pad;
    if (type === 'tag') spent.alice.push(pad);
    // Bob accepts none but her own tag, so that it is her number that his goes by.
    if (type === 'accept') spent.bob.push(pad + 1);
    if (type === 'release') spent.alice.push(pad + 2);
  }
  return spent;
}

/** What holds at any moment, whatever was done. */
export async function checkStores({ alice, bob }: Sites, where: string): Promise<void> {
  for (const [id, key] of bob.store.keys) {
    const other = alice.store.keys.get(id);
    if (other) assert.deepEqual(key, other, `${where}: two keys of one block`);
  }
  for (const id of bob.store.released()) assert(await alice.store.wasReleased(id), `${where}: Bob alone released`);
  for (const id of alice.store.released()) {
    const kept = (await bob.store.wasReleased(id)) || (await bob.store.held()).includes(id);
    assert(kept, `${where}: Alice released what Bob has not`);
  }
}

const ENDS = ['protocol', 'version', 'peer-gone'].map((code) => `distill/${code}`);

/** Both ends of a session: nobody accepts but what was said, and each says what it spent and why it ended. */
export function checkEnds({ line, alice, bob }: Besieged, where: string): void {
  const may = mayAccept(line);
  assert.equal(accepted(alice), may.alice, `${where}: Alice accepts just what was said`);
  assert.equal(accepted(bob), may.bob, `${where}: Bob accepts just what was said`);
  for (const [name, party] of Object.entries({ alice, bob })) {
    if (party.status === 'rejected') {
      assert(ENDS.includes(party.reason.code), `${where}: ${name} ends with ${party.reason.stack}`);
    } else if (party.value.verdict === 'refused') {
      assert(party.value.secretBits === 0 && party.value.reason, `${where}: ${name} refuses without a reason`);
    }
  }
}

/** All sessions of two sites: no pad hid two tags, and each was on the disk of its owner. */
export function checkPads(lines: readonly HostileLine[], sites: Sites, where: string): void {
  const spent = lines.map(padsSpent);
  const sealed = spent.flatMap(({ alice, bob }) => [...alice, ...bob]);
  assert.equal(new Set(sealed).size, sealed.length, `${where}: a pad hides two tags, ${sealed}`);
  for (const name of ['alice', 'bob'] as const) {
    const { touched } = sites[name].pads;
    assert(
      touched.every((pad, i) => i === 0 || pad > touched[i - 1]!),
      `${where}: the pads of ${name} rise, ${touched}`,
    );
    for (const pad of spent.flatMap((one) => one[name])) assert(touched.includes(pad), `${where}: pad ${pad}`);
  }
}
