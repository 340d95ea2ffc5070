/**
 * `skykey pass`: one pass, photon by photon, to final key on two parties. The harness plays the sky and is the only one
 * that sees both sides: it alone can compare the keys and knows what the adversary knows.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { Alarm, SessionReport } from '@skykey/distill';
import type { DecoyDocument } from '@skykey/finitekey';
import {
  createEvents,
  type Disturbance,
  type EventPass,
  type GatedDetections,
  gatedDetections,
  interceptResend,
} from '@skykey/photons';
import { assumptions, BIN_S, linkTrace, type Mission, type ScenarioPass, scenarioPasses } from '@skykey/scenario';
import { loadMission } from '../configuration.ts';
import { NodeError } from '../error.ts';
import { sessionParameters } from '../link/session-parameters.ts';
import { Transmission } from '../sky/transmission.ts';
import { DeviceServer } from '../wire/devices.ts';
import { keyDocumentOf } from './key-document.ts';
import type { PartyMessage, PartyStart } from './party.ts';

const PARTY = fileURLToPath(new URL('party.ts', import.meta.url));
const PARTY_LIMIT_MS = 600_000;

export interface PassRequest {
  readonly scenario: string;
  readonly seed: number;
  /** Station id; the first of the scenario when left out. */
  readonly station?: string;
  readonly attack?: 'intercept-resend';
  /** Share of pulses attacked, above 0 and at most 1. */
  readonly fraction?: number;
  readonly onProgress?: (progress: PassProgress) => void;
}

export interface PassProgress {
  readonly stage: string;
  /** 0..1 of the photon stage; 1 after it. */
  readonly fraction: number;
  readonly detections: number;
}

/** The document of `skykey pass --json`. Same seed, same document but for `timing`. */
export interface PassResult {
  readonly scenario: string;
  readonly seed: number;
  readonly satellite: string;
  readonly station: string;
  readonly startUtc: string;
  readonly endUtc: string;
  readonly durationS: number;
  readonly maxElevationDeg: number;
  readonly minRangeKm: number;
  readonly pulses: number;
  readonly detections: number;
  readonly siftedSignal: number;
  readonly qberSignal: number;
  readonly reconciliation: SessionReport['reconciliation'];
  readonly proof: string;
  readonly epsSec: number;
  readonly epsCor: number;
  readonly authenticationBitsSpent: number;
  readonly secretBits: number;
  readonly verdict: 'accepted' | 'refused';
  readonly reason: string | null;
  readonly alarms: readonly Alarm[];
  /** Compared by the harness, which alone sees both; false when there is no key. */
  readonly keysEqual: boolean;
  /** From the harness's record of the truth; null without an attack. */
  readonly adversary: {
    readonly name: string;
    readonly fraction: number;
    readonly visibility: 'D1' | 'D2' | 'D3';
    /**
     * Bits prepared and detected in the key basis that she measured in that basis, too. Those spent on the monitor are
     * among them, one in 32: she is never credited with too little.
     */
    readonly knownBits: number;
    /** Bits that amplification took away: sifted key-basis bits less secret bits. */
    readonly removedBits: number;
  } | null;
  readonly timing: {
    readonly simulateS: number;
    readonly distillS: number;
    readonly totalS: number;
    readonly maxRssBytes: number;
  };
  readonly rigorous: boolean;
  readonly proofGaps: readonly string[];
  readonly secrecy: SessionReport['secrecy'];
  readonly forgeryBound: number;
  /** What `skykey keyrate --counts` takes to reckon the key length again; null where none was reckoned. */
  readonly keyDocument: DecoyDocument | null;
  readonly assumptions: readonly string[];
  readonly simulated: string;
}

/** Runs a pass. Throws NodeError or ScenarioError with a sentence on bad input. */
export async function runPass(request: PassRequest): Promise<PassResult> {
  const begun = performance.now();
  if (!Number.isSafeInteger(request.seed) || request.seed < 0) {
    throw new NodeError(
      'pass/seed',
      `seed is ${request.seed}; give a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`,
    );
  }
  const mission = loadMission(request.scenario);
  const pass = firstPass(mission, request.station);
  const { link } = pass;
  const adversary = makeAdversary(request);
  const trace = linkTrace(pass);
  const pulsesPerBin = Math.round(BIN_S * mission.source.pulseRateHz);
  const pulses = trace.noisePerGate.length * pulsesPerBin;
  const seed = createHash('sha256').update(`${request.seed} ${pass.passId}`).digest().readUIntBE(0, 6);
  const disturbances = adversary ? [adversary] : [];
  const engine = createEvents({ trace, source: mission.source, receiver: link.receiver, seed, disturbances });
  const transmission = new Transmission({ seed, source: mission.source, pulsesPerBin });
  const receiver = `receiver ${link.station.id}`;
  const transmitter = `transmitter ${mission.satellite.id}`;
  const tokens = new Map([receiver, transmitter].map((name) => [name, randomBytes(24).toString('base64url')]));
  const devices = new DeviceServer(tokens, { emissions: (_passId, slots) => transmission.at(slots) });
  const devicePort = await devices.listen(0);
  const folder = mkdtempSync(join(tmpdir(), 'skykey-pass-'));
  const truth = new Truth();
  const parties: Party[] = [];
  let simulateMs = 0;
  let fraction = 0;
  let detections = 0;
  const progress = (stage: string): void => request.onProgress?.({ stage, fraction, detections });
  try {
    const courier = randomBytes(mission.live.courieredBytes.value);
    const common = {
      scenario: request.scenario,
      stationId: link.station.id,
      devicePort,
      seed: request.seed,
      comparisonKey: randomBytes(32).toString('hex'),
    };
    const start = (role: PartyStart['role'], token: string, linkPort?: number): Party => {
      const file = join(folder, `${role}.key`);
      writeFileSync(file, courier, { mode: 0o600 });
      const party = new Party(
        {
          ...common,
          role,
          token,
          courier: file,
          vault: join(folder, `${role}.vault`),
          keyring: join(folder, `${role}.keyring`),
          ...(linkPort ? { linkPort } : {}),
        },
        progress,
      );
      parties.push(party);
      return party;
    };
    const satellite = start('satellite', tokens.get(transmitter)!);
    const linkPort = await Promise.race([satellite.listening, satellite.failed]);
    const station = start('station', tokens.get(receiver)!, linkPort);
    courier.fill(0);
    await Promise.race([devices.connected([receiver, transmitter]), satellite.failed, station.failed]);
    await devices.announce(
      { passId: pass.passId, linkId: link.id, startMs: pass.window!.startMs, pulses, binS: BIN_S },
      receiver,
      transmitter,
    );
    while (!satellite.ended && !station.ended) {
      const from = performance.now();
      const bin = nextBin(engine, fraction);
      if (!bin) break;
      const gated = gatedDetections(bin, link.receiver.gateNs);
      transmission.add(gated.emissions);
      truth.add(gated);
      simulateMs += performance.now() - from;
      detections += gated.detections.slot.length;
      fraction = (bin.bin + 1) / engine.bins;
      if (bin.bin % 100 === 0) progress('photons');
      await devices.detections(receiver, gated.detections, bin.firstSlot + bin.pulses);
      // The transmitter's questions arrive on the same loop: let them in.
      if (bin.bin % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await devices.finish(pass.passId, fraction >= 1, receiver, transmitter);
    const [alice, bob] = await Promise.all([satellite.done, station.done]);
    const ended = performance.now();
    const { report } = bob;
    if (alice.report.verdict !== report.verdict || alice.report.secretBits !== report.secretBits) {
      throw new NodeError(
        'pass/disagreement',
        'the two parties ended with different verdicts: this is a fault of Skykey, please report the seed',
      );
    }
    return {
      scenario: mission.id,
      seed: request.seed,
      satellite: mission.satellite.id,
      station: link.station.id,
      startUtc: new Date(pass.window!.startMs).toISOString(),
      endUtc: new Date(pass.window!.endMs).toISOString(),
      durationS: (pass.window!.endMs - pass.window!.startMs) / 1000,
      maxElevationDeg: round(pass.pass.maxElevationDeg, 3),
      minRangeKm: round(pass.pass.minRangeKm, 3),
      pulses,
      detections: report.detections,
      siftedSignal: report.siftedSignal,
      qberSignal: report.qberSignal,
      reconciliation: report.reconciliation,
      proof: report.proof,
      epsSec: report.epsSec,
      epsCor: report.epsCor,
      authenticationBitsSpent: report.authenticationBitsSpent,
      secretBits: report.secretBits,
      verdict: report.verdict,
      reason: report.reason ?? null,
      alarms: report.alarms,
      keysEqual: alice.keyDigest !== null && alice.keyDigest === bob.keyDigest,
      adversary: adversary
        ? {
            name: interceptResend.name,
            fraction: request.fraction ?? 1,
            visibility: 'D1',
            knownBits: truth.knownBits(report.detections),
            removedBits: report.keyDetections.reduce((sum, n) => sum + n, 0) - report.secretBits,
          }
        : null,
      timing: {
        simulateS: round(simulateMs / 1000, 3),
        distillS: round((ended - begun - simulateMs) / 1000, 3),
        totalS: round((ended - begun) / 1000, 3),
        maxRssBytes: process.resourceUsage().maxRSS * 1024 + alice.maxRssBytes + bob.maxRssBytes,
      },
      rigorous: report.rigorous,
      proofGaps: report.proofGaps,
      secrecy: report.secrecy,
      forgeryBound: report.forgeryBound,
      keyDocument: keyDocumentOf(
        report,
        sessionParameters(mission, { sessionId: pass.passId, linkId: link.id, pulses }),
      ),
      assumptions: assumptions(mission.document, { stationId: link.station.id }),
      simulated:
        'The photons are simulated, and the randomness of this run comes from its seed: its key protects nothing.',
    };
  } finally {
    for (const party of parties) party.stop();
    devices.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function nextBin(engine: EventPass, fraction: number): ReturnType<EventPass['next']> | undefined {
  return fraction < 1 ? engine.next() : undefined;
}

/** The first pass with a window in the scenario's time. */
function firstPass(mission: Mission, stationId: string | undefined): ScenarioPass {
  const station = mission.stations.find(({ id }) => id === (stationId ?? mission.stations[0]!.id));
  if (!station) {
    throw new NodeError(
      'pass/station',
      `there is no station "${stationId}" in ${mission.id}; its stations are ${mission.stations.map(({ id }) => id).join(', ')}`,
    );
  }
  const { startUtc, endUtc } = mission.live.clock;
  const found = scenarioPasses(mission.scenario, {
    fromMs: Date.parse(startUtc),
    toMs: Date.parse(endUtc),
    stationId: station.id,
  });
  const pass = found.find(({ window }) => window);
  if (!pass)
    throw new NodeError(
      'pass/none',
      `no pass of ${mission.satellite.name} over ${station.id} can be used between ${startUtc} and ${endUtc}`,
    );
  return pass;
}

function makeAdversary(request: PassRequest): Disturbance | undefined {
  if (!request.attack) {
    if (request.fraction !== undefined)
      throw new NodeError('pass/fraction', '--fraction needs --attack intercept-resend');
    return undefined;
  }
  if (request.attack !== 'intercept-resend') {
    throw new NodeError('pass/attack', `there is no attack "${String(request.attack)}"; there is intercept-resend`);
  }
  const fraction = request.fraction ?? 1;
  if (!(fraction > 0 && fraction <= 1)) {
    throw new NodeError(
      'pass/fraction',
      `--fraction is ${fraction}; it is the share of pulses attacked, above 0 and at most 1`,
    );
  }
  return interceptResend.create(fraction);
}

/** What the adversary truly knows of the key basis, one mark a click slot, in order. */
class Truth {
  #known = new Uint8Array(1 << 16);
  #slots = 0;

  add({ detections, emissions, truth }: GatedDetections): void {
    let row = 0;
    for (let i = 0; i < detections.slot.length; i++) {
      const slot = detections.slot[i]!;
      while (emissions.slot[row]! < slot) row++;
      // Two detectors of one slot are one bit of key, if it was the X analyser that Bob settles on.
      if (i === 0 || detections.slot[i - 1] !== slot) this.#grow();
      const inKeyBasis = emissions.basis[row] === 0 && detections.detector[i]! < 2;
      if (inKeyBasis && truth.eveKnows[i] === 1) this.#known[this.#slots - 1] = 1;
    }
  }

  #grow(): void {
    if (this.#slots === this.#known.length) {
      const longer = new Uint8Array(this.#known.length * 2);
      longer.set(this.#known);
      this.#known = longer;
    }
    this.#slots++;
  }

  /** Key-basis bits she knows among the first `slots` click slots: a session that is stopped never saw the others. */
  knownBits(slots: number): number {
    let known = 0;
    for (let i = 0; i < Math.min(slots, this.#slots); i++) known += this.#known[i]!;
    return known;
  }
}

/** A party's process, seen from the harness. */
class Party {
  readonly listening: Promise<number>;
  readonly done: Promise<Extract<PartyMessage, { type: 'done' }>>;
  /** Rejects when the party fails, never resolves. */
  readonly failed: Promise<never>;
  ended = false;
  readonly #process: ChildProcess;

  constructor(start: PartyStart, onStage: (stage: string) => void) {
    this.#process = fork(PARTY, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    let listening: (port: number) => void = () => undefined;
    this.listening = new Promise((resolve) => {
      listening = resolve;
    });
    this.done = new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new NodeError('pass/late', `the ${start.role} did not finish within ${PARTY_LIMIT_MS / 1000} s`)),
        PARTY_LIMIT_MS,
      );
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.ended = true;
        act();
      };
      this.#process.on('message', (message: PartyMessage) => {
        if (message.type === 'listening') listening(message.port);
        if (message.type === 'stage' && start.role === 'station') onStage(message.stage);
        if (message.type === 'done') settle(() => resolve(message));
        if (message.type === 'failed')
          settle(() => reject(new NodeError('pass/party', `the ${start.role} failed: ${message.reason}`)));
      });
      this.#process.on('exit', (code) =>
        settle(() => reject(new NodeError('pass/party', `the process of the ${start.role} ended early (${code})`))),
      );
    });
    this.failed = this.done.then(() => new Promise<never>(() => undefined));
    this.failed.catch(() => undefined);
    this.#process.send(start);
  }

  stop(): void {
    if (this.#process.exitCode === null) this.#process.kill();
  }
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
