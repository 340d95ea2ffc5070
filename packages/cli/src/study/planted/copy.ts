/** A copy of the source tree, to be broken. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { CliError } from '../../error.ts';

const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));
/** Of one run; who is not through by then has been caught. */
const LONGEST_MS = 300_000;
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

export interface TestRun {
  /** The first test that failed; null when all passed. */
  readonly failed: string | null;
}

export class Copy {
  readonly #folder: string;
  #made: Promise<void> | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Puts a fault in; the way back. Rejects with CliError when what it replaces does not stand there once. */
  async replace(file: string, find: string, replacement: string, name: string): Promise<() => void> {
    await this.#make();
    const path = join(this.#folder, file);
    const source = readFileSync(join(ROOT, file), 'utf8');
    if (source.split(find).length !== 2) {
      throw new CliError(
        'cli/bench',
        `the list of faults is stale: what "${name}" replaces does not stand once in ${file}`,
      );
    }
    writeFileSync(
      path,
      source.replace(find, () => replacement),
    );
    return () => writeFileSync(path, source);
  }

  /** A fault that only keeps the source from being read would be found by anything. */
  async load(file: string, name: string): Promise<void> {
    await this.#make();
    const url = pathToFileURL(join(this.#folder, file)).href;
    const { code, output } = await this.#node([
      '--input-type=module',
      '--eval',
      `await import(${JSON.stringify(url)})`,
    ]);
    if (code !== 0) throw new CliError('cli/bench', `"${name}" is no source that can be read: ${output.slice(-500)}`);
  }

  /** Runs test files. Throws CliError when a file itself ends before its tests do. */
  async test(files: readonly string[]): Promise<TestRun> {
    await this.#make();
    const { code, output } = await this.#node(['--test', '--test-reporter=tap', '--test-concurrency=2', ...files]);
    if (code === 0) return { failed: null };
    if (code === null) return { failed: `tests that did not end within ${LONGEST_MS / 60_000} minutes` };
    const failed = /^\s*not ok \d+ - (.*)$/m.exec(output)?.[1];
    if (!failed || failed.endsWith('.test.ts')) {
      throw new CliError('cli/bench', `tests ended with ${code}: ${output.slice(-500)}`);
    }
    return { failed: failed.replaceAll('\\#', '#') };
  }

  #make(): Promise<void> {
    this.#made ??= this.#copied();
    return this.#made;
  }

  /** Tracked files, and those about to be; modules of others are linked, those of this repository to the copy. */
  async #copied(): Promise<void> {
    for (const file of await sources()) {
      mkdirSync(dirname(join(this.#folder, file)), { recursive: true });
      cpSync(join(ROOT, file), join(this.#folder, file));
    }
    const modules = [ROOT, ...readdirSync(join(ROOT, 'packages')).map((name) => join(ROOT, 'packages', name))];
    for (const root of modules) link(root, join(this.#folder, root.slice(ROOT.length)));
  }

  #node(args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
    const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        args,
        { cwd: this.#folder, env, timeout: LONGEST_MS, maxBuffer: MAX_OUTPUT_BYTES },
        (error, stdout, stderr) => {
          const code = error ? (typeof error.code === 'number' ? error.code : null) : 0;
          resolve({ code, output: stdout + stderr });
        },
      );
    });
  }
}

function sources(): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', 'package.json', 'packages'];
    execFile('git', args, { cwd: ROOT, maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout) => {
      if (error) {
        const why =
          'faults are planted into a copy of what git lists: run it in a checkout of the repository, with git';
        reject(new CliError('cli/file', `${why} (${error.message})`, { cause: error }));
      } else resolve(stdout.split('\0').filter((file) => file !== ''));
    });
  });
}

/** `node_modules` of `root` for the copy `to`. */
function link(root: string, to: string): void {
  const from = join(root, 'node_modules');
  let names: string[];
  try {
    names = readdirSync(from);
  } catch {
    return;
  }
  mkdirSync(join(to, 'node_modules'), { recursive: true });
  for (const name of names) {
    const there = join(to, 'node_modules', name);
    // These point to packages/, relatively: into the copy.
    if (name === '@skykey') cpSync(join(from, name), there, { recursive: true, verbatimSymlinks: true });
    else symlinkSync(join(from, name), there);
  }
}
