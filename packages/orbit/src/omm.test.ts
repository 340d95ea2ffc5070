import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Elements } from './elements.ts';
import { OrbitError, type OrbitErrorCode } from './error.ts';
import { parseOmm } from './omm.ts';
import { inertialState } from './state.ts';
import { MICIUS, MOLNIYA } from './test/micius.ts';

/** The elements of `test/micius.ts`, digit by digit; epoch day .90152003 is 21:38:11.330592, .33215444 is 07:58:18.143616. */
const MICIUS_FIELDS = {
  OBJECT_NAME: 'MICIUS',
  OBJECT_ID: '2016-051A',
  EPOCH: '2016-12-18T21:38:11.330592',
  MEAN_MOTION: '15.23915303',
  ECCENTRICITY: '.00132',
  INCLINATION: '97.3699',
  RA_OF_ASC_NODE: '267.4500',
  ARG_OF_PERICENTER: '178.5836',
  MEAN_ANOMALY: '246.0824',
  EPHEMERIS_TYPE: '0',
  CLASSIFICATION_TYPE: 'U',
  NORAD_CAT_ID: '41731',
  ELEMENT_SET_NO: '999',
  REV_AT_EPOCH: '1906',
  BSTAR: '.17957e-4',
  MEAN_MOTION_DOT: '.00000364',
  MEAN_MOTION_DDOT: '0',
};
const MOLNIYA_FIELDS = {
  ...MICIUS_FIELDS,
  OBJECT_NAME: 'MOLNIYA 2-14',
  OBJECT_ID: '1975-081A',
  EPOCH: '2006-06-25T07:58:18.143616',
  MEAN_MOTION: '2.00491383',
  ECCENTRICITY: '.6877146',
  INCLINATION: '64.1586',
  RA_OF_ASC_NODE: '279.0717',
  ARG_OF_PERICENTER: '264.7651',
  MEAN_ANOMALY: '20.2257',
  NORAD_CAT_ID: '8195',
  BSTAR: '.11873e-3',
};
type Fields = Record<string, string>;

const META = { CENTER_NAME: 'EARTH', REF_FRAME: 'TEME', TIME_SYSTEM: 'UTC', MEAN_ELEMENT_THEORY: 'SGP4' };

const kvn = (fields: Fields): string =>
  Object.entries({ CCSDS_OMM_VERS: '2.0', CREATION_DATE: '', ORIGINATOR: '', ...META, ...fields })
    .map(([keyword, value]) => `${keyword.padEnd(20)}= ${value}`)
    .join('\n');

const xmlTags = (fields: Fields): string =>
  Object.entries(fields)
    .map(([keyword, value]) => `<${keyword}>${value}</${keyword}>`)
    .join('\n');

const omm = (fields: Fields): string =>
  `<omm id="CCSDS_OMM_VERS" version="2.0"><header><CREATION_DATE/><ORIGINATOR/></header><body><segment>
<metadata>
${xmlTags({ OBJECT_NAME: fields.OBJECT_NAME!, ...META })}
</metadata><data><meanElements>
${xmlTags(Object.fromEntries(Object.entries(fields).filter(([keyword]) => keyword !== 'OBJECT_NAME')))}
</meanElements></data></segment></body></omm>`;

const xml = (...sets: Fields[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ndm xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n${sets.map(omm).join('\n')}\n</ndm>`;

const numeric = (fields: Fields): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, Number.isNaN(Number(value)) ? value : Number(value)]),
  );

function refuses(text: string, code: OrbitErrorCode, message: RegExp): void {
  assert.throws(
    () => parseOmm(text, 'gp.omm'),
    (error) => {
      assert.ok(error instanceof OrbitError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    },
  );
}

/** What follows from the text, without the record's scratch values. */
const essence = ({ name, noradId, epochMs, satrec }: Elements) => ({ name, noradId, epochMs, satrec });

describe('parseOmm', () => {
  it('reads the same from JSON, as CelesTrak and as Space-Track write it, from XML and from KVN', () => {
    const both = [MICIUS_FIELDS, MOLNIYA_FIELDS];
    const readings = [
      parseOmm(JSON.stringify(both.map(numeric))),
      parseOmm(JSON.stringify(both.map((fields) => ({ CCSDS_OMM_VERS: '2.0', DECAY_DATE: null, ...META, ...fields })))),
      parseOmm(xml(...both)),
      parseOmm(both.map(kvn).join('\n\n')),
      both.flatMap((fields) => [...parseOmm(omm(fields)), ...parseOmm(kvn(fields))]).filter((_, k) => k % 2 === 0),
      both.flatMap((fields) => parseOmm(JSON.stringify(fields))),
    ];
    for (const reading of readings) assert.deepEqual(reading.map(essence), readings[0]!.map(essence));
    assert.equal(readings[0]![0]!.origin, 'omm');
    assert.equal(readings[0]![0]!.lines, null);
    assert.equal(readings[0]![1]!.noradId, 8195);
  });

  it('puts the satellite where the two lines put it', () => {
    for (const [fields, elements] of [
      [MICIUS_FIELDS, MICIUS],
      [MOLNIYA_FIELDS, MOLNIYA],
    ] as const) {
      const [other] = parseOmm(kvn(fields));
      assert.ok(Math.abs(other!.epochMs - elements.epochMs) < 5e-4);
      for (let hours = -72; hours <= 72; hours += 5) {
        const a = inertialState(elements, elements.epochMs + hours * 3.6e6);
        const b = inertialState(other!, other!.epochMs + hours * 3.6e6);
        // No rounding is between them but that of a double of ms since 1970, and of the epoch's millisecond in SDP4.
        const gapM =
          1000 * Math.hypot(a.position.x - b.position.x, a.position.y - b.position.y, a.position.z - b.position.z);
        assert.ok(gapM < 0.005, `${elements.name} at ${hours} h: ${gapM} m`);
      }
    }
  });

  it('reads units, comments, entities, day-of-year epochs, and nine-digit catalogue numbers', () => {
    const fields = { ...MICIUS_FIELDS, NORAD_CAT_ID: '799501234', EPOCH: '2016-353T21:38:11.330592Z' };
    const [reading] = parseOmm(
      `\uFEFF\n${kvn(fields).replace('97.3699', '97.3699 [deg]').replace('= MICIUS', '= SAT [A] & B')}\r\nCOMMENT = [deg] twice\nCOMMENT two`,
    );
    assert.equal(reading!.noradId, 799_501_234);
    assert.equal(reading!.name, 'SAT [A] & B');
    assert.equal(reading!.epochMs, parseOmm(kvn(MICIUS_FIELDS))[0]!.epochMs);
    assert.equal(reading!.satrec.inclo, MICIUS.satrec.inclo);
    const [entity] = parseOmm(
      xml({ ...fields, OBJECT_NAME: 'A &amp; &lt;B&gt;' }).replace('<INCLINATION>', '<INCLINATION units="DEG">'),
    );
    assert.equal(entity!.name, 'A & <B>');
    const { NORAD_CAT_ID: _, ...unnumbered } = MICIUS_FIELDS;
    assert.equal(parseOmm(JSON.stringify(unnumbered))[0]!.noradId, 0);
    assert.equal(parseOmm(kvn({ ...MICIUS_FIELDS, MEAN_ELEMENT_THEORY: 'SGP/SGP4' })).length, 1);
  });

  it('refuses elements for another theory, frame, time or centre', () => {
    refuses(
      kvn({ ...MICIUS_FIELDS, MEAN_ELEMENT_THEORY: 'SGP4-XP' }),
      'orbit/omm-field',
      /^gp\.omm: line 7, MEAN_ELEMENT_THEORY is "SGP4-XP"; it must be SGP4/,
    );
    refuses(
      kvn({ ...MICIUS_FIELDS, EPHEMERIS_TYPE: '4' }),
      'orbit/omm-field',
      /line 17, EPHEMERIS_TYPE is "4".*SGP4-XP/,
    );
    refuses(
      xml(MICIUS_FIELDS).replace('TEME', 'EME2000'),
      'orbit/omm-field',
      /line 7, REF_FRAME is "EME2000"; it must be TEME/,
    );
    refuses(
      JSON.stringify({ ...MICIUS_FIELDS, TIME_SYSTEM: 'TAI' }),
      'orbit/omm-field',
      /^gp\.omm: \(MICIUS\), TIME_SYSTEM is "TAI"/,
    );
    refuses(
      kvn({ ...MICIUS_FIELDS, CENTER_NAME: 'MOON' }),
      'orbit/omm-field',
      /CENTER_NAME is "MOON"; it must be EARTH/,
    );
    refuses(kvn({ ...MICIUS_FIELDS, REF_FRAME: '' }), 'orbit/omm-field', /line 5, REF_FRAME is missing/);
  });

  it('names the message of many, and its line', () => {
    const wrong = { ...MOLNIYA_FIELDS, INCLINATION: '181' };
    refuses(
      JSON.stringify([MICIUS_FIELDS, wrong]),
      'orbit/omm-field',
      /^gp\.omm: message 2 \(MOLNIYA 2-14\), INCLINATION is "181"; it must be a number from 0 to 180 \(deg\)/,
    );
    refuses(xml(MICIUS_FIELDS, wrong), 'orbit/omm-field', /^gp\.omm: line 40: message 2 \(MOLNIYA 2-14\), INCLINATION/);
    refuses(`${kvn(MICIUS_FIELDS)}\n${kvn(wrong)}`, 'orbit/omm-field', /^gp\.omm: line 37, INCLINATION/);
    assert.match(xml(MICIUS_FIELDS, wrong).split('\n')[39]!, /181/);
    assert.match(`${kvn(MICIUS_FIELDS)}\n${kvn(wrong)}`.split('\n')[36]!, /181/);
  });

  it('refuses fields that are missing, twice there, no numbers or out of range', () => {
    for (const keyword of [
      'OBJECT_NAME',
      'EPOCH',
      'MEAN_MOTION',
      'ECCENTRICITY',
      'INCLINATION',
      'RA_OF_ASC_NODE',
      'ARG_OF_PERICENTER',
      'MEAN_ANOMALY',
      'BSTAR',
    ]) {
      const without = Object.fromEntries(Object.entries(MICIUS_FIELDS).filter(([key]) => key !== keyword));
      for (const text of [kvn(without), JSON.stringify(without), kvn({ ...MICIUS_FIELDS, [keyword]: '' })]) {
        refuses(text, 'orbit/omm-field', new RegExp(`${keyword} is missing`));
      }
    }
    for (const [keyword, value, message] of [
      ['MEAN_MOTION', '25', /number from 0\.01 to 20 \(rev\/day\)/],
      ['MEAN_MOTION', '0x0F', /is "0x0F"/],
      ['MEAN_MOTION', 'Infinity', /is "Infinity"/],
      ['ECCENTRICITY', '1', /is "1"/],
      ['ECCENTRICITY', '-0.1', /is "-0\.1"/],
      ['MEAN_ANOMALY', '1e3', /is "1e3"/],
      ['BSTAR', '17957-4', /is "17957-4"/],
      ['NORAD_CAT_ID', '4.5', /whole number/],
      ['CCSDS_OMM_VERS', '4.0', /1\.0, 2\.0 or 3\.0/],
    ] as const) {
      refuses(kvn({ ...MICIUS_FIELDS, [keyword]: value }), 'orbit/omm-field', message);
    }
    refuses(
      kvn({ ...MICIUS_FIELDS, INCLINATION: '1.7 [rad]' }),
      'orbit/omm-field',
      /INCLINATION is in rad; it must be in deg/,
    );
    refuses(`${kvn(MICIUS_FIELDS)}\nEPOCH = 2017-01-01T00:00:00`, 'orbit/omm-field', /line 25, EPOCH is there twice/);
    refuses(
      xml(MICIUS_FIELDS).replace('</meanElements>', '<BSTAR>0</BSTAR></meanElements>'),
      'orbit/omm-field',
      /BSTAR is there twice/,
    );
    refuses(JSON.stringify({ ...MICIUS_FIELDS, BSTAR: [1] }), 'orbit/omm-field', /BSTAR must be a string or a number/);
    refuses(kvn({ ...MICIUS_FIELDS, MEAN_MOTION: '19.9' }), 'orbit/elements', /gp\.omm: line 1: SGP4 cannot start/);
  });

  it('refuses an epoch that is no time in UTC, and never takes the present for it', () => {
    for (const epoch of [
      'now',
      '2016-12-18',
      '2016-12-18 21:38:11',
      '2016-12-18T21:38:11+02:00',
      '2016-13-18T21:38:11',
      '2016-02-30T21:38:11',
      '2015-366T00:00:00',
      '2016-000T00:00:00',
      '2016-12-18T24:00:00',
      '2016-12-31T23:59:60',
      '1956-12-31T23:59:59',
      '2100-01-01T00:00:00',
    ]) {
      refuses(
        kvn({ ...MICIUS_FIELDS, EPOCH: epoch }),
        'orbit/omm-field',
        /line 10, EPOCH is ".*"; it must be a time in UTC/,
      );
    }
    assert.equal(parseOmm(kvn({ ...MICIUS_FIELDS, EPOCH: '2016-366T00:00:00' }))[0]!.epochMs, Date.UTC(2016, 11, 31));
  });

  it('refuses what is no such message', () => {
    refuses('', 'orbit/omm-format', /no orbit mean-elements message/);
    refuses('[]', 'orbit/omm-format', /no orbit mean-elements message/);
    refuses('{"OBJECT_NAME": ', 'orbit/omm-format', /^gp\.omm: not JSON/);
    refuses('[1]', 'orbit/omm-format', /must be an object/);
    refuses('<omm><a></omm>', 'orbit/omm-format', /^gp\.omm: not XML/);
    refuses('<!DOCTYPE x [<!ENTITY a "b">]><omm/>', 'orbit/omm-format', /document type/);
    refuses('<ndm></ndm>', 'orbit/omm-format', /no orbit mean-elements message/);
    refuses('<html><body/></html>', 'orbit/omm-format', /line 1 begins <html>; only <omm>/);
    refuses('<ndm>\n<oem/></ndm>', 'orbit/omm-format', /line 2 begins <oem>/);
    refuses('CCSDS_OPM_VERS = 2.0', 'orbit/omm-format', /line 1 begins a message of another kind, CCSDS_OPM_VERS/);
    refuses(MICIUS.lines!.join('\n'), 'orbit/omm-format', /line 1 .*two-line element sets are another format/);
    refuses(`${kvn(MICIUS_FIELDS)}\nnonsense`, 'orbit/omm-format', /line 25 is "nonsense"; it must be KEYWORD = value/);
    refuses(`OBJECT_NAME = A\n${kvn(MICIUS_FIELDS)}`, 'orbit/omm-format', /line 1 begins no/);
  });

  it('throws nothing but OrbitError, whatever the text', () => {
    const whole = [
      kvn(MICIUS_FIELDS),
      xml(MICIUS_FIELDS, MOLNIYA_FIELDS),
      JSON.stringify([numeric(MICIUS_FIELDS)], null, 1),
    ];
    const damaged = fc
      .tuple(fc.constantFrom(...whole), fc.nat(), fc.nat({ max: 12 }), fc.string({ unit: 'binary', maxLength: 6 }))
      .map(([text, at, length, by]) => text.slice(0, at % text.length) + by + text.slice((at % text.length) + length));
    const begun = fc
      .tuple(fc.constantFrom('', '{', '[', '<', '<omm>', '<?xml?>', 'CCSDS_OMM_VERS = '), fc.string({ unit: 'binary' }))
      .map(([a, b]) => a + b);
    fc.assert(
      fc.property(fc.oneof(damaged, begun, fc.json()), (text) => {
        try {
          parseOmm(text);
        } catch (error) {
          assert.ok(error instanceof OrbitError, String(error));
        }
      }),
      { seed: 11, numRuns: 3000 },
    );
  });
});
