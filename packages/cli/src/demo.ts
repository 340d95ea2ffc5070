import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeskClient, followEvents, makeDevice, NodeError, type Running, saeId, sameAlarm, up } from '@skykey/node';
import type { DeskMessage, DeskState, LinkState, NodeState, SiteState } from '@skykey/telemetry';

/** Passes are played faster than in the console: nobody is watching the map. */
const SPEED = 240;
const STEP_LIMIT_MS = 180_000;
/** Each site finds the tap by itself; within this both desks have heard of what the other one found. */
const SAME_ALARM_MS = 30_000;

interface Options {
  readonly scenario: string;
  readonly port: number;
  readonly seed?: number;
  readonly json?: boolean;
}

interface Step {
  readonly step: string;
  readonly ok: boolean;
  readonly text: string;
  readonly facts: Record<string, unknown>;
}

/** `skykey demo`: the whole story on real processes, told step by step. */
export async function demo(options: Options): Promise<void> {
  const say = (line: string): void => void (options.json || process.stdout.write(`${line}\n`));
  const data = mkdtempSync(join(tmpdir(), 'skykey-demo-'));
  const begun = performance.now();
  const steps: Step[] = [];
  let running: Running | undefined;
  const following = new AbortController();
  const interrupted = (): void => {
    void (running?.stop() ?? Promise.resolve()).finally(() => {
      rmSync(data, { recursive: true, force: true });
      process.exit(130);
    });
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    say('Starting the sky, the satellite and two sites …');
    running = await up({
      scenario: options.scenario,
      data,
      port: options.port,
      speed: SPEED,
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      onLine: say,
      onFailure: (reason) => process.stderr.write(`skykey: ${reason}\n`),
    });
    const story = new Story(running, (step) => {
      steps.push(step);
      say(`${step.ok ? '✓' : '✗'} ${step.text}`);
    });
    void followEvents(
      `${running.url}/api/events`,
      (event, state) => event === 'node' && story.heard(state as NodeState),
      following.signal,
    );
    await story.tell();
  } finally {
    following.abort();
    await running?.stop();
    rmSync(data, { recursive: true, force: true });
  }
  const ok = steps.length === STEPS && steps.every((step) => step.ok);
  const totalS = Math.round((performance.now() - begun) / 100) / 10;
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ scenario: options.scenario, ok, steps, totalS, simulated: 'photons only' }, null, 2)}\n`,
    );
  } else
    say(
      `\n${ok ? 'Every step did as it should' : 'NOT every step did as it should'} (${totalS} s). The photons were simulated; everything after them was real.`,
    );
  process.exitCode = ok ? 0 : 1;
}

const STEPS = 8;
const TEXT = 'The hawthorn is in flower. 你好, Москва.';

class Story {
  readonly #running: Running;
  readonly #report: (step: Step) => void;
  readonly #nodes = new Map<string, NodeState>();
  readonly #desks = new Map<string, DeskClient>();
  #wake: (() => void) | undefined;

  constructor(running: Running, report: (step: Step) => void) {
    this.#running = running;
    this.#report = report;
  }

  heard(state: NodeState): void {
    this.#nodes.set(state.nodeId, state);
    this.#wake?.();
  }

  async tell(): Promise<void> {
    const { live, stations } = this.#running.mission;
    const [here, there] = live.sites as [(typeof live.sites)[number], (typeof live.sites)[number]];
    const linkOf = (siteId: string): string => stations.find((station) => station.siteId === siteId)!.linkId;
    for (const site of [here, there]) {
      const link = await this.#until(`a key over ${linkOf(site.id)}`, () => {
        const state = this.#site(site.id)?.link;
        return state?.sessions.length ? state : undefined;
      });
      this.#passStep(site.name, link);
      // Nobody wants to wait for hours between two passes; without a further one the clock just runs on.
      if (site === here) await this.#post('/api/sky/clock', { skip: 'next-pass' });
    }

    const [a, b] = await this.#until('the relay to be confirmed', () => {
      const states = [this.#site(here.id), this.#site(there.id)];
      return states.every((state) => state && state.stock.sendBits > 0) ? (states as SiteState[]) : undefined;
    });
    const relayed = a!.relays.find(({ state }) => state === 'confirmed');
    this.#step('relay', Boolean(relayed && b!.relays.some(({ relayId }) => relayId === relayed.relayId)), {
      text: `the satellite announced the XOR of its two keys: ${here.name} and ${there.name} share ${(relayed?.bits ?? 0).toLocaleString('en')} bits, confirmed end to end`,
      relayId: relayed?.relayId ?? null,
      bits: relayed?.bits ?? 0,
    });

    await this.#etsi(here.id, there.id, here.name, there.name);
    await this.#message(here.id, there.id, here.name, there.name);

    const linkId = linkOf(here.id);
    await this.#post('/api/sky/tap', { linkId, on: true, fraction: 1 });
    const tapped = await this.#until('the tap to be found', () => {
      const states = [this.#site(here.id), this.#site(there.id)];
      return states[0]?.link.state === 'dropped' && states.every((state) => state!.stock.poisonedBits > 0)
        ? states[0]
        : undefined;
    });
    const alarm = tapped.link.alarms.find(({ severity }) => severity === 'hard');
    this.#step('tap', Boolean(alarm), {
      text: `the line ${linkId} was tapped and the tap was found: ${alarm?.message ?? 'no alarm'}`,
      alarm: alarm ?? null,
    });
    const poisoned = [this.#site(here.id)!, this.#site(there.id)!].map(({ stock }) => stock);
    this.#step(
      'poison',
      poisoned.every(({ sendBits, receiveBits }) => sendBits === 0 && receiveBits === 0),
      {
        text: `the keys of that link are poisoned at both ends (${poisoned.map(({ poisonedBits }) => poisonedBits.toLocaleString('en')).join(' and ')} bits), the link is dropped`,
        poisonedBits: poisoned.map(({ poisonedBits }) => poisonedBits),
      },
    );

    const black = [];
    for (const site of [here, there])
      black.push(await this.#desk(site.id, 'the desk to close', ({ line }) => line.level === 'black'));
    const refusal = await this.#desks
      .get(here.id)!
      .say('Does anybody hear me?', 'hybrid')
      .then(
        () => null,
        (error: Error) => error.message,
      );
    const alike = await sameAlarm(
      [here, there].map(({ id }) => this.#desks.get(id)!),
      SAME_ALARM_MS,
    );
    this.#step('refusal', refusal !== null && alike?.[0]?.line.alarm?.class === 'tap', {
      text: `both desks are closed and say why; the next message was refused instead of sent: ${refusal}`,
      reasons: (alike ?? black).map(({ line }) => line.reason),
    });
  }

  #passStep(name: string, link: LinkState): void {
    const [session] = link.sessions;
    this.#step(`pass-${link.linkId}`, session!.verdict === 'accepted' && session!.secretBits > 0, {
      text: `pass for ${name}: ${session!.detections.toLocaleString('en')} detections became ${session!.secretBits.toLocaleString('en')} secret bits, error rate ${(session!.qberSignal * 100).toFixed(2)} %`,
      ...session,
    });
  }

  /** A foreign application at each site takes the same key over ETSI GS QKD 014, once. */
  async #etsi(here: string, there: string, hereName: string, thereName: string): Promise<void> {
    const sites = this.#running.mission.live.sites.map(({ id }) => id);
    const call = (site: string, path: string): Promise<{ status: number; body: string }> =>
      this.#kme(this.#running.plan.ports.kme(sites.indexOf(site)), site, path);
    const enc = await call(here, `/api/v1/keys/${saeId(there)}/enc_keys`);
    const key = enc.status === 200 ? (JSON.parse(enc.body) as KeyContainer).keys[0]! : undefined;
    const path = `/api/v1/keys/${saeId(here)}/dec_keys?key_ID=${key?.key_ID}`;
    const dec = await call(there, path);
    const again = await call(there, path);
    const same = dec.status === 200 && (JSON.parse(dec.body) as KeyContainer).keys[0]!.key === key?.key;
    this.#step('key-delivery', Boolean(key) && same && again.status === 400, {
      text: `ETSI GS QKD 014: ${hereName} drew a key, ${thereName} fetched the same one, a second fetch was refused`,
      keyId: key?.key_ID ?? null,
      statuses: [enc.status, dec.status, again.status],
    });
  }

  async #message(here: string, there: string, hereName: string, thereName: string): Promise<void> {
    for (const { siteId, url, enrolment } of this.#running.desks()) {
      const client = new DeskClient(url, makeDevice());
      await client.enrol(enrolment[0]!.link);
      this.#desks.set(siteId, client);
    }
    const before = await this.#desk(here, 'the line to stand', ({ may }) => may.sealedText.allowed);
    await this.#desk(there, 'the line to stand', ({ may }) => may.sealedText.allowed);
    await this.#desks.get(here)!.say(TEXT, 'sealed');
    const isIt = ({ text }: DeskMessage): boolean => text === TEXT;
    const arrived = (await this.#desk(there, 'the message', ({ messages }) => messages.some(isIt))).messages.find(
      isIt,
    )!;
    const sent = (
      await this.#desk(here, 'its delivery', ({ messages }) => messages.find(isIt)?.state === 'delivered')
    ).messages.find(isIt)!;
    const phrases = [before.safety.phrase, (await this.#desks.get(there)!.state()).safety.phrase];
    const hidden =
      sent.ciphertextPreview !== '' && !Buffer.from(sent.ciphertextPreview, 'hex').includes(TEXT.slice(0, 6));
    const alike = arrived.keyIds.join() === sent.keyIds.join() && sent.keyIds.length > 0;
    this.#step('message', hidden && alike && arrived.direction === 'received', {
      text: `${hereName} wrote "${TEXT}", by one-time pad, and it was read at ${thereName}; both desks show the words "${phrases[0]}"`,
      ciphertext: sent.ciphertextPreview,
      plaintext: Buffer.from(TEXT).toString('hex'),
      keyIds: sent.keyIds,
      phrases,
    });
  }

  /** The state of a desk as soon as it is as expected. */
  async #desk(siteId: string, what: string, isThere: (state: DeskState) => boolean): Promise<DeskState> {
    const deadline = performance.now() + STEP_LIMIT_MS;
    for (;;) {
      const state = await this.#desks.get(siteId)!.state();
      if (isThere(state)) return state;
      if (performance.now() > deadline) {
        throw new NodeError('demo/late', `waited ${STEP_LIMIT_MS / 1000} s for ${what}, in vain: ${state.line.reason}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  #site(siteId: string): SiteState | undefined {
    const state = this.#nodes.get(siteId);
    return state?.kind === 'site' ? state : undefined;
  }

  #step(step: string, ok: boolean, { text, ...facts }: { text: string } & Record<string, unknown>): void {
    this.#report({ step, ok, text, facts });
    if (!ok) throw new NodeError('demo/step', `the story stops here, this step did not do what it should: ${text}`);
  }

  async #until<T>(what: string, find: () => T | undefined): Promise<T> {
    const deadline = performance.now() + STEP_LIMIT_MS;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (performance.now() > deadline)
        throw new NodeError('demo/late', `waited ${STEP_LIMIT_MS / 1000} s for ${what}, in vain`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #post(path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await fetch(this.#running.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  #kme(port: number, site: string, path: string): Promise<{ status: number; body: string }> {
    const file = (name: string): string => readFileSync(join(this.#running.plan.certificates, name), 'utf8');
    return new Promise((resolve, reject) => {
      const call = request(
        {
          host: '127.0.0.1',
          port,
          path,
          ca: file('kme-ca.crt'),
          cert: file(`${saeId(site)}.crt`),
          key: file(`${saeId(site)}.key`),
        },
        (response) => {
          let body = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => {
            body += part;
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        },
      );
      call.on('error', reject);
      call.end();
    });
  }
}

interface KeyContainer {
  readonly keys: readonly { readonly key_ID: string; readonly key: string }[];
}
