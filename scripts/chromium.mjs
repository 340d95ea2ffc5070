// Where the browser of the browser tests is: the one question that setup and the tests both ask.
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
