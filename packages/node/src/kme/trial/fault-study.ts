/** All faults of the disk one after another, resumed where it was cut off, and the report of them. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NodeError } from '../../error.ts';
import {
  type Call,
  countCalls,
  FAULTS,
  type FaultOutcome,
  type FaultPoint,
  faultPoints,
  playFault,
  whyNoStrace,
} from './syscall-faults.ts';

export interface FaultStudyOptions {
  /** Program and arguments of `skykey`. */
  readonly command: readonly string[];
  /** Where the stages stand while they are played on. */
  readonly within: string;
  /** Outcomes are kept here, and found again. */
  readonly out: string;
  readonly seed: string;
  /** At most so many points, spread over all; default all. */
  readonly most?: number | undefined;
  /** Processes at a time. */
  readonly workers: number;
  readonly onOutcome?: (done: number, all: number, outcome: FaultOutcome) => void;
}

export interface FaultStudy {
  /** How often each call comes upon the files of a key manager in a run without faults. */
  readonly calls: readonly (readonly [Call, number])[];
  /** Points there are. */
  readonly points: number;
  readonly outcomes: readonly FaultOutcome[];
}

/** Throws NodeError `node/strace` where there is none. Points are tried in an order of which every beginning is spread. */
export async function studyFaults(options: FaultStudyOptions): Promise<FaultStudy> {
  const why = whyNoStrace();
  if (why !== undefined) throw new NodeError('node/strace', `${why}; install it (Linux), and run this as root`);
  const { command, within, seed, out, workers } = options;
  mkdirSync(out, { recursive: true });
  const calls = await countsIn(join(out, 'calls.json'), () => countCalls(command, within, seed));
  const all = spread(faultPoints(calls));
  const chosen = all.slice(0, options.most ?? all.length);
  const outcomes = await tryAll({
    ...{ points: chosen, nameOf, workers, file: join(out, 'outcomes.jsonl') },
    play: (point) => playFault(point, { command, within, seed }),
    onOutcome: options.onOutcome,
  });
  return {
    calls: [...calls],
    points: all.length,
    outcomes,
  };
}

export interface TryAllOptions<Point, Outcome extends Point> {
  readonly points: readonly Point[];
  /** Tells points apart, also in the journal. */
  readonly nameOf: (point: Point) => string;
  /** Journal: a line of JSON for each outcome, added as it comes. */
  readonly file: string;
  /** Points at a time. */
  readonly workers: number;
  readonly play: (point: Point) => Promise<Outcome>;
  readonly onOutcome?: ((done: number, all: number, outcome: Outcome) => void) | undefined;
}

/** Plays the points that are not in the journal yet; outcomes of all, in the order of the points. */
export async function tryAll<Point, Outcome extends Point>(
  options: TryAllOptions<Point, Outcome>,
): Promise<readonly Outcome[]> {
  const { points, nameOf, file, workers, play, onOutcome } = options;
  const known = new Map(readOutcomes<Outcome>(file).map((outcome) => [nameOf(outcome), outcome]));
  const left = points.filter((point) => !known.has(nameOf(point)));
  let done = points.length - left.length;
  const work = async (): Promise<void> => {
    for (let point = left.shift(); point; point = left.shift()) {
      const outcome = await play(point);
      appendFileSync(file, `${JSON.stringify(outcome)}\n`);
      known.set(nameOf(point), outcome);
      onOutcome?.(++done, points.length, outcome);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return points.flatMap((point) => known.get(nameOf(point)) ?? []);
}

const nameOf = ({ fault, call, number }: FaultPoint): string => `${fault} ${call} ${number}`;

async function countsIn(file: string, count: () => Promise<Map<Call, number>>): Promise<Map<Call, number>> {
  if (existsSync(file)) return new Map(JSON.parse(readFileSync(file, 'utf8')) as [Call, number][]);
  const counts = await count();
  appendFileSync(file, JSON.stringify([...counts]));
  return counts;
}

/** A line that was cut off with its study is left out. */
function readOutcomes<Outcome>(file: string): Outcome[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Outcome];
      } catch {
        return [];
      }
    });
}

/** Steps of the golden ratio around the list: every beginning of the order lies evenly on it. */
export function spread<T>(items: readonly T[]): T[] {
  return items
    .map((item, i) => ({ item, at: (i * 0.618_033_988_749_894_8) % 1 }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** For people: Markdown. */
export function reportFaults({ calls, points, outcomes }: FaultStudy): string {
  const reached = outcomes.filter(({ isReached }) => isReached);
  const wrong = reached.filter(({ violations }) => violations.length > 0);
  const ends = ['killed', 'refused to start', 'ended cleanly', 'fell'] as const;
  const names: Record<(typeof FAULTS)[number], string> = {
    kill: 'killed before the call',
    eio: 'the call fails with EIO',
    enospc: 'it and the next 19 fail with ENOSPC',
  };
  const rows = FAULTS.map((fault) => {
    const own = reached.filter((outcome) => outcome.fault === fault);
    const cells = ends.map((end) => own.filter((outcome) => outcome.end === end).length);
    return `| ${names[fault]} | ${own.length} | ${cells.join(' | ')} | ${own.filter(({ violations }) => violations.length > 0).length} |`;
  });
  const promised = reached.reduce((sum, { promisedKeys }) => sum + promisedKeys, 0);
  return `# A fault at every system call that changes a key manager's files

\`skykey study kme-faults\`. A key manager (the process \`skykey kme\`, SQLite) starts, takes in two couriered keys, gives and fetches keys in both
directions, burns those that the other site refuses, raises an alarm, rotates its vault and ends. \`strace\` stops it at one
system call. Then it is started again without faults, and: every key that was promised is at the other end, the same there, once;
no two keys share bytes; an alarm that was told still stands; new key comes; no byte of couriered key is in the clear in any file.
Where the process lives on it has to answer all that is asked (200, 400, 503) and to give key again once the fault is over;
where it cannot start it has to end with status 2 and one sentence.

A kill is that of the process: what it has written stays with the operating system. A power cut, which loses what was not yet
synced, is another thing and is not tried here.

Calls in a run without faults: ${calls.map(([call, count]) => `${count} \`${call}\``).join(', ')}; no other call changes those files. That
makes ${points} points, of which ${outcomes.length} were tried; ${outcomes.length - reached.length} of them lay past the end of a run that was shorter than the one that was counted.

| fault | points reached | killed | refused to start | lived on, and ended cleanly when told to | fell | violations |
|---|---|---|---|---|---|---|
${rows.join('\n')}

Keys promised in these runs: ${promised}. Violations: ${wrong.length}.
${wrong.map(({ fault, call, number, violations }) => `\n- ${fault} at ${call} ${number}: ${violations.join('; ')}`).join('')}
`;
}
