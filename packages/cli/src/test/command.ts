/** Runs the real command in a process of its own, as a user would. For tests only. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const COMMAND = fileURLToPath(new URL('../../bin/skykey.js', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Each item in its turn, two at a time: a start is mostly waiting. */
export async function inPairs<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all([worker(), worker()]);
}

/** `interruptAt`: as soon as standard output matches, Ctrl-C is pressed. */
export function skykey(
  args: readonly string[],
  options: { cwd?: string; interruptAt?: RegExp } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const { interruptAt, ...spawnOptions } = options;
    const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'], ...spawnOptions });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (interruptAt?.test(stdout)) child.kill('SIGINT');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
