import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import react from '@vitejs/plugin-react';
import { build } from 'vite';

/** Builds a page, that of the call unless told, as the console is built, into a new folder; returns it and the way to remove it. */
export async function buildPage(
  page: string = join(import.meta.dirname, 'page.html'),
): Promise<{ readonly folder: string; readonly remove: () => void }> {
  const folder = await mkdtemp(join(tmpdir(), 'skykey-call-'));
  await build({
    configFile: false,
    root: dirname(page),
    base: '/',
    publicDir: false,
    logLevel: 'error',
    plugins: [react()],
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2023',
      cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
      assetsInlineLimit: 0,
      minify: false,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: page },
    },
  });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
