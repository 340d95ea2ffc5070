/** A study that several processes play: each takes each n-th world and writes a journal of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { CliError } from '../error.ts';
import { Progress } from '../progress.ts';

/** This program. */
const MAIN = fileURLToPath(new URL('../../bin/skykey.js', import.meta.url));

/** `k/n`, of `--part`. Throws CliError `cli/option`. */
export function partOf(text = '0/1'): [part: number, parts: number] {
  const [, part, parts] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (part === undefined || !(Number(part) < Number(parts))) {
    throw new CliError('cli/option', `--part ${text}: give k/n, from 0/n to n-1/n`);
  }
  return [Number(part), Number(parts)];
}

/**
 * Has so many processes run `skykey study ARGS --part k/n`, and shows how much is done (0 to 1). Rejects with CliError
 * when one of them fails.
 */
export async function employ(workers: number, args: readonly string[], done: () => number): Promise<void> {
  const children = Array.from({ length: workers }, (_, k) =>
    spawn(process.execPath, [MAIN, 'study', ...args, '--part', `${k}/${workers}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    }),
  );
  const progress = new Progress();
  const report = setInterval(() => progress.report(done(), `${workers} processes play`), 1000);
  const interrupted = (): void => {
    for (const child of children) child.kill();
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    await Promise.all(
      children.map(async (child) => {
        const said = text(child.stderr);
        const [code] = (await once(child, 'close')) as [number | null];
        if (code !== 0)
          throw new CliError('cli/bench', `a process that plays ended with ${code}: ${(await said).slice(-500)}`);
      }),
    );
  } finally {
    clearInterval(report);
    progress.end();
    for (const child of children) child.kill();
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}
