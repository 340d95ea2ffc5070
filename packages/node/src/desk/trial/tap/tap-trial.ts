/** How fast a call falls silent when somebody taps the link: real sites, real desks, real key; the photons are simulated. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeskState, MomentState, NodeState, PassState, ScheduleState, SiteState } from '@skykey/telemetry';
import { NodeError } from '../../../error.ts';
import { type Running, up } from '../../../up/supervisor.ts';
import { followEvents } from '../../../wire/events.ts';
import { DeskClient } from '../../desk-client.ts';
import { type Device, makeDevice } from '../../sign-in/index.ts';
import { CallEnd, connect } from './call-end.ts';
import { sameAlarm } from './same-alarm.ts';

const LIMIT_MS = 180_000;
/** Until the first key is there nobody watches the map. */
const HURRY = 240;
/** Between the moment at which a satellite rises and its first photon. */
const APPROACH = 60;
/** A call is under way for so long before anything happens. */
const TALK_MS = 1000;
/** Longer than a lease, so that whatever still flows is seen. */
const AFTER_MS = 1500;

/** Within it both desks have heard of what the other site found. */
const SAME_MS = 5000;

/** Two sites with key for each other, at rest; every trial begins from a copy. */
export interface TapStage {
  readonly data: string;
  readonly scenario: string;
  readonly port: number;
  /** By site. */
  readonly devices: ReadonlyMap<string, Device>;
}

export interface TapTrialOptions {
  readonly stage: TapStage;
  /** Folder of this trial, made and removed. */
  readonly data: string;
  /** Of the photons. */
  readonly seed: number;
  /** When in the pass the tap is switched on: 0 at its first photon, 1 at its last. */
  readonly moment: number;
  /** Mission seconds a second while the line is tapped; null: as the scenario says. */
  readonly speed: number | null;
  /** Share of the pulses that are measured and sent again. */
  readonly fraction: number;
}

/** What one trial showed; times are ms from the switch on. */
export interface TapOutcome {
  readonly linkId: string;
  /** Mission seconds a second, and detections a mission second when the tap came. */
  readonly speed: number;
  readonly detectionRateHz: number;
  /** The console showed the link dropped. */
  readonly droppedMs: number;
  /** The last frame that either end opened, and the last that either end sealed. */
  readonly silentMs: number;
  readonly sealedMs: number;
  /** Each end was told. */
  readonly toldMs: readonly number[];
  readonly opened: readonly number[];
  readonly reasons: readonly string[];
  readonly levels: readonly string[];
  /** What was not as it must be. */
  readonly violations: readonly string[];
}

/** Starts a mission in an empty folder and ends it when both desks may call each other. */
export async function prepareTapStage(options: {
  readonly scenario: string;
  readonly data: string;
  readonly port: number;
  readonly seed: number;
  /** Passes that have been played, 2 or more: which link comes next depends on it. */
  readonly passes: number;
}): Promise<TapStage> {
  const { scenario, data, port, seed, passes } = options;
  const devices = new Map<string, Device>();
  await within({ scenario, data, port, seed, speed: HURRY }, async (scene) => {
    const { stations } = scene.running.mission;
    const played = (): number =>
      stations.reduce((sum, { linkId }) => sum + (scene.site(linkId)?.link.sessions.length ?? 0), 0);
    for (let done = 1; done <= passes; done++) {
      await scene.until(`key of ${done} passes`, () => played() >= done || undefined);
      if (done < passes) await scene.post('/api/sky/clock', { skip: 'next-pass' });
    }
    for (const { siteId, enrolment, url } of scene.running.desks()) {
      const device = makeDevice();
      await new DeskClient(url, device).enrol(enrolment[0]!.link);
      devices.set(siteId, device);
    }
    for (const client of await scene.enter(devices)) await mayCall(client);
  });
  return { data, scenario, port, devices };
}

export async function playTapTrial(options: TapTrialOptions): Promise<TapOutcome> {
  const { stage, data, seed, moment, speed, fraction } = options;
  const { scenario, port, devices } = stage;
  cpSync(stage.data, data, { recursive: true });
  // Other photons in each trial; what was played before stays as it was.
  const file = join(data, 'sky.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), seed }));
  try {
    return await within({ scenario, data, port }, async (scene) => {
      const [a, b] = (await scene.enter(devices)) as [DeskClient, DeskClient];
      for (const client of [a, b]) await mayCall(client);
      const { id } = (await a.post('/api/call', { kind: 'video' })) as { id: string };
      await reached(b, 'the call to ring', ({ call }) => call?.id === id && call.state === 'ringing');
      await b.post('/api/call/accept', { id });
      await reached(a, 'the call to be taken', ({ call }) => call?.id === id && call.state !== 'ringing');
      const ends = [new CallEnd(a, id), new CallEnd(b, id)] as const;
      connect(...ends);
      for (const [index, client] of [a, b].entries()) {
        scene.follow(client, (event, news) => {
          if (event === 'call-stop') ends[index]!.stop((news as { reason: string }).reason);
        });
      }
      try {
        for (const end of ends) end.start();
        await scene.until('frames both ways', () => ends.every(({ trace }) => trace.opened > TALK_MS / 20));
        const pass = await scene.passUnderWay();
        const { startMs, endMs } = pass.window!;
        const tapAtMs = startMs + moment * (endMs - startMs);
        await scene.until('the moment of the tap', () => (scene.moment!.utcMs >= tapAtMs ? true : undefined));
        if (speed !== null) {
          await scene.post('/api/sky/clock', { speed });
          // The rest of what was made in a hurry has gone by.
          await pause(AFTER_MS);
        }
        return await tapped(scene, { pass, fraction, ends, clients: [a, b] });
      } finally {
        for (const end of ends) end.close();
      }
    });
  } finally {
    rmSync(data, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Tapped {
  readonly pass: PassState;
  readonly fraction: number;
  readonly ends: readonly [CallEnd, CallEnd];
  readonly clients: readonly [DeskClient, DeskClient];
}

async function tapped(scene: Scene, { pass, fraction, ends, clients }: Tapped): Promise<TapOutcome> {
  const { linkId } = pass;
  const before = scene.site(linkId)!.link;
  const { speed } = scene.moment!.clock;
  const violations: string[] = [];
  if (before.state !== 'session') violations.push(`no session of ${linkId} was under way when the tap came`);
  for (const { trace } of ends) if (trace.stoppedMs !== null) violations.push('a call had ended before the tap');
  const fromMs = performance.now();
  await scene.post('/api/sky/tap', { linkId, on: true, fraction });
  let droppedMs: number | undefined;
  const dropped = scene
    .until('the link to be dropped', () => scene.site(linkId)!.link.state === 'dropped' || undefined)
    .then(() => {
      droppedMs = performance.now();
    });
  await scene.until('both ends to be told', () => ends.every(({ trace }) => trace.stoppedMs !== null) || undefined);
  await dropped;
  await pause(AFTER_MS);
  const traces = ends.map(({ trace }) => trace);
  const states = [];
  for (const client of clients) {
    const state = await reached(client, 'the desk to close', ({ line }) => line.level === 'black');
    states.push(state);
    const { text, sealedText, file, call } = state.may;
    if ([text, sealedText, file, call].some(({ allowed }) => allowed))
      violations.push(`${state.name} is black and still allows something`);
    for (const sealing of ['sealed', 'hybrid'] as const) {
      const kept = await client.say('Does anybody hear me?', sealing).then(
        () => true,
        () => false,
      );
      if (kept) violations.push(`${state.name} took a ${sealing} text after the alarm`);
    }
  }
  if (!(await sameAlarm(clients, SAME_MS))) violations.push('the desks do not come to say the same alarm');
  await scene.until('the keys to be poisoned', () =>
    scene.sites.every(({ stock }) => stock.sendBits === 0 && stock.receiveBits === 0) ? true : undefined,
  );
  const last = (times: readonly (number | null)[]): number => Math.max(...times.map((ms) => (ms ?? fromMs) - fromMs));
  return {
    ...{ linkId, speed, detectionRateHz: before.detectionRateHz, droppedMs: droppedMs! - fromMs },
    silentMs: last(traces.map(({ lastOpenedMs }) => lastOpenedMs)),
    sealedMs: last(traces.map(({ lastSealedMs }) => lastSealedMs)),
    toldMs: traces.map(({ stoppedMs }) => stoppedMs! - fromMs),
    opened: traces.map(({ opened }) => opened),
    reasons: traces.map(({ reason }) => reason ?? ''),
    levels: states.map(({ line }) => line.level),
    violations,
  };
}

/** A mission that runs, and what its console tells of it. */
class Scene {
  readonly running: Running;
  readonly #nodes = new Map<string, NodeState>();
  readonly #ending = new AbortController();
  #schedule: ScheduleState | undefined;
  #wake: (() => void) | undefined;
  moment: MomentState | undefined;

  constructor(running: Running) {
    this.running = running;
    void followEvents(`${running.url}/api/events`, (event, data) => this.#heard(event, data), this.#ending.signal);
  }

  get sites(): readonly SiteState[] {
    return [...this.#nodes.values()].filter((node) => node.kind === 'site');
  }

  /** The site at the end of a link. */
  site(linkId: string): SiteState | undefined {
    return this.sites.find(({ link }) => link.linkId === linkId);
  }

  /** Signs in at each desk, in the order of the scenario. */
  async enter(devices: ReadonlyMap<string, Device>): Promise<readonly DeskClient[]> {
    const clients: DeskClient[] = [];
    for (const { siteId, url } of this.running.desks()) {
      const client = new DeskClient(url, devices.get(siteId)!);
      await client.signIn();
      clients.push(client);
    }
    return clients;
  }

  follow(client: DeskClient, onEvent: (event: string, data: unknown) => void): void {
    void client.follow(onEvent, this.#ending.signal).catch(() => undefined);
  }

  /** The pass whose light is there, or the next one, brought near. */
  async passUnderWay(): Promise<PassState> {
    await this.until('the sky', () => this.moment);
    // Refused while a pass is under way, which is as well.
    await this.post('/api/sky/clock', { skip: 'next-pass', speed: APPROACH });
    const found = await this.until('a pass', () => {
      const now = this.moment!.utcMs;
      const pass = this.#schedule?.passes.find(({ window }) => window && now >= window.startMs && now < window.endMs);
      return pass && this.site(pass.linkId)!.link.state === 'session' ? pass : undefined;
    });
    await this.post('/api/sky/clock', { mode: 'auto' });
    return found;
  }

  async post(path: string, body: object): Promise<void> {
    await fetch(this.running.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /** Resolves with what `find` finds, as soon as it finds something. */
  async until<T>(what: string, find: () => T | undefined): Promise<NonNullable<T>> {
    const deadline = performance.now() + LIMIT_MS;
    for (;;) {
      const found = find();
      if (found) return found;
      if (performance.now() > deadline)
        throw new NodeError('trial/late', `waited ${LIMIT_MS / 1000} s for ${what}, in vain`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  end(): void {
    this.#ending.abort();
  }

  #heard(event: string, data: unknown): void {
    if (event === 'node') this.#nodes.set((data as NodeState).nodeId, data as NodeState);
    if (event === 'sky') this.moment = data as MomentState;
    if (event === 'schedule') this.#schedule = data as ScheduleState;
    this.#wake?.();
  }
}

async function within<T>(
  options: Omit<Parameters<typeof up>[0], 'onLine' | 'onFailure'>,
  act: (scene: Scene) => Promise<T>,
): Promise<T> {
  let failed: string | undefined;
  const running = await up({
    ...options,
    onLine: () => undefined,
    onFailure: (reason) => {
      failed = reason;
    },
  });
  const scene = new Scene(running);
  try {
    return await act(scene);
  } catch (error) {
    throw failed === undefined ? error : new NodeError('trial/failed', failed, { cause: error });
  } finally {
    scene.end();
    await running.stop();
  }
}

const mayCall = (client: DeskClient): Promise<DeskState> =>
  reached(client, 'the line to stand', ({ may }) => may.call.allowed);

async function reached(client: DeskClient, what: string, isThere: (state: DeskState) => boolean): Promise<DeskState> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const state = await client.state();
    if (isThere(state)) return state;
    if (performance.now() > deadline)
      throw new NodeError('trial/late', `waited ${LIMIT_MS / 1000} s for ${what}, in vain: ${state.line.reason}`);
    await pause(100);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
