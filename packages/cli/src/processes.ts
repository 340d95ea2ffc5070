import { join, resolve } from 'node:path';
import { onEnd, type Running, runNode, runSky, saeId, up as startScenario } from '@skykey/node';
import { planContacts } from './contacts/contacts.ts';

interface UpOptions {
  readonly port: number;
  readonly data?: string;
  readonly speed?: number;
  readonly seed?: number;
  readonly json?: boolean;
}

/** `skykey up`. */
export async function up(scenario: string, options: UpOptions): Promise<void> {
  const say = (line = ''): void => void (options.json || process.stdout.write(`${line}\n`));
  say(`Skykey is starting ${scenario} …`);
  let running: Running | undefined;
  let failed = false;
  running = await startScenario({
    scenario,
    data: options.data ?? resolve('data', scenario.replace(/^.*\/|\.json$/g, '')),
    port: options.port,
    ...(options.speed === undefined ? {} : { speed: options.speed }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    onLine: say,
    onFailure: (reason) => {
      // While everything is still starting, the start itself fails with this reason.
      if (failed || !running) return;
      failed = true;
      process.stderr.write(`skykey: ${reason}\n`);
      void running.stop().finally(() => process.exit(2));
    },
  });
  const { plan, mission, stop, url } = running;
  onEnd(stop, { followParent: false });
  const { sites } = mission.live;
  const addresses = running.desks();
  if (options.json) {
    const document = {
      scenario: mission.id,
      console: url,
      sites: sites.map(({ id }, index) => ({
        id,
        desk: addresses[index]!.url,
        enrolment: addresses[index]!.enrolment.map(({ name, link }) => ({ name, link })),
        keyManager: `https://127.0.0.1:${plan.ports.kme(index)}`,
        keyStreams: `127.0.0.1:${plan.ports.etsi004(index)}`,
        operations: `http://127.0.0.1:${plan.ports.site(index)}`,
      })),
      certificates: plan.certificates,
      data: plan.data,
      simulated: 'photons only',
    };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
  say();
  say(`  Console     ${url}`);
  for (const [index, site] of sites.entries()) {
    const { url: desk, enrolment } = addresses[index]!;
    say(`  Desk        ${desk}  (${site.name})`);
    for (const { name, link } of enrolment) say(`              ${link}  (${name}: makes a passkey, works once)`);
  }
  for (const [index, site] of sites.entries()) {
    say(`  Key manager https://127.0.0.1:${plan.ports.kme(index)}  (${site.name}, ETSI GS QKD 014, mutual TLS)`);
    say(`              127.0.0.1:${plan.ports.etsi004(index)}  (key streams, ETSI GS QKD 004)`);
    say(
      `              http://127.0.0.1:${plan.ports.site(index)}/metrics  (/readyz, /openapi, /restconf: its operations)`,
    );
  }
  say(`  Certificates ${plan.certificates}  (for development: authorities, and one for each application)`);
  say(`  Data        ${plan.data}  (vaults, policy, logs)`);
  say();
  say('  When there is key, or to hear when there will be:');
  say(`  ${curlLine(running)}`);
  say();
  say('  The photons are simulated; everything after them is real. Ctrl-C ends everything.');
}

/** What anybody can try: how much key the first site has for an application of the second. */
function curlLine({ plan, mission }: Running): string {
  const [here, there] = mission.live.sites.map(({ id }) => saeId(id)) as [string, string];
  const file = (name: string): string => join(plan.certificates, name);
  return (
    `curl --cacert ${file('kme-ca.crt')} --cert ${file(`${here}.crt`)} --key ${file(`${here}.key`)} ` +
    `https://127.0.0.1:${plan.ports.kme(0)}/api/v1/keys/${there}/status`
  );
}

/** `skykey node`. */
export async function node(options: { config: string }): Promise<void> {
  const { stop } = await runNode(options.config, { planContacts });
  onEnd(stop, { followParent: process.env.SKYKEY_FOLLOW_PARENT === '1' });
}

/** `skykey sky`. */
export async function sky(options: { config: string }): Promise<void> {
  const { stop } = await runSky(options.config);
  onEnd(stop, { followParent: process.env.SKYKEY_FOLLOW_PARENT === '1' });
}
