/** All faults of the disk of two desks one after another, resumed where it was cut off, and the report of them. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NodeError } from '../../../error.ts';
import { spread, tryAll } from '../../../kme/trial/fault-study.ts';
import { whyNoStrace } from '../../../kme/trial/syscall-faults.ts';
import {
  type CallPoint,
  FAULTS,
  type FaultOutcome,
  type FaultPoint,
  faultPoints,
  LIVES,
  listCalls,
  playFault,
} from './syscall-faults.ts';

export interface DeskFaultStudyOptions {
  /** Where the stages stand while they are played on. */
  readonly within: string;
  /** Outcomes are kept here, and found again. */
  readonly out: string;
  /** At most so many points, spread over all; default all. */
  readonly most?: number | undefined;
  /** Pairs of desks at a time. */
  readonly workers: number;
  readonly onOutcome?: (done: number, all: number, outcome: FaultOutcome) => void;
}

export interface DeskFaultStudy {
  /** Calls that change files, of a day without faults. */
  readonly calls: readonly CallPoint[];
  /** Points there are. */
  readonly points: number;
  readonly outcomes: readonly FaultOutcome[];
}

/** Throws NodeError `node/strace` where there is none. Points are tried in an order of which every beginning is spread. */
export async function studyDeskFaults(options: DeskFaultStudyOptions): Promise<DeskFaultStudy> {
  const why = whyNoStrace();
  if (why !== undefined) throw new NodeError('node/strace', `${why}; install it (Linux), and run this as root`);
  const { within, out, most, workers, onOutcome } = options;
  mkdirSync(out, { recursive: true });
  const listed = join(out, 'calls.json');
  if (!existsSync(listed)) writeFileSync(listed, JSON.stringify(await listCalls(within)));
  const calls = JSON.parse(readFileSync(listed, 'utf8')) as CallPoint[];
  const all = spread(faultPoints(calls));
  const outcomes = await tryAll({
    ...{ points: all.slice(0, most ?? all.length), nameOf, workers, file: join(out, 'outcomes.jsonl') },
    play: (point) => playFault(point, within),
    onOutcome,
  });
  return { calls, points: all.length, outcomes };
}

const nameOf = ({ life, thread, fault, call, number }: FaultPoint): string =>
  `${life} ${thread} ${fault} ${call} ${number}`;

const ENDS = ['killed', 'stopped with a sentence', 'ended by its operator', 'ended cleanly', 'fell'] as const;
const FAULT_NAMES: Record<(typeof FAULTS)[number], string> = {
  kill: 'killed before the call',
  eio: 'the call fails with EIO',
  enospc: 'it and the next 7 fail with ENOSPC',
};
const LIFE_NAMES: Record<(typeof LIVES)[number], string> = {
  a: 'desk a',
  b: 'desk b, its first life',
  'b again': 'desk b, started again',
};

/** For people: Markdown. */
export function reportDeskFaults({ calls, points, outcomes }: DeskFaultStudy): string {
  const reached = outcomes.filter(({ isReached }) => isReached);
  const wrong = outcomes.filter(({ violations }) => violations.length > 0);
  const isWrong = ({ violations }: FaultOutcome): boolean => violations.length > 0;
  const row = (name: string, own: readonly FaultOutcome[]): string => {
    const cells = ENDS.map((end) => own.filter((outcome) => outcome.end === end).length);
    return `| ${name} | ${own.length} | ${cells.join(' | ')} | ${own.filter(isWrong).length} |`;
  };
  const besides = (what: FaultPoint['besides']): number =>
    reached.filter((outcome) => outcome.besides === what && outcome.besidesCame).length;
  const sum = (of: (outcome: FaultOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const byCall = Object.entries(Object.groupBy(calls, ({ call }) => call));
  return `# A fault at every system call that changes a desk's files

\`skykey study hotline-faults\`. Two desks, each a process of its own with its real store (SQLite), key file, witness, shelf of
files, persons, sign-in and page, play a day: both start, persons enrol, they agree on keys; texts both ways, sealed and hybrid;
a file of 300 kB; a call that rings, is taken, gets keys and is ended; a renewal of keys; a stop and a start of one desk; an
alarm, four approvals; texts again. \`strace\` stops one of the processes at one system call. What has ended is started again
without faults, and the day is played to its end. Somebody outside, who sees the line and what people are told, checks that:

- no two records on the line were sealed under one epoch, lane, direction and counter; no one-time pad sealed two texts; no media
  key for sending was given to a page twice;
- every text for which the answer was "kept" arrived once, in order, and nothing was shown that nobody said; what was shown once is
  in the history after the next start; the file came whole (SHA-256) or was told as ended with a reason;
- a black line is black after a start; a desk that cannot go on says one sentence and ends with status 2, every refusal is a
  sentence, and new texts, a call, a renewal and an alarm come about after it. One that goes on saying that it has to be started
  again is: an operator does so.

Played, not real: the key managers (keys of random bytes over loopback HTTP in the words of ETSI GS QKD 014, each given once on
each side), the line (loopback HTTP without TLS) and the desks' clocks, which are put on by 9 minutes so that a renewal is due. A
kill is that of the process: what it has written stays with the operating system. A power cut is another thing.

Some kills are followed by a start from an older copy of the store (${besides('old copy')} came to that, and in ${reached.filter(({ saidRestored }) => saidRestored).length} the page said so: where nothing had been answered since the copy there is nothing to say), or with the clock
set back by 5 s (${besides('clock back')}). After an old copy, what was said before it may be missing; nothing may come twice.

Calls in a day without faults: ${byCall.map(([call, list]) => `${list!.length} \`${call}\``).join(', ')}. That makes ${points} points, of which **${outcomes.length} were
tried${outcomes.length < points ? ', spread evenly over all' : ''}**; ${outcomes.length - reached.length} of them lay past the end of a day that was shorter than the one that was counted.

| fault | points reached | killed | stopped with a sentence | said that it has to be started again | lived on, ended when told to | fell | with violations |
|---|---|---|---|---|---|---|---|
${FAULTS.map((fault) =>
  row(
    FAULT_NAMES[fault],
    reached.filter((outcome) => outcome.fault === fault),
  ),
).join('\n')}

| at | points reached | killed | stopped with a sentence | said that it has to be started again | lived on, ended when told to | fell | with violations |
|---|---|---|---|---|---|---|---|
${LIVES.map((life) =>
  row(
    LIFE_NAMES[life],
    reached.filter((outcome) => outcome.life === life),
  ),
).join('\n')}

Records seen on the line: ${sum(({ records }) => records)}. Texts told as kept: ${sum(({ keptTexts }) => keptTexts)}. Points with violations: ${wrong.length}.
${wrong.map((outcome) => `\n- ${nameOf(outcome)} (${outcome.file || 'another file'}${outcome.besidesCame ? `, ${outcome.besides}` : ''}): ${outcome.violations.join('; ')}`).join('')}
`;
}
