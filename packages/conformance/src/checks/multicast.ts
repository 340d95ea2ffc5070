/** One key for several slaves (ETSI GS QKD 014, 6.2: additional_slave_SAE_IDs; annex B). */
import { type Check, shall } from '../check.ts';
import type { Key } from '../container.ts';
import type { Party } from '../exchange.ts';
import type { Probe } from '../probe.ts';
import { fail, inconclusive, notApplicable, Unsettled, unless } from '../verdict.ts';
import { refused, TEXT } from './get-key.ts';

/** More would be a list of names that no network has. */
const MAX_NAMES = 64;

export const MULTICAST: readonly Check[] = [
  shall(
    '6.2',
    'second-hand',
    'multicast-limit',
    'No more additional slaves are served than max_SAE_ID_count; with 0 there is no multicast.',
    async (probe) => {
      const most = probe.limit('max_SAE_ID_count');
      if (most >= MAX_NAMES) return notApplicable(`max_SAE_ID_count is ${most}`);
      const known = probe.parties.additional ? [probe.parties.additional.saeId] : [];
      const invented = Array.from({ length: most + 1 }, (_, at) => `sae-${at}.conformance-suite.invalid`);
      const names = [...known, ...invented].slice(0, most + 1);
      const { status } = await probe.enc({ additional_slave_SAE_IDs: names });
      return unless(status === 200 ? `${names.length} additional slaves are answered with 200` : null, `${status}`);
    },
  ),
  shall('6.2', 'second-hand', 'multicast-same-keys', 'Every slave named gets identical keys.', async (probe) => {
    if (probe.limit('max_SAE_ID_count') === 0) return notApplicable('max_SAE_ID_count is 0: no multicast');
    const { keys, additional } = await multicast(probe, 2);
    for (const party of [probe.parties.slave, additional]) {
      const answer = await probe.dec(
        party,
        keys.map(({ keyId }) => keyId),
      );
      if (answer.status !== 200) return fail(`${party.saeId} is answered with ${answer.status}`);
      const came = new Map(probe.keys(answer).map(({ keyId, digest }) => [keyId, digest]));
      if (keys.some(({ keyId, digest }) => came.has(keyId) && came.get(keyId) !== digest)) {
        return fail(`${party.saeId} got other keys than the master`);
      }
    }
    return unless(null, `${probe.parties.slave.saeId} and ${additional.saeId} got the keys of the master`);
  }),
  shall(
    '5.4',
    'second-hand',
    'multicast-once',
    `Each slave gets its copy once, whatever the other did: asked again, 400 and "${TEXT.notFound}".`,
    async (probe) => {
      if (probe.limit('max_SAE_ID_count') === 0) return notApplicable('max_SAE_ID_count is 0: no multicast');
      const { keys, additional } = await multicast(probe, 1);
      const ids = keys.map(({ keyId }) => keyId);
      for (const party of [additional, probe.parties.slave]) {
        const { status } = await probe.dec(party, ids);
        if (status !== 200) return inconclusive(`${party.saeId} is answered with ${status} already the first time`);
      }
      for (const party of [additional, probe.parties.slave]) {
        const finding = refused(await probe.dec(party, ids), TEXT.notFound);
        if (finding.verdict !== 'pass') return { ...finding, reason: `${party.saeId}: ${finding.reason}` };
      }
      return unless(null, 'once each');
    },
  ),
];

/** Throws Unsettled when the KME does not make keys for this additional slave, which its policy may forbid. */
export async function multicast(probe: Probe, number: number): Promise<{ keys: Key[]; additional: Party }> {
  const { additional } = probe.parties;
  if (!additional) throw new Unsettled('no third or fourth SAE was given that could be an additional slave');
  const count = Math.min(number, probe.limit('max_key_per_request'));
  const answer = await probe.enc({ number: count, additional_slave_SAE_IDs: [additional.saeId] }, count);
  const keys = probe.keys(answer);
  if (answer.status !== 200 || keys.length === 0) {
    throw new Unsettled(
      `no keys for ${additional.saeId} besides: the KME answered ${answer.status}; a fourth --sae that may be a slave helps`,
    );
  }
  return { keys, additional };
}
