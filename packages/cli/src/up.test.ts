import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import { type Running, saeId, up } from '@skykey/node';

const [HERE, THERE] = ['beijing', 'moscow'];

interface Status {
  readonly status_extension?: {
    readonly skykey_forecast?: { readonly skykey_ready_at: string; readonly skykey_bits: Record<string, number> };
  };
}

/** What the sites of a scenario serve besides words and keys. */
describe('skykey up', () => {
  const data = mkdtempSync(join(tmpdir(), 'skykey-up-'));
  let running: Running;

  before(async () => {
    running = await up({
      ...{ scenario: 'micius-2016-12-19', data, port: 23_400, seed: 3, speed: 1 },
      onLine: () => undefined,
      onFailure: assert.fail,
    });
  });
  after(async () => {
    await running?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  const secrets = (site: string) => {
    const file = (name: string): string => readFileSync(join(running.plan.certificates, name), 'utf8');
    return { ca: file('kme-ca.crt'), cert: file(`${saeId(site)}.crt`), key: file(`${saeId(site)}.key`) };
  };
  const operations = (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${running.plan.ports.site(0)}${path}`);

  async function status(): Promise<Status> {
    const path = `/api/v1/keys/${saeId(THERE!)}/status`;
    const call = request({ host: '127.0.0.1', port: running.plan.ports.kme(0), path, agent: false, ...secrets(HERE!) });
    call.end();
    const [response] = await once(call, 'response');
    let text = '';
    for await (const part of response) text += part;
    return JSON.parse(text) as Status;
  }

  it('tells when the next key is expected: with the pass over Moscow, not the one over Beijing before it', async () => {
    let forecast: NonNullable<Status['status_extension']>['skykey_forecast'];
    for (let tries = 0; tries < 300 && !forecast; tries++) {
      forecast = (await status()).status_extension?.skykey_forecast;
      if (!forecast) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.match(forecast!.skykey_ready_at, /^2016-12-19T21:3/);
    const { p05, p50, p95 } = forecast!.skykey_bits;
    // Half of what the lesser of two passes brings.
    assert.ok(p05! > 40_000 && p05! <= p50! && p50! <= p95! && p95! < 100_000, JSON.stringify(forecast));
  });

  it('serves readings, documents and the 015 model beside what the console needs', async () => {
    const metrics = await (await operations('/metrics')).text();
    assert.match(metrics, /^skykey_kme_ready 1$/m);
    assert.match(metrics, /^skykey_kme_requests_total\{interface="etsi014",status="200"\} \d+$/m);
    assert.match(metrics, /^skykey_kme_vault_transactions_total [1-9]/m);
    assert.equal((await operations('/readyz')).status, 200);
    assert.equal(((await (await operations('/openapi/etsi014.json')).json()) as { openapi: string }).openapi, '3.1.0');
    let eskr: number[] = [];
    for (let tries = 0; tries < 100 && !eskr.some((bits) => bits > 0); tries++) {
      const model = await (await operations('/restconf/data/etsi-qkd-sdn-node:qkd_node')).text();
      eskr = [...model.matchAll(/"eskr":(\d+)/g)].map(([, bits]) => Number(bits));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // The quantum link's key is used up by the satellite's joins; the way over the satellite has it.
    assert.ok(eskr.length === 2 && eskr.some((bits) => bits > 0), String(eskr));
    const events = await operations('/api/events');
    const { value } = await events.body!.getReader().read();
    assert.match(new TextDecoder().decode(value), /retry|event: node/);
  });

  it('serves key streams to applications with a certificate', async () => {
    const socket = connect({ host: '127.0.0.1', port: running.plan.ports.etsi004(0), ...secrets(HERE!) });
    await once(socket, 'secureConnect');
    assert.equal(socket.authorized, true);
    socket.destroy();
  });
});
