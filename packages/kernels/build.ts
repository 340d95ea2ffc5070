/**
 * Compiles the AssemblyScript of `assembly/` to `src/wasm/NAME.ts`, which is kept in the repository, so that nobody needs the
 * compiler to run Skykey: `npm run kernels`. A test compiles again and compares byte by byte.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ASSEMBLY = fileURLToPath(new URL('./assembly/', import.meta.url));
const WASM = fileURLToPath(new URL('./src/wasm/', import.meta.url));

/** Every kernel: a file of `assembly/` is a module of its own; what several share is in its folders. */
export const KERNELS: readonly string[] = readdirSync(ASSEMBLY)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

const OPTIONS = [
  '-O3',
  // No collector: kernels have no objects, and their memory is laid out by `Workspace`.
  ...['--runtime', 'stub', '--noAssert'],
  ...['--enable', 'simd', '--enable', 'bulk-memory'],
  // 65,535 pages, all that 32-bit addresses reach.
  ...['--initialMemory', '1', '--maximumMemory', '65535'],
];

/** The text of `src/wasm/NAME.ts`. Throws with what the compiler said. */
export async function compile(name: string): Promise<string> {
  let binary: Uint8Array | undefined;
  // Beside each kernel of that name stands one for engines without these instructions.
  const relaxed = name.endsWith('-relaxed') ? ['--enable', 'relaxed-simd'] : [];
  const { error, stderr } = await asc.main([`${name}.ts`, '--outFile', `${name}.wasm`, ...OPTIONS, ...relaxed], {
    readFile: (file) => (existsSync(`${ASSEMBLY}${file}`) ? readFileSync(`${ASSEMBLY}${file}`, 'utf8') : null),
    writeFile: (file, content) => {
      if (file.endsWith('.wasm')) binary = content as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`${name}.ts: ${stderr.toString() || error?.message}`);
  const lines = Buffer.from(binary)
    .toString('base64')
    .match(/.{1,110}/g)!;
  return [
    `// Compiled from assembly/${name}.ts by \`npm run kernels\`; not to be edited.`,
    'export default [',
    ...lines.map((line) => `  '${line}',`),
    "].join('');",
    '',
  ].join('\n');
}

if (import.meta.main) {
  mkdirSync(WASM, { recursive: true });
  for (const name of KERNELS) {
    const text = await compile(name);
    writeFileSync(`${WASM}${name}.ts`, text);
    console.log(`${name}: ${Math.round((0.75 * text.length) / 1024)} kB`);
  }
}
