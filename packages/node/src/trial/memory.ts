/** What a core dump of a process would hold: the pages of its memory that were ever written, as Linux shows them. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const PAGE = 4096;
/** Bits 63 and 62 of an entry of `pagemap` (kernel.org, admin-guide/mm/pagemap): present, or swapped out. */
const THERE = 0xc0;

/** Throws the system's error where the process, or this one's right to look at it, is not there. It runs on meanwhile. */
export function memoryOf(pid: number): Buffer {
  const parts: Buffer[] = [];
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const pagemap = openSync(`/proc/${pid}/pagemap`, 'r');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const [, from, to, flags] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
      // Code and constants are the program's.
      if (from === undefined || to === undefined || !flags?.startsWith('rw')) continue;
      const [start, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)];
      const entries = Buffer.alloc(((end - start) / PAGE) * 8);
      readSync(pagemap, entries, 0, entries.length, (start / PAGE) * 8);
      for (let first = 0; first < end - start; ) {
        const isThere = (at: number): boolean => (entries[(at / PAGE) * 8 + 7]! & THERE) !== 0;
        let last = first;
        while (last < end - start && isThere(last)) last += PAGE;
        if (last > first) {
          const part = Buffer.alloc(last - first);
          const read = tryRead(memory, part, start + first);
          parts.push(part.subarray(0, read));
        }
        first = last + PAGE;
      }
    }
  } finally {
    closeSync(memory);
    closeSync(pagemap);
  }
  return Buffer.concat(parts);
}

/** A mapping may go while it is read. */
function tryRead(memory: number, part: Buffer, at: number): number {
  try {
    return readSync(memory, part, 0, part.length, at);
  } catch {
    return 0;
  }
}
