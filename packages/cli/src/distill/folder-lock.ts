/** A folder for one process of this machine at a time, also after one that died. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { appendLine } from './durable.ts';

/** Locks that this process holds, by their words. */
const HELD = new Set<string>();

/**
 * A journal of those who came (`PID WORD`) and went (`free WORD`), in the order of the disk. The first who has neither gone
 * nor died has the folder. Nothing is ever taken away from it, so nobody can be taken for dead by one who read an older
 * state: who comes later finds whoever came before.
 */
export class FolderLock {
  readonly #file: string;
  readonly #word = randomBytes(8).toString('hex');

  /** `refuse` must throw: the folder is in use. */
  constructor(file: string, refuse: (problem: string) => never) {
    this.#file = file;
    HELD.add(this.#word);
    appendLine(file, `${process.pid} ${this.#word}`);
    const [dead, owner] = readLock(file);
    if (owner?.word !== this.#word) {
      this.free();
      refuse(`is in use by process ${owner?.pid}; if that is no skykey, remove ${file}`);
    }
    // Their numbers will be those of others some day.
    for (const word of dead) appendLine(file, `free ${word}`);
  }

  free(): void {
    HELD.delete(this.#word);
    if (existsSync(this.#file)) appendLine(this.#file, `free ${this.#word}`);
  }
}

/** Who died without going, and who has the folder. */
function readLock(file: string): [dead: string[], owner: { readonly pid: number; readonly word: string } | undefined] {
  const dead: string[] = [];
  const lines = readFileSync(file, 'latin1').split('\n');
  const gone = new Set(lines.filter((line) => line.startsWith('free ')).map((line) => line.slice(5)));
  for (const line of lines) {
    const [, pid, word] = /^(\d{1,15}) ([0-9a-f]{16})$/.exec(line) ?? [];
    // A line that was torn is of one who died writing it.
    if (pid === undefined || word === undefined || gone.has(word)) continue;
    if (isAlive(Number(pid), word)) return [dead, { pid: Number(pid), word }];
    dead.push(word);
  }
  return [dead, undefined];
}

function isAlive(pid: number, word: string): boolean {
  // In a container every process may be number 1: our own number on a word that is not ours is that of a dead one.
  if (pid === process.pid) return HELD.has(word);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
