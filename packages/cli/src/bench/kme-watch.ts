/** What processes take of this machine, as the kernel tells it (Linux, /proc); null where it does not. */
import { closeSync, fdatasyncSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Latencies } from './latencies.ts';

/** Processor time of a process and its threads so far, seconds. */
export function cpuS(pid: number): number | null {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    return (
      tasks.reduce(
        (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
        0,
      ) / 1e9
    );
  } catch {
    return null;
  }
}

/** The same of a process and all that it started and that still run. */
export function familyCpuS(pid: number): number | null {
  const own = cpuS(pid);
  return own === null ? null : childrenOf(pid).reduce((sum, child) => sum + (cpuS(child) ?? 0), own);
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Resident memory, bytes. */
export function residentBytes(pid: number): number | null {
  try {
    return 1024 * Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
  } catch {
    return null;
  }
}

export function fileBytes(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** What the disk takes for one small durable write at this moment, milliseconds: the floor under every commit. */
export function diskMs(folder: string): { readonly p50: number; readonly p99: number } {
  const path = join(folder, 'disk');
  const file = openSync(path, 'w');
  const latencies = new Latencies();
  const page = new Uint8Array(40_960);
  for (let i = 0; i < 100; i++) {
    const startMs = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    latencies.add(performance.now() - startMs);
  }
  closeSync(file);
  rmSync(path);
  return { p50: latencies.quantile(0.5), p99: latencies.quantile(0.99) };
}
