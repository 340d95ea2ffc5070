/** `skykey bench hotline`: what a call costs, how long a text takes, and a hundred conversations at once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Crowd,
  type CrowdOptions,
  type DeskSite,
  DeskStage,
  Ear,
  enterAll,
  leaveAll,
  type MediaCost,
  mediaCost,
  playCrowd,
  textTimes,
  untilOpen,
} from '@skykey/node';
import { CliError } from '../error.ts';
import { Progress } from '../progress.ts';
import { Reference } from './hotline-reference.ts';
import { Stage as KmeStage, median } from './kme.ts';
import type { Quantiles } from './kme-generator.ts';
import { makeCertificates } from './kme-sites.ts';
import { diskMs } from './kme-watch.ts';

export interface Times extends Quantiles {
  readonly count: number;
  readonly most: number;
}

export type TextSubject = 'reference' | 'hybrid' | 'sealed';

export interface CrowdFigures extends Omit<Crowd, 'times' | 'refused'> {
  readonly name: 'idle' | 'lively' | 'call' | 'crowd';
  readonly refused: number;
  /** What the desks said of them, each once. */
  readonly refusals: readonly string[];
  /** Null: nobody wrote. */
  readonly text: Times | null;
}

export interface HotlineFigures {
  readonly quick: boolean;
  readonly rounds: number;
  /** Medians of the rounds; parts of one core. */
  readonly media: {
    readonly seconds: number;
    readonly seal: number;
    readonly open: number;
    readonly bareSeal: number;
    readonly bareOpen: number;
  };
  readonly texts: readonly { readonly subject: TextSubject; readonly times: Times }[];
  readonly crowds: readonly CrowdFigures[];
  /** Milliseconds of one small durable write. */
  readonly disk: Quantiles;
  /** Processes that wanted a core while this ran, by the system's count, at the beginning and at the end. */
  readonly load: readonly [number, number];
  readonly expectations: readonly {
    readonly what: string;
    readonly value: number;
    readonly met: boolean | null;
  }[];
}

const FULL = { mediaS: 60, texts: 2000, conversations: 100, crowdS: 60, oneS: 30 };
const QUICK = { mediaS: 2, texts: 10, conversations: 2, crowdS: 2, oneS: 1 };
const EVERY_MS = 2000;
/** Key of either direction: every text sealed by one-time pad takes a kilobyte or less. */
const KEY_BYTES = 16e6;
const QUICK_KEY_BYTES = 1e6;

export async function hotlineFigures(rounds: number, quick: boolean): Promise<HotlineFigures> {
  const sizes = quick ? QUICK : FULL;
  const folder = mkdtempSync(join(tmpdir(), 'skykey-bench-'));
  const running = new Running();
  const clear = (): void => {
    running.kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const interrupted = (): never => process.exit(130);
  process.once('exit', clear).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const progress = new Progress();
  try {
    const load = loadavg()[0]!;
    progress.report(0, 'the bench, a call');
    const media = await mediaFigures(rounds, sizes.mediaS);
    const disk = diskMs(folder);
    progress.report(0.1, 'the bench, texts');
    const texts = await textFigures(join(folder, 'texts'), rounds, sizes.texts, quick, running);
    const crowds: CrowdFigures[] = [];
    const one = running.keep(await DeskStage.start({ folder: join(folder, 'one'), conversations: 1 }));
    const two = await enterAll(one, 1);
    const alone = { seconds: sizes.oneS, everyMs: null, call: false, renewals: false };
    for (const [name, more] of [
      ['idle', {}],
      ['lively', { everyMs: EVERY_MS }],
      ['call', { call: true }],
    ] as const) {
      progress.report(0.4 + crowds.length / 10, `the bench, one conversation, ${name}`);
      crowds.push(crowdFigures(name, await playCrowd(one, two, { ...alone, mark: name, ...more } as CrowdOptions)));
    }
    await leaveAll(two);
    await running.end(one);
    progress.report(0.7, 'the bench, many conversations');
    const { conversations, crowdS } = sizes;
    const many = running.keep(await DeskStage.start({ folder: join(folder, 'many'), conversations }));
    const everybody = await enterAll(many, conversations);
    const crowd = { seconds: crowdS, everyMs: EVERY_MS, call: false, renewals: true, mark: 'crowd' };
    crowds.push(crowdFigures('crowd', await playCrowd(many, everybody, crowd)));
    await leaveAll(everybody);
    const figures = { quick, rounds, media, texts, crowds, disk, load: [load, loadavg()[0]!] as const };
    return { ...figures, expectations: expectations(figures) };
  } finally {
    progress.end();
    await running.endAll();
    process.off('exit', clear).off('SIGINT', interrupted).off('SIGTERM', interrupted);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function mediaFigures(rounds: number, seconds: number): Promise<HotlineFigures['media']> {
  // Once for the compiler.
  await mediaCost(Math.min(5, seconds), cpuS);
  const found: MediaCost[] = [];
  for (let round = 0; round < rounds; round++) found.push(await mediaCost(seconds, cpuS));
  const middle = (name: 'seal' | 'open' | 'bareSeal' | 'bareOpen'): number => median(found.map((each) => each[name]));
  return {
    ...{ seconds, seal: middle('seal'), open: middle('open') },
    ...{ bareSeal: middle('bareSeal'), bareOpen: middle('bareOpen') },
  };
}

interface Closable {
  kill?(): void;
  close(): void | Promise<void>;
}

/** What was started, newest first, and goes with the bench whatever becomes of it. */
class Running {
  readonly #all: Closable[] = [];

  keep<T extends Closable>(each: T): T {
    this.#all.unshift(each);
    return each;
  }

  async end(each: Closable): Promise<void> {
    this.#all.splice(this.#all.indexOf(each), 1);
    await each.close();
  }

  async endAll(): Promise<void> {
    for (const each of [...this.#all]) await this.end(each);
  }

  /** At once, when the bench is interrupted. */
  kill(): void {
    for (const each of this.#all) each.kill ? each.kill() : each.close();
  }
}

/** Two desks with two real key managers, and the reference beside them in time. */
async function textFigures(
  folder: string,
  rounds: number,
  count: number,
  quick: boolean,
  running: Running,
): Promise<HotlineFigures['texts']> {
  const kmes = running.keep(new KmeStage());
  await makeCertificates(kmes.folder);
  const servers = await kmes.kmes({ kind: 'sqlite' }, quick ? QUICK_KEY_BYTES : KEY_BYTES);
  const of = (site: DeskSite) => servers[site === 'north' ? 0 : 1]!.application;
  const desks = running.keep(
    await DeskStage.start({
      ...{ folder, conversations: 1, deskId: (site) => of(site).saeId },
      keys: (site) => ({ kind: 'kme', port: of(site).port, tls: of(site).tls }),
    }),
  );
  const reference = running.keep(await Reference.start(join(folder, 'reference')));
  const [from, to] = [await desks.enter('north'), await desks.enter('south')];
  const ear = new Ear(to);
  await ear.listening;
  await Promise.all([untilOpen(from), untilOpen(to)]);
  const times: Record<TextSubject, number[]> = { reference: [], hybrid: [], sealed: [] };
  const each = Math.ceil(count / rounds);
  // Side by side in time; a tenth more at first, for the compiler, is not counted.
  for (let round = -1; round < rounds; round++) {
    const said = round < 0 ? Math.ceil(each / 10) : each;
    const keepTimes = (subject: TextSubject, found: readonly number[]): void => {
      if (round >= 0) times[subject].push(...found);
    };
    keepTimes('reference', await reference.times(said));
    for (const sealing of ['hybrid', 'sealed'] as const)
      keepTimes(sealing, await textTimes(from, ear, { count: said, sealing, mark: `${round}` }));
  }
  await ear.close();
  for (const each of [reference, desks, kmes]) await running.end(each);
  return (['reference', 'hybrid', 'sealed'] as const).map((subject) => ({ subject, times: timesOf(times[subject])! }));
}

function crowdFigures(name: CrowdFigures['name'], { times, refused, ...crowd }: Crowd): CrowdFigures {
  return {
    name,
    ...crowd,
    refused: refused.length,
    refusals: [...new Set(refused)].slice(0, 5),
    text: times.length === 0 ? null : timesOf(times),
  };
}

function timesOf(times: readonly number[]): Times {
  if (times.length === 0) throw new CliError('cli/bench', 'not one text came');
  const ordered = times.toSorted((a, b) => a - b);
  const at = (part: number): number => ordered[Math.max(0, Math.ceil(part * ordered.length) - 1)]!;
  return { count: ordered.length, p50: at(0.5), p99: at(0.99), most: ordered.at(-1)! };
}

/** Of small sizes nothing is said. */
function expectations(figures: Omit<HotlineFigures, 'expectations'>): HotlineFigures['expectations'] {
  const { quick, media, texts, crowds } = figures;
  const expect = (what: string, value: number, isMet: boolean) => ({ what, value, met: quick ? null : isMet });
  const crowd = crowds.find(({ name }) => name === 'crowd')!;
  const share = Math.max(...crowd.cpu);
  const lost = crowd.said - crowd.delivered + crowd.refused + crowd.again;
  return [
    expect('a 720p call sealed: under 5 % of a core', 100 * media.seal, media.seal < 0.05),
    expect('a 720p call opened: under 5 % of a core', 100 * media.open, media.open < 0.05),
    ...texts
      .filter(({ subject }) => subject !== 'reference')
      .map(({ subject, times }) =>
        expect(`${subject} text from page to page: p99 under 50 ms`, times.p99, times.p99 < 50),
      ),
    expect(`${crowd.conversations} conversations at once: texts lost, refused or told twice: none`, lost, lost === 0),
    expect(`${crowd.conversations} conversations at once: each site in one core (%)`, 100 * share, share < 1),
  ];
}

function cpuS(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
