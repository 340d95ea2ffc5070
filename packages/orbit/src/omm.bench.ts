/**
 * Ten thousand element sets, read and started, in each way of writing them.
 * Run: node packages/orbit/src/omm.bench.ts
 */
import assert from 'node:assert/strict';
import type { Elements } from './elements.ts';
import { parseOmm } from './omm.ts';
import { walker } from './synthetic.ts';
import { MICIUS, MOLNIYA } from './test/micius.ts';
import { parseTleFile } from './tle.ts';

const SETS = 10_000;
const DEGREE = Math.PI / 180;

function fieldsOf({ name, noradId, epochMs, satrec }: Elements): Record<string, string> {
  return {
    OBJECT_NAME: name,
    CENTER_NAME: 'EARTH',
    REF_FRAME: 'TEME',
    TIME_SYSTEM: 'UTC',
    MEAN_ELEMENT_THEORY: 'SGP4',
    EPOCH: new Date(epochMs).toISOString().replace('Z', ''),
    MEAN_MOTION: ((satrec.no * 1440) / (2 * Math.PI)).toFixed(8),
    ECCENTRICITY: satrec.ecco.toFixed(7),
    INCLINATION: (satrec.inclo / DEGREE).toFixed(4),
    RA_OF_ASC_NODE: (satrec.nodeo / DEGREE).toFixed(4),
    ARG_OF_PERICENTER: (satrec.argpo / DEGREE).toFixed(4),
    MEAN_ANOMALY: (satrec.mo / DEGREE).toFixed(4),
    EPHEMERIS_TYPE: '0',
    NORAD_CAT_ID: String(noradId),
    BSTAR: satrec.bstar.toExponential(5),
  };
}

const sets = Array.from({ length: SETS }, (_, k) => (k % 10 === 0 ? MOLNIYA : MICIUS));
const fields = sets.map(fieldsOf);
const tags = (set: Record<string, string>) =>
  Object.entries(set)
    .map(([keyword, value]) => `<${keyword}>${value}</${keyword}>`)
    .join('');
const texts: Record<string, () => Elements[]> = (() => {
  const tle = sets.map(({ name, lines }) => `${name}\n${lines!.join('\n')}\n`).join('');
  const json = JSON.stringify(fields);
  const kvn = fields
    .map(
      (set) =>
        `CCSDS_OMM_VERS = 3.0\n${Object.entries(set)
          .map(([keyword, value]) => `${keyword} = ${value}\n`)
          .join('')}`,
    )
    .join('\n');
  const xml = `<ndm>${fields.map((set) => `<omm><body><segment><data>${tags(set)}</data></segment></body></omm>\n`).join('')}</ndm>`;
  const pattern = {
    name: 'w',
    epochMs: MICIUS.epochMs,
    pattern: 'delta',
    altitudeKm: 550,
    inclinationDeg: 53,
  } as const;
  return {
    'two-line': () => parseTleFile(tle),
    'OMM JSON': () => parseOmm(json),
    'OMM KVN': () => parseOmm(kvn),
    'OMM XML': () => parseOmm(xml),
    Walker: () => walker({ ...pattern, satellites: SETS, planes: 100, phasing: 1, ascendingNodeDeg: 0 }),
  };
})();

for (const [name, read] of Object.entries(texts)) {
  const times = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    assert.equal(read().length, SETS);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  }).sort((a, b) => a - b);
  console.log(
    `${name}: ${SETS} sets in ${times[2]!.toFixed(0)} ms of CPU (median of 5; slowest ${times[4]!.toFixed(0)})`,
  );
}
