import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allCases } from '../cases/index.ts';
import { pathOf, textOf, vectorOf } from '../vector.ts';

const VECTORS = fileURLToPath(new URL('../../../vectors/', import.meta.url));
/** Vectors of others lie beside ours; they have tests of their own. */
const OF_OTHERS: ReadonlySet<string> = new Set(['file/cobblestone-256.json', 'sframe/sframe-test-vectors.json']);

/** The vectors as they should be, text by path. Throws when the implementation does not keep what a case promises. */
export async function wantedFiles(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const one of await allCases()) {
    const path = pathOf(one);
    if (files.has(path)) throw new Error(`two cases are called ${path}`);
    files.set(path, textOf(await vectorOf(one)));
  }
  return files;
}

/** The vectors as they lie in the folder, text by path. */
export function presentFiles(): ReadonlyMap<string, string> {
  const paths = readdirSync(VECTORS, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.json'));
  const ours = paths.filter((path) => !OF_OTHERS.has(path));
  return new Map(ours.map((path) => [path, readFileSync(join(VECTORS, path), 'utf8')]));
}

/** Writes the vectors, and takes away what is none any more. Gives their number. */
export async function writeFiles(): Promise<number> {
  const wanted = await wantedFiles();
  for (const path of presentFiles().keys()) if (!wanted.has(path)) rmSync(join(VECTORS, path));
  for (const [path, text] of wanted) {
    mkdirSync(dirname(join(VECTORS, path)), { recursive: true });
    writeFileSync(join(VECTORS, path), text);
  }
  return wanted.size;
}
