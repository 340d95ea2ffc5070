import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { followEvents, type Running, saeId, up } from '@skykey/node';
import { seededRandom } from '@skykey/photons';
import type { NodeState, SiteState } from '@skykey/telemetry';

const KILLS = 8;
const STRIKES_IN_PASSES = 4;
/** Keys in one request. */
const BATCH = 64;
const [HERE, THERE] = ['beijing', 'moscow'];

/** Row 7 of the first milestone: whatever is killed with -9, whenever. */
describe('kill -9 at any moment', () => {
  const data = mkdtempSync(join(tmpdir(), 'skykey-crash-'));
  const following = new AbortController();
  const nodes = new Map<string, NodeState>();
  let running: Running;

  before(async () => {
    running = await up({
      scenario: 'micius-2016-12-19',
      data,
      port: 25460,
      seed: 3,
      speed: 240,
      onLine: () => undefined,
      onFailure: assert.fail,
    });
    void followEvents(
      `${running.url}/api/events`,
      (event, state) => event === 'node' && nodes.set((state as NodeState).nodeId, state as NodeState),
      following.signal,
    );
    await until(() => nodes.has(HERE) && (nodes.get(HERE) as SiteState).link.sessions.length > 0);
    await clock({ skip: 'next-pass' });
    await until(() => [HERE, THERE].every((site) => stock(site) > 20_000));
  });
  after(async () => {
    following.abort();
    await running?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  const stock = (site: string): number => {
    const state = nodes.get(site);
    return state?.kind === 'site' ? state.stock.sendBits : 0;
  };

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 1200; tries++) {
      if (await condition()) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.fail('waited 120 s in vain');
  }

  /** One request to a site's key manager; null when it was killed in the middle. */
  function kme(site: string, path: string, body?: object): Promise<{ status: number; body: string } | null> {
    const file = (name: string): string => readFileSync(join(running.plan.certificates, name), 'utf8');
    return new Promise((resolve) => {
      const call = request(
        {
          host: '127.0.0.1',
          port: running.plan.ports.kme(site === HERE ? 0 : 1),
          path,
          ...(body && { method: 'POST', headers: { 'content-type': 'application/json' } }),
          ca: file('kme-ca.crt'),
          cert: file(`${saeId(site)}.crt`),
          key: file(`${saeId(site)}.key`),
          agent: false,
        },
        (response) => {
          let heard = '';
          response.on('data', (part: Buffer) => {
            heard += part.toString();
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: heard }));
          response.on('error', () => resolve(null));
        },
      );
      call.on('error', () => resolve(null));
      call.end(body && JSON.stringify(body));
    });
  }

  const keysIn = ({ body }: { body: string }): { key_ID: string; key: string }[] => JSON.parse(body).keys;
  /** Many keys in one request: every request is a handshake of its own. */
  const decKeys = (at: string, master: string, ids: readonly string[]) =>
    kme(at, `/api/v1/keys/${saeId(master)}/dec_keys`, { key_IDs: ids.map((key_ID) => ({ key_ID })) });

  const kill = (name: string): boolean => {
    const pid = running.pid(name);
    if (pid === undefined) return false;
    try {
      return process.kill(pid, 'SIGKILL');
    } catch {
      // It was already down from the strike before.
      return false;
    }
  };
  const clock = (body: object): Promise<Response> =>
    fetch(`${running.url}/api/sky/clock`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  it('delivers no key twice and loses none that was acknowledged', async () => {
    const random = seededRandom(11);
    const acknowledged = new Map<string, string>();
    const fetched = new Set<string>();
    const attempted = new Set<string>();
    let killed = 0;
    let drawing = true;

    const draw = async (): Promise<void> => {
      while (drawing) {
        const answer = await kme(HERE, `/api/v1/keys/${saeId(THERE)}/enc_keys?size=64`);
        if (answer?.status === 200) {
          const { key_ID, key } = keysIn(answer)[0]!;
          assert.equal(acknowledged.has(key_ID), false, 'a key id was handed out twice');
          acknowledged.set(key_ID, key);
          if (random.uniform() < 0.5) {
            attempted.add(key_ID);
            await fetchOnce(key_ID);
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const fetchOnce = async (id: string): Promise<boolean> => {
      const answer = await kme(THERE, `/api/v1/keys/${saeId(HERE)}/dec_keys?key_ID=${id}`);
      if (answer?.status !== 200) return false;
      assert.equal(fetched.has(id), false, 'a key was delivered twice to one side');
      fetched.add(id);
      assert.equal(keysIn(answer)[0]!.key, acknowledged.get(id), 'the two sides hold different keys');
      return true;
    };
    const strike = async (): Promise<void> => {
      while (killed < KILLS) {
        // Every other blow falls when there is something to lose, the others on what may just be starting.
        const drawn = acknowledged.size;
        if (killed % 2 === 0) await until(() => acknowledged.size >= drawn + 4);
        await new Promise((resolve) => setTimeout(resolve, 300 + random.uniform() * 2500));
        // In turn, so that none is spared; when, is drawn.
        const victim = ['micius', HERE, THERE][killed % 3]!;
        if (kill(victim)) killed++;
      }
      drawing = false;
    };
    await Promise.all([draw(), strike()]);

    assert.ok(acknowledged.size > 10, `only ${acknowledged.size} keys were drawn`);
    const values = [...acknowledged.values()];
    assert.equal(new Set(values).size, values.length, 'the same key bits under two ids');
    // Every acknowledged key that nobody has asked for yet must still be there, once the other side is up again.
    await until(async () => (await kme(THERE, `/api/v1/keys/${saeId(HERE)}/status`))?.status === 200);
    const waiting = [...acknowledged.keys()].filter((id) => !attempted.has(id));
    for (let from = 0; from < waiting.length; from += BATCH) {
      const ids = waiting.slice(from, from + BATCH);
      const answer = await decKeys(THERE, HERE, ids);
      assert.equal(answer?.status, 200, `a key was acknowledged and is lost: ${answer?.body}`);
      const keys = keysIn(answer);
      assert.deepEqual(
        keys.map(({ key_ID }) => key_ID),
        ids,
      );
      for (const { key_ID, key } of keys) {
        assert.equal(key, acknowledged.get(key_ID), 'the two sides hold different keys');
        fetched.add(key_ID);
      }
    }
    // And none of them is given a second time.
    for (const id of [...fetched].slice(0, 20)) {
      const again = await kme(THERE, `/api/v1/keys/${saeId(HERE)}/dec_keys?key_ID=${id}`);
      assert.equal(again?.status, 400);
    }
  });

  it('keeps both ends in step when sessions and relays are cut down', async () => {
    const random = seededRandom(12);
    for (let struck = 0; struck < STRIKES_IN_PASSES; struck++) {
      await clock({ skip: 'next-pass' });
      await new Promise((resolve) => setTimeout(resolve, 300 + random.uniform() * 4000));
      kill(['micius', HERE, THERE, 'sky'][struck % 4]!);
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
    // Two nights without a blow bring fresh key to both sites again.
    const before = [HERE, THERE].map(stock);
    await until(async () => {
      await clock({ skip: 'next-pass' });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return [HERE, THERE].every((site, i) => stock(site) > before[i]!);
    });
    for (const [from, to] of [
      [HERE, THERE],
      [THERE, HERE],
    ] as const) {
      // All that is in stock, old and new: at both ends the same bytes.
      let compared = 0;
      for (let left = Math.floor(stock(from) / 256); left > 0; left -= BATCH) {
        const enc = await kme(from, `/api/v1/keys/${saeId(to)}/enc_keys?number=${Math.min(left, BATCH)}`);
        // What is left over at the end may not fill a request any more; a peer that refuses would say something else.
        if (compared > 0 && enc?.status === 503 && /not enough keys are available/.test(enc.body)) break;
        assert.equal(enc?.status, 200, enc?.body);
        const keys = keysIn(enc);
        const ids = keys.map(({ key_ID }) => key_ID);
        const dec = await decKeys(to, from, ids);
        assert.equal(dec?.status, 200, dec?.body);
        assert.deepEqual(keysIn(dec), keys);
        compared += keys.length;
      }
      assert.ok(compared >= 100, `only ${compared} keys from ${from} to ${to} were compared`);
    }
  });
});
