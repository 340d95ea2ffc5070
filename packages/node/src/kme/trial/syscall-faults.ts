/**
 * Faults of the disk, one at every system call by which a key manager changes its files: `strace` kills the process there,
 * or has the call fail. Afterwards the next start has to recover, and what was promised has to hold.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { Canaries } from '../../trial/canaries.ts';
import { NAME_BYTES } from '../courier.ts';
import { runKme } from '../run-kme.ts';
import { KmeProcess } from './kme-process.ts';
import { buildStage, ScriptedRun } from './scripted-run.ts';
import type { Stage } from './stage.ts';

/** Calls that change what lies in the folder of a key manager. */
const CALLS = [
  'pwrite64',
  'write',
  'writev',
  'pwritev',
  'fsync',
  'fdatasync',
  'ftruncate',
  'link',
  'unlink',
  'rename',
] as const;
/** What is tried: those that never came upon those files in a run without faults are left out. */
export type Call = (typeof CALLS)[number];

/**
 * `kill`: the process ends there, before the call does anything. `eio`: the call fails once. `enospc`: it fails and goes on
 * failing for a while, as a disk does that is full.
 */
export type Fault = 'kill' | 'eio' | 'enospc';
export const FAULTS: readonly Fault[] = ['kill', 'eio', 'enospc'];
/** How many calls fail of a full disk. */
const FULL_FOR = 20;
/** Calls that can fail for want of room. */
const TAKES_ROOM: readonly Call[] = ['pwrite64', 'link', 'ftruncate'];

export interface FaultPoint {
  readonly fault: Fault;
  readonly call: Call;
  /** Which one of the process, from 1. */
  readonly number: number;
}

export interface FaultOutcome extends FaultPoint {
  /** Whether the process came so far. */
  readonly isReached: boolean;
  /** How the process was when the script was over. */
  readonly end: 'killed' | 'refused to start' | 'ended cleanly' | 'fell';
  readonly promisedKeys: number;
  readonly violations: readonly string[];
}

/** Why no faults can be made here; undefined when they can. */
export function whyNoStrace(): string | undefined {
  const tried = spawnSync('strace', ['-qq', '-e', 'trace=none', 'true'], { encoding: 'utf8' });
  if (tried.error) return 'strace is not installed';
  return tried.status === 0 ? undefined : `strace cannot trace here: ${tried.stderr.trim().split('\n')[0]}`;
}

/** How often each call comes in a run without faults, by the paths it is about. Throws when such a run goes wrong. */
export async function countCalls(command: readonly string[], within: string, seed: string): Promise<Map<Call, number>> {
  const folder = mkdtempSync(join(within, 'skykey-faults-'));
  try {
    const log = join(folder, 'calls');
    const { violations, end } = await runOnce(command, join(folder, 'stage'), seed, [
      ...['strace', '-D', '-f', '--seccomp-bpf', '-qq', '-y', '-s', '0', '-o', log],
      ...['-e', `trace=${CALLS.join(',')}`],
    ]);
    if (violations.length > 0 || end !== 'ended cleanly')
      throw new Error(`a run without faults: ${end}; ${violations.join('; ')}`);
    const counts = new Map<Call, number>();
    const ours = `${join(folder, 'stage', 'alpha')}`;
    for (const line of readFileSync(log, 'utf8').split('\n')) {
      const [, call] = /^\d+ +(\w+)\(/.exec(line) ?? [];
      if (call !== undefined && line.includes(ours)) counts.set(call as Call, (counts.get(call as Call) ?? 0) + 1);
    }
    return counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every point that a run has, and some more: runs differ by what the clock does meanwhile. */
export function faultPoints(counts: ReadonlyMap<Call, number>): FaultPoint[] {
  return FAULTS.flatMap((fault) =>
    [...counts].flatMap(([call, count]) =>
      fault === 'enospc' && !TAKES_ROOM.includes(call)
        ? []
        : Array.from({ length: count }, (_, i): FaultPoint => ({ fault, call, number: i + 1 })),
    ),
  );
}

const ACTION: Record<Fault, (number: number) => string> = {
  kill: (number) => `signal=KILL:when=${number}`,
  eio: (number) => `error=EIO:when=${number}`,
  enospc: (number) => `error=ENOSPC:when=${number}..${number + FULL_FOR - 1}`,
};

export interface PlayFaultOptions {
  /** Program and arguments of `skykey`. */
  readonly command: readonly string[];
  /** Where the stage is built, and removed again. */
  readonly within: string;
  readonly seed: string;
  /** Before the next start: what the trial has to find. */
  readonly sabotage?: (stage: Stage, run: ScriptedRun) => Promise<void>;
}

/** Plays one fault. */
export async function playFault(
  point: FaultPoint,
  { command, within, seed, sabotage }: PlayFaultOptions,
): Promise<FaultOutcome> {
  const folder = mkdtempSync(join(within, 'skykey-faults-'));
  try {
    const log = join(folder, 'calls');
    const isMortal = point.fault === 'kill';
    const under = [
      // A signal is not injected where only some calls are stopped for strace to look at.
      ...['strace', '-D', '-f', ...(isMortal ? [] : ['--seccomp-bpf']), '-qq', '-s', '0', '-o', log],
      ...['-e', `trace=${point.call}`],
      ...['-e', `inject=${point.call}:${ACTION[point.fault](point.number)}`],
    ];
    const played = await runOnce(command, join(folder, 'stage'), seed, under, isMortal, sabotage);
    const isReached = played.end === 'killed' || (existsSync(log) && /\(INJECTED\)/.test(readFileSync(log, 'utf8')));
    const violations = [...played.violations];
    if (isReached && point.fault === 'kill' && played.end !== 'killed') violations.push('it was not killed');
    return { ...point, isReached, end: played.end, promisedKeys: played.promisedKeys, violations };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runOnce(
  command: readonly string[],
  folder: string,
  seed: string,
  under: readonly string[],
  isMortal = false,
  sabotage?: PlayFaultOptions['sabotage'],
): Promise<Pick<FaultOutcome, 'end' | 'violations' | 'promisedKeys'>> {
  env.SKYKEY_LOG ??= 'silent';
  const stage = await buildStage(folder, seed);
  stage.configure('beta', { policy: stage.writePolicy('beta-policy.json', [['a1', 'b1']]) });
  const canaries = new Canaries();
  // The name at its head is no key, and stays known.
  for (const peer of ['beta', 'gamma']) canaries.add(stage.courierBytes('alpha', peer).subarray(NAME_BYTES));
  const beta = await runKme(stage.path('beta.json'));
  const run = new ScriptedRun(stage);
  try {
    const alpha = new KmeProcess({ command, config: stage.path('alpha.json'), under, env: { SKYKEY_LOG: 'info' } });
    const isUp = await alpha.ready;
    let end: FaultOutcome['end'];
    if (isUp) {
      await run.play(alpha, isMortal);
      const survived = alpha.isRunning;
      if (survived) {
        run.noteAlive();
        if (!isMortal && (await run.getSoon('a1')) === undefined)
          run.violations.push('a1 gets no key from a process that lived on');
      }
      const ending = await alpha.end('SIGTERM');
      end = endOf(ending, survived, alpha, run.violations);
    } else {
      end = endOf(await alpha.ended, false, alpha, run.violations);
      if (end === 'ended cleanly') run.violations.push('it ended before it had begun');
    }
    await sabotage?.(stage, run);
    for (const file of clearTexts(stage, canaries))
      run.violations.push(`key lies in the clear in ${file} after the fault`);
    await recover(stage, run, canaries);
    return { end, violations: run.violations, promisedKeys: run.keys.size };
  } finally {
    run.close();
    await beta.stop();
  }
}

function endOf(
  { code, signal }: { code: number | null; signal: NodeJS.Signals | null },
  survived: boolean,
  { stderr }: KmeProcess,
  violations: string[],
): FaultOutcome['end'] {
  if (signal === 'SIGKILL' || code === 137) return 'killed';
  if (code === 143) return 'ended cleanly';
  if (!survived && code === 2 && /^skykey: \S.*$/m.test(stderr)) return 'refused to start';
  violations.push(`it ended with ${code ?? signal}: ${stderr.slice(-500)}`);
  return 'fell';
}

/** The next start, without faults. */
async function recover(stage: Stage, run: ScriptedRun, canaries: Canaries): Promise<void> {
  try {
    const alpha = await runKme(stage.path('alpha.json'));
    try {
      await run.verify();
    } finally {
      await alpha.stop();
    }
  } catch (error) {
    run.violations.push(`the next start: ${(error as Error).message}`);
    return;
  }
  for (const peer of ['beta', 'gamma']) {
    if (existsSync(stage.courierFile('alpha', peer)))
      run.violations.push(`the couriered file of ${peer} is still there`);
  }
  for (const file of clearTexts(stage, canaries)) run.violations.push(`key lies in the clear in ${file}`);
}

/** Files of alpha that hold key as it is, but for a couriered one that is still to be taken in. */
function clearTexts(stage: Stage, canaries: Canaries): string[] {
  const couriered = ['beta', 'gamma'].map((peer) => stage.courierFile('alpha', peer));
  return readdirSync(stage.path('alpha'))
    .map((name) => stage.path('alpha', name))
    .filter((file) => statSync(file).isFile() && !couriered.includes(file) && canaries.count(readFileSync(file)) > 0);
}
