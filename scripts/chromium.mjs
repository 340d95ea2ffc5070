// The browser of the browser tests: where it is, which setup and the tests both ask, and how the tests start it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * Path of a Chromium or Chrome that runs, or undefined. `SKYKEY_CHROMIUM` decides alone when it is set; an Error says
 * so when what it names does not run. Present is not enough: some systems install a script that only advertises a package.
 */
export function findChromium() {
  const chosen = process.env.SKYKEY_CHROMIUM;
  if (!chosen) return PLACES.find(runs);
  if (runs(chosen)) return chosen;
  throw new Error(`SKYKEY_CHROMIUM is set to ${chosen}, which is not a Chromium that runs; correct or unset it`);
}

function runs(path) {
  return existsSync(path) && spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Nothing leaves this machine, and nothing needs a sandbox, a screen or much shared memory. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** A played microphone and camera, which nobody is asked about. */
export function playedDevices(framesPerSecond = 20) {
  return [`--use-fake-device-for-media-stream=fps=${framesPerSecond}`, '--use-fake-ui-for-media-stream'];
}

/** Starts it without a window; `more` are further switches. Rejects with the remedy when there is none. */
export async function launchChromium(more = []) {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new Error('no Chromium was found: run "npm test", which installs or names it, or set SKYKEY_CHROMIUM');
  }
  // Not before it is needed: setup asks where the browser is before anything is installed.
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath, args: [...ARGUMENTS, ...more] });
}
