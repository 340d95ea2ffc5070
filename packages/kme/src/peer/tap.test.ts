import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KmeError } from '../error.ts';
import { code, labels, Network } from '../test/sites.ts';
import { overhear } from './tap.ts';

fc.configureGlobal({ seed: 37 });

/** Beijing and Moscow with key of one satellite, and what was said when it was joined. */
async function joined(t: Parameters<typeof Network.open>[0]): Promise<Network> {
  const joins = [{ left: { node: 'beijing', way: 'direct' }, right: { node: 'moscow', way: 'direct' } }];
  const network = await Network.open(t, { keyBytes: 0, relays: { micius: { joins, combinations: [] } } });
  for (const [i, site] of ['beijing', 'moscow'].entries()) {
    const made = labels([`micius-${site}`], { routes: [['micius', site]], jurisdictions: [] });
    await network.share('micius', site, 'direct', { keyBytes: 8192, padBytes: 512, labels: made, seed: 10 * i });
  }
  await network.settle();
  return network;
}

describe('a tap', () => {
  it('reads joins and where their key lies, as everybody on the line does', async (t) => {
    const { wire } = await joined(t);
    const heard = wire.flatMap(({ message, answer }) => [overhear(message), overhear(answer!)]);
    const told = heard.flatMap((one) => (one.kind === 'frame' ? one.messages : []));
    assert.deepEqual(
      told.map((message) => (message.kind === 'join' ? [message.route.join(), message.mask.length] : message.kind)),
      [
        ['beijing,micius,moscow', 0],
        ['beijing,micius,moscow', 8192],
      ],
    );
    const [confirmed] = heard.filter((one) => one.kind === 'confirmed');
    assert.ok(confirmed);
    assert.ok(confirmed.blockId.startsWith('join:micius:'));
    assert.deepEqual(confirmed.positions, [0, 0, 0, 0]);
  });

  it('refuses what is no message, and never anything but cleanly', async (t) => {
    assert.throws(() => overhear(new TextEncoder().encode('GET / HTTP/1.1')), code('kme/malformed'));
    const { wire } = await joined(t);
    const frames = wire.map(({ message }) => message);
    fc.assert(
      fc.property(fc.constantFrom(...frames), fc.nat(), fc.nat(255), (frame, at, byte) => {
        const bent = frame.slice(0, Math.max(1, frame.length - (at % 7)));
        bent[at % bent.length] = byte;
        try {
          overhear(bent);
        } catch (error) {
          assert.ok(error instanceof KmeError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
