/**
 * A day of a network, played with the protocol of the product, and what was said of it before: forecasts of every pair at
 * several times of the day, what came, what applications got, and what dishonest nodes could have known.
 */
import {
  type Contact,
  Forecaster,
  type JoinPlan,
  lanesOf,
  plannedRoutes,
  type Rehearsed,
  rehearse,
  type TalkWindow,
  type Topology,
  type Unreachable,
} from '@skykey/kme';
import { type CoalitionTally, coalitionTallies } from './coalitions.ts';
import { keyOf } from './cut-block.ts';
import { actingNodes, NetworkDay, TARGET_BYTES } from './network-day.ts';
import type { LinkQuality, NetworkFile } from './network-file.ts';

const HOUR_MS = 3_600_000;

export interface StudyScene {
  readonly network: NetworkFile;
  readonly topology: Topology;
  readonly quality: LinkQuality;
  readonly talks: ReadonlyMap<string, readonly TalkWindow[]>;
  /** Of satellites and fibres. The first `realisations` of each are what forecasts know, the others days to be played. */
  readonly contacts: readonly Contact[];
  readonly realisations: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Forecasts are made from the begin of the day on every so many hours … */
  readonly issueEveryH: number;
  /** … of what will have come every so many hours after. */
  readonly targetEveryH: number;
  /** What "ready" means: so many bits since the forecast. */
  readonly readyBits: number;
  readonly seed: number;
}

/** A number as it was foreseen and as it came. Of ties with what came, `equal` realisations. */
export interface Foreseen<T> {
  /** 5 %, 50 % and 95 %. */
  readonly said: readonly [T, T, T];
  readonly came: T;
  /** Realisations that fell below what came, and those that were the same. */
  readonly below: number;
  readonly equal: number;
  readonly of: number;
}

export interface BitsForecast extends Foreseen<number> {
  readonly plan: number;
  readonly issuedMs: number;
  readonly targetMs: number;
  /** An alarm came between, of which nobody could know. */
  readonly alarmed: boolean;
  /** 5 % and 95 % of the pair by itself, as if nobody else wanted its links; null for ways of several joins. */
  readonly alone: readonly [number, number] | null;
}

/** When the first key is ready; Infinity: not that day. */
export interface ReadyForecast extends Foreseen<number> {
  readonly plan: number;
  readonly issuedMs: number;
  readonly alarmed: boolean;
}

export interface DemandRecord {
  readonly master: string;
  readonly slave: string;
  readonly asked: number;
  readonly got: number;
  /** Requests by why they were refused. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface AlarmRecord {
  readonly link: string;
  readonly atMs: number;
  readonly reopenedMs: number;
  /** Overwritten where it was found. */
  readonly overwrittenBits: number;
  /** Nodes that knew of it when everybody who could be reached had been told. */
  readonly told: number;
  /** Rules without a way as long as it lasted. */
  readonly unreachable: readonly Unreachable[];
}

export interface PlayedDay {
  readonly truth: number;
  readonly bits: readonly BitsForecast[];
  readonly ready: readonly ReadyForecast[];
  /** By plan: bits that had come by the end of every contact. */
  readonly came: readonly (readonly { readonly atMs: number; readonly bits: number }[])[];
  /** Blocks of quantum links that were of use. */
  readonly blocks: readonly { readonly link: string; readonly atMs: number; readonly bits: number }[];
  readonly demand: readonly DemandRecord[];
  readonly alarms: readonly AlarmRecord[];
  readonly coalitions: readonly CoalitionTally[];
  /** Keys that two applications got, and messages between nodes. */
  readonly keys: number;
  readonly messages: number;
}

export class NetworkStudy {
  readonly scene: StudyScene;
  readonly plans: readonly JoinPlan[];
  readonly unreachable: readonly Unreachable[];
  /** At the begin of the day nothing is in store, whatever the weather will be. */
  #first: Rehearsed | undefined;

  constructor(scene: StudyScene) {
    this.scene = scene;
    const { plans, unreachable } = this.#routes(scene.topology);
    this.plans = plans;
    this.unreachable = unreachable;
  }

  #routes(topology: Topology): ReturnType<typeof plannedRoutes> {
    const { network, startMs } = this.scene;
    const siteOf = new Map(network.saes.map(({ saeId, siteId }) => [saeId, siteId]));
    return plannedRoutes({ policy: network.rules, topology, siteOf, nowMs: startMs });
  }

  /** Plays the realisation `truth`, in a folder that the caller removes. */
  async play(truth: number, options: { readonly folder: string; readonly alarms: boolean }): Promise<PlayedDay> {
    const { network, topology, quality, talks, startMs, seed } = this.scene;
    const { plans } = this;
    const common = { network, topology, quality, talks, plans, startMs };
    const day = await NetworkDay.open({ ...common, folder: options.folder, seed: seed * 1_000_003 + truth });
    try {
      return await new DayPlay(this, day, truth, options.alarms ? network.alarms : []).run();
    } finally {
      await day.close();
    }
  }

  /** What is said at a moment of all that is to come. */
  rehearse(
    nowMs: number,
    plans: readonly JoinPlan[],
    stock: ReadonlyMap<string, number>,
    momentsMs: readonly number[],
  ): Rehearsed {
    if (nowMs === this.scene.startMs && this.#first) return this.#first;
    const { topology, realisations } = this.scene;
    const contacts = this.scene.contacts.map((contact) => ({
      ...contact,
      bits: contact.bits.subarray(0, realisations),
    }));
    const nodes = actingNodes(topology);
    const cut = (link: string, bits: number) => keyOf(topology, link, bits);
    const scene = { plans, nodes, stock, contacts, cut, targetBytes: TARGET_BYTES, nowMs };
    const said = rehearse(scene, this.plans.map(lanesOf), momentsMs);
    if (nowMs === this.scene.startMs) this.#first = said;
    return said;
  }

  /** Routes when a link cannot be used. */
  without(link: string): ReturnType<typeof plannedRoutes> {
    const { topology } = this.scene;
    return this.#routes(topology.withLinks(topology.links.filter(({ id }) => id !== link)));
  }

  /** Moments after `nowMs` at which one wants to know: ends of contacts, and those of which forecasts are made. */
  momentsAfter(nowMs: number): number[] {
    const { contacts, startMs, endMs, targetEveryH } = this.scene;
    const targets = timesOf(startMs, endMs, targetEveryH);
    const moments = [...contacts.map(({ readyMs }) => readyMs), ...targets];
    return [...new Set(moments)].filter((ms) => ms > nowMs && ms <= endMs).sort((a, b) => a - b);
  }

  /** A forecaster that gives each pair all of its links, in bits of lanes: a station's half of a fibre, a satellite's whole. */
  alone(nowMs: number, stock: ReadonlyMap<string, number>): Forecaster {
    const { topology, contacts, realisations, talks, endMs } = this.scene;
    const laneOf = (link: string): string => keyOf(topology, link, 2 ** 20)[0]!.lane;
    const links = topology.links.map((link) => {
      const stockBits = 8 * (stock.get(laneOf(link.id)) ?? 0);
      return { ...link, stockBits, oldestAtMs: stockBits > 0 ? nowMs : null };
    });
    const inLanes = contacts.map((contact) => ({
      ...contact,
      bits: contact.bits
        .subarray(0, realisations)
        .map((bits) => 8 * (keyOf(topology, contact.link, bits)[0]?.bytes ?? 0)),
    }));
    return new Forecaster({ topology: topology.withLinks(links), contacts: inLanes, talks, nowMs, untilMs: endMs });
  }
}

/** Every so many hours, the begin left out and the end included. */
function timesOf(startMs: number, endMs: number, everyH: number): number[] {
  const count = Math.floor((endMs - startMs) / HOUR_MS / everyH);
  return Array.from({ length: count }, (_, i) => startMs + (i + 1) * everyH * HOUR_MS);
}

interface Issue {
  readonly issuedMs: number;
  readonly momentsMs: readonly number[];
  readonly said: Rehearsed;
  readonly cameBefore: readonly number[];
  readonly alone: Forecaster;
}

type Happening = () => Promise<void>;

/** Of a joined block so much is left for keys when both authentication lanes have had theirs. */
const KEY_SHARE = 7 / 8;

class DayPlay {
  readonly #study: NetworkStudy;
  readonly #day: NetworkDay;
  readonly #truth: number;
  readonly #alarms: NetworkFile['alarms'];
  readonly #issues: Issue[] = [];
  readonly #came: { atMs: number; bits: number }[][];
  readonly #blocks: PlayedDay['blocks'][number][] = [];
  readonly #demand: { asked: number; got: number; refused: Record<string, number> }[];
  readonly #alarmed: AlarmRecord[] = [];
  readonly #lanes: readonly (readonly string[])[];

  constructor(study: NetworkStudy, day: NetworkDay, truth: number, alarms: NetworkFile['alarms']) {
    this.#study = study;
    this.#day = day;
    this.#truth = truth;
    this.#alarms = alarms;
    this.#lanes = study.plans.map(lanesOf);
    this.#came = study.plans.map(() => []);
    this.#demand = study.scene.network.demand.map(() => ({ asked: 0, got: 0, refused: {} }));
  }

  async run(): Promise<PlayedDay> {
    for (const { atMs, happens } of this.#programme()) {
      this.#day.nowMs = atMs;
      await happens();
    }
    const { network, topology } = this.#study.scene;
    const { observer } = this.#day;
    return {
      truth: this.#truth,
      bits: this.#issues.flatMap((issue) => this.#bitsOf(issue)),
      ready: this.#issues.flatMap((issue) => this.#readyOf(issue)),
      came: this.#came,
      blocks: this.#blocks,
      demand: network.demand.map(({ master, slave }, i) => ({ master, slave, ...this.#demand[i]! })),
      alarms: this.#alarmed,
      coalitions: coalitionTallies(topology, observer),
      keys: observer.delivered.length,
      messages: observer.wire.length,
    };
  }

  /** All that happens, in order; at one moment first what comes, then what is said of the future, then what is asked. */
  #programme(): { readonly atMs: number; readonly happens: Happening }[] {
    const { contacts, startMs, endMs, issueEveryH, targetEveryH, network } = this.#study.scene;
    const programme: { atMs: number; order: number; happens: Happening }[] = [];
    const add = (atMs: number, order: number, happens: Happening): void => {
      if (atMs <= endMs) programme.push({ atMs, order, happens });
    };
    for (const { link, readyMs, bits } of contacts) add(readyMs, 0, () => this.#block(link, bits[this.#truth]!));
    for (const alarm of this.#alarms) {
      const atMs = startMs + alarm.atH * HOUR_MS;
      const reopenedMs = startMs + alarm.reopenedAtH * HOUR_MS;
      add(atMs, 1, () => this.#alarm(alarm, atMs, reopenedMs));
      add(reopenedMs, 1, () => this.#reopen(alarm));
    }
    for (const atMs of timesOf(startMs, endMs, targetEveryH)) add(atMs, 2, () => this.#look());
    const issues = [startMs, ...timesOf(startMs, endMs, issueEveryH)];
    for (const atMs of issues.filter((ms) => ms < endMs)) add(atMs, 3, () => this.#issue());
    for (const [i, { everyH, fromH }] of network.demand.entries()) {
      for (let atMs = startMs + fromH * HOUR_MS; atMs <= endMs; atMs += everyH * HOUR_MS)
        add(atMs, 4, () => this.#ask(i));
    }
    return programme.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
  }

  async #block(link: string, bits: number): Promise<void> {
    if (!(await this.#day.block(link, bits))) return;
    this.#blocks.push({ link, atMs: this.#day.nowMs, bits });
    await this.#day.settle();
    await this.#look();
  }

  async #look(): Promise<void> {
    for (const [i, lanes] of this.#lanes.entries()) {
      const series = this.#came[i]!;
      // Of what comes at one moment the whole is what counts.
      if (series.at(-1)?.atMs === this.#day.nowMs) series.pop();
      series.push({ atMs: this.#day.nowMs, bits: await this.#day.came(lanes) });
    }
  }

  async #issue(): Promise<void> {
    const stock = await this.#day.stock();
    const { nowMs } = this.#day;
    const momentsMs = this.#study.momentsAfter(nowMs);
    const said = this.#study.rehearse(nowMs, this.#study.plans, stock, momentsMs);
    const alone = this.#study.alone(nowMs, stock);
    const cameBefore = this.#came.map((series) => series.at(-1)?.bits ?? 0);
    this.#issues.push({ issuedMs: nowMs, momentsMs, said, cameBefore, alone });
  }

  async #ask(i: number): Promise<void> {
    const { master, slave, keys, bits } = this.#study.scene.network.demand[i]!;
    const record = this.#demand[i]!;
    const { keys: got, refused } = await this.#day.ask(master, slave, keys, bits);
    record.asked += keys;
    record.got += got;
    if (refused !== null) record.refused[refused] = (record.refused[refused] ?? 0) + 1;
  }

  async #alarm(
    { link, foundBy, reason }: NetworkFile['alarms'][number],
    atMs: number,
    reopenedMs: number,
  ): Promise<void> {
    const overwrittenBits = await this.#day.alarm(link, foundBy, reason);
    let told = 0;
    for (const node of this.#day.nodeIds)
      told += (await this.#day.alarms(node)).some((alarm) => alarm.link === link) ? 1 : 0;
    const { plans, unreachable } = this.#study.without(link);
    this.#day.setPlans(plans);
    await this.#day.settle();
    this.#alarmed.push({ link, atMs, reopenedMs, overwrittenBits, told, unreachable });
  }

  async #reopen({ link, foundBy }: NetworkFile['alarms'][number]): Promise<void> {
    await this.#day.reopen(link, foundBy);
    this.#day.setPlans(this.#study.plans);
    await this.#day.settle();
  }

  /** An alarm that lies between, or lasts when the forecast is made: what then happens is not what was rehearsed. */
  #isAlarmed(issuedMs: number, targetMs: number): boolean {
    return this.#alarmed.some(({ atMs, reopenedMs }) => issuedMs < reopenedMs && targetMs >= atMs);
  }

  #bitsOf({ issuedMs, momentsMs, said, cameBefore, alone }: Issue): BitsForecast[] {
    const { startMs, endMs, targetEveryH } = this.#study.scene;
    const targets = timesOf(startMs, endMs, targetEveryH).filter((ms) => ms > issuedMs);
    return targets.flatMap((targetMs) =>
      this.#study.plans.map((plan, i): BitsForecast => {
        const came = this.#came[i]!.findLast(({ atMs }) => atMs <= targetMs)!.bits - cameBefore[i]!;
        const single = plan.steps.length > 0 && plan.routes.every(({ length }) => length === 3);
        const own = single ? quantiles(alone.bitsBy(plan, targetMs).map((bits) => Math.floor(bits * KEY_SHARE))) : null;
        return {
          ...{ plan: i, issuedMs, targetMs, alarmed: this.#isAlarmed(issuedMs, targetMs) },
          alone: own && [own[0], own[2]],
          ...foreseen(said[i]![momentsMs.indexOf(targetMs)]!, came),
        };
      }),
    );
  }

  #readyOf({ issuedMs, momentsMs, said, cameBefore }: Issue): ReadyForecast[] {
    const { readyBits, realisations, endMs } = this.#study.scene;
    return this.#study.plans.map((_, i): ReadyForecast => {
      const times = Float64Array.from({ length: realisations }, (__, r) => {
        const at = momentsMs.findIndex((___, moment) => said[i]![moment]![r]! >= readyBits);
        return at < 0 ? Number.POSITIVE_INFINITY : momentsMs[at]!;
      });
      const came = this.#came[i]!.find(({ atMs, bits }) => atMs > issuedMs && bits - cameBefore[i]! >= readyBits);
      const readyMs = came?.atMs ?? Number.POSITIVE_INFINITY;
      return {
        plan: i,
        issuedMs,
        alarmed: this.#isAlarmed(issuedMs, Math.min(readyMs, endMs)),
        ...foreseen(times, readyMs),
      };
    });
  }
}

/** Places 5 %, 50 % and 95 % of the sorted realisations, without interpolation: times and Infinity have no middle. */
function quantiles(values: Float64Array): [number, number, number] {
  const sorted = values.slice().sort();
  return [0.05, 0.5, 0.95].map((q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!) as [
    number,
    number,
    number,
  ];
}

function foreseen(values: Float64Array, came: number): Foreseen<number> {
  let below = 0;
  let equal = 0;
  for (const value of values) {
    if (value < came) below++;
    else if (value === came) equal++;
  }
  return { said: quantiles(values), came, below, equal, of: values.length };
}
