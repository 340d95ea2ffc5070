/**
 * The command as a planner runs it: a Walker constellation of 100 satellites over 20 stations for 30 days, above 10
 * degrees, from the start of the process to the last byte of its JSON. Run: node packages/cli/src/passes.bench.ts
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ScenarioDocument } from '@skykey/scenario';
import { skykey } from './test/command.ts';

/** Cities and observatories, to a tenth of a degree. */
const PLACES: readonly (readonly [string, number, number])[] = [
  ['xinglong', 40.4, 117.6],
  ['delingha', 37.4, 97.7],
  ['nanshan', 43.5, 87.2],
  ['lijiang', 26.7, 100.0],
  ['ngari', 32.3, 80.0],
  ['graz', 47.1, 15.5],
  ['matera', 40.6, 16.7],
  ['tenerife', 28.3, -16.5],
  ['zvenigorod', 55.7, 36.8],
  ['stellenbosch', -33.9, 18.9],
  ['vienna', 48.2, 16.4],
  ['delft', 52.0, 4.4],
  ['paris', 48.9, 2.4],
  ['jinan', 36.7, 117.1],
  ['shanghai', 31.1, 121.5],
  ['wuhan', 30.5, 114.4],
  ['ottawa', 45.4, -75.7],
  ['singapore', 1.3, 103.8],
  ['canberra', -35.3, 149.0],
  ['santiago', -33.4, -70.6],
];
const shipped = fileURLToPath(new URL('../../scenario/data/intercontinental.json', import.meta.url));
const document = JSON.parse(readFileSync(shipped, 'utf8')) as ScenarioDocument;
const made = <T>(value: T) => ({ value, basis: 'assumed', source: 'a constellation to measure with' }) as const;
const orbit = {
  kind: 'walker',
  pattern: made('delta'),
  epochUtc: made('2026-01-01T00:00:00Z'),
  altitudeKm: made(500),
  inclinationDeg: made(97.4),
  satellites: made(100),
  planes: made(10),
  phasing: made(1),
  ascendingNodeDeg: made(0),
} as const;
const constellation = {
  ...document,
  id: 'walker-100',
  satellites: [{ ...document.satellites[0]!, id: 'walker', name: 'Walker', orbit }],
  stations: PLACES.map(([id, latitudeDeg, longitudeDeg]) => ({
    ...document.stations[0]!,
    id,
    name: id,
    latitudeDeg: made(latitudeDeg),
    longitudeDeg: made(longitudeDeg),
    altitudeM: made(100),
  })),
};

const folder = mkdtempSync(join(tmpdir(), 'skykey-bench-'));
try {
  const file = join(folder, 'walker-100.json');
  writeFileSync(file, JSON.stringify(constellation));
  const args = ['passes', '--scenario', file, '--from', '2026-01-01', '--to', '2026-01-31', '--json'];
  const times: number[] = [];
  let passes = 0;
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    const { code, stdout, stderr } = await skykey(args);
    times.push((performance.now() - start) / 1000);
    if (code !== 0) throw new Error(stderr);
    passes = (JSON.parse(stdout) as unknown[]).length;
  }
  const median = times.sort((a, b) => a - b)[1]!;
  console.log(
    `skykey passes, 100 satellites x 20 stations x 30 days on ${availableParallelism()} cores: ` +
      `${passes} passes in ${median.toFixed(1)} s (${times.map((s) => s.toFixed(1)).join(', ')})`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
