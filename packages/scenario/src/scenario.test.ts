import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assumptions, declaredParameters, readScenario } from './scenario.ts';
import { type Change, CURVE_TEXT, changed, FILE, MICIUS, MICIUS_TEXT, read, readText } from './test/micius.ts';

const refused = (change: Change, code: string, message: string | RegExp): void => {
  assert.throws(() => read(change), { code, message });
};

describe('the shipped scenario', () => {
  it('is the published pass: two cities, one satellite, the published source', () => {
    assert.equal(MICIUS.id, 'micius-2016-12-19');
    assert.deepEqual(
      MICIUS.stations.map(({ id, siteId, linkId }) => [id, siteId, linkId]),
      [
        ['xinglong', 'beijing', 'micius-beijing'],
        ['zvenigorod', 'moscow', 'micius-moscow'],
      ],
    );
    assert.deepEqual(MICIUS.source, {
      pulseRateHz: 1e8,
      intensities: [
        { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
        { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
        { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
      ],
      basisXProbability: 0.5,
    });
    assert.equal(MICIUS.satellite.elements.noradId, 41731);
    assert.equal(MICIUS.satellite.elements.name, 'Micius');
  });

  it('names the source of every number in it', () => {
    const declared = declaredParameters(MICIUS.document);
    const paths = declared.map(({ path }) => path);
    assert.equal(new Set(paths).size, paths.length);
    for (const { path, basis, source } of declared) {
      assert.ok(basis === 'published' || basis === 'assumed', path);
      assert.ok(source.length >= 3, path);
    }
    // Whatever is a number in the file is a declared parameter, but for the two speeds of the demonstration's clock.
    const bare: string[] = [];
    const walk = (value: unknown, path: string): void => {
      if (typeof value === 'number') bare.push(path);
      if (typeof value !== 'object' || value === null || 'basis' in value) return;
      for (const [key, item] of Object.entries(value)) walk(item, `${path}.${key}`);
    };
    walk(JSON.parse(MICIUS_TEXT), '');
    assert.deepEqual(bare, ['.clock.passSpeed', '.clock.gapSpeed', '.clock.laterGapSpeed']);
  });

  it('shows each parameter with its value as the file has it, stations by their ids', () => {
    const declared = new Map(declaredParameters(MICIUS.document).map((parameter) => [parameter.path, parameter]));
    assert.deepEqual(declared.get('stations.xinglong.receiver.deadTimeNs'), {
      path: 'stations.xinglong.receiver.deadTimeNs',
      value: '50',
      basis: 'assumed',
      source: 'not printed; typical of the silicon detectors in use',
    });
    assert.equal(declared.get('satellite.source.meanPhotons')?.value, '0.8 / 0.1 / 0');
    assert.equal(declared.get('stations.zvenigorod.channel.beam')?.value, 'top-hat');
    assert.equal(declared.get('protocol.epsSec')?.value, '1e-9');
  });
});

describe('assumptions', () => {
  const pathsOf = (sentences: string[]): string[] => sentences.map((text) => text.slice(0, text.indexOf(' = ')));
  const assumed = declaredParameters(MICIUS.document)
    .filter(({ basis }) => basis === 'assumed')
    .map(({ path }) => path);

  it('lists what was assumed, all of it and nothing else', () => {
    assert.deepEqual(pathsOf(assumptions(MICIUS.document)), assumed);
    assert.ok(assumed.length > 0 && assumed.length < declaredParameters(MICIUS.document).length);
  });

  it('leaves the other station out when asked for one', () => {
    for (const [one, other] of [
      ['xinglong', 'zvenigorod'],
      ['zvenigorod', 'xinglong'],
    ] as const) {
      const listed = pathsOf(assumptions(MICIUS.document, one));
      assert.deepEqual(
        listed,
        assumed.filter((path) => !path.startsWith(`stations.${other}.`)),
      );
      assert.ok(listed.some((path) => path.startsWith(`stations.${one}.`)));
    }
  });

  it('says value and reason', () => {
    assert.ok(assumptions(MICIUS.document).includes('stations.xinglong.window.sunBelowDeg = -18: astronomical night'));
  });

  it('tells stations apart whose ids begin alike', () => {
    const { document } = read((scenario) => {
      scenario.stations[1].id = 'xinglong-2';
      scenario.sites[1].stationId = 'xinglong-2';
    });
    assert.ok(assumptions(document, 'xinglong').every((text) => !text.startsWith('stations.xinglong-2')));
  });
});

describe('a bad scenario is refused in one sentence', () => {
  it('for a field out of its range', () => {
    refused(
      (scenario) => {
        scenario.stations[0].latitudeDeg.value = 123;
      },
      'scenario/field',
      'micius-2016-12-19.json: stations.xinglong.latitudeDeg is 123; it must be a number from -90 to 90',
    );
    refused(
      (scenario) => {
        scenario.satellite.source.pulseRateHz.value = 0;
      },
      'scenario/field',
      'micius-2016-12-19.json: satellite.source.pulseRateHz is 0; it must be a number above 0',
    );
    refused(
      (scenario) => {
        scenario.satellite.source.meanPhotons.value[1] = -0.1;
      },
      'scenario/field',
      'micius-2016-12-19.json: satellite.source.meanPhotons[1] is -0.1; it must be a number of 0 or more',
    );
    refused(
      (scenario) => {
        scenario.protocol.courieredBytes.value = 2000.5;
      },
      'scenario/field',
      'micius-2016-12-19.json: protocol.courieredBytes is 2000.5; it must be a whole number from 1024 to 1048576',
    );
  });

  it('for a value of the wrong kind, such as a number with its unit', () => {
    refused(
      (scenario) => {
        scenario.stations[1].receiver.diameterM.value = '0.6 m';
      },
      'scenario/field',
      'micius-2016-12-19.json: stations.zvenigorod.receiver.diameterM is "0.6 m"; it must be a number above 0',
    );
    refused(
      (scenario) => {
        scenario.stations[0].altitudeM = 890;
      },
      'scenario/field',
      'micius-2016-12-19.json: stations.xinglong.altitudeM is 890; it must be an object of value, basis ("published" or "assumed") and source',
    );
    refused(
      (scenario) => {
        scenario.satellite.source.probabilities.value = [0.5, 0.5];
      },
      'scenario/field',
      'micius-2016-12-19.json: satellite.source.probabilities is a list of 2; it must be three numbers: signal, decoy, weakest',
    );
    refused(
      (scenario) => {
        scenario.stations = {};
      },
      'scenario/field',
      'micius-2016-12-19.json: stations is an object; it must be a list',
    );
    refused(
      (scenario) => {
        scenario.clock.startUtc = '2016-12-19 16:48';
      },
      'scenario/field',
      'micius-2016-12-19.json: clock.startUtc is "2016-12-19 16:48"; it must be a moment in UTC such as "2016-12-19T16:48:40Z"',
    );
    refused(
      (scenario) => {
        scenario.id = 'Micius 2016';
      },
      'scenario/field',
      'micius-2016-12-19.json: id is "Micius 2016"; it must be a small letter, then small letters, digits and hyphens, 32 characters at most',
    );
  });

  it('for a word that the format does not know', () => {
    refused(
      (scenario) => {
        scenario.format = 'skykey-scenario/2';
      },
      'scenario/field',
      'micius-2016-12-19.json: format is "skykey-scenario/2"; it must be "skykey-scenario/1"',
    );
    refused(
      (scenario) => {
        scenario.stations[0].latitudeDeg.basis = 'guessed';
      },
      'scenario/field',
      'micius-2016-12-19.json: stations.xinglong.latitudeDeg.basis is "guessed"; it must be "published" or "assumed"',
    );
    refused(
      (scenario) => {
        scenario.stations[0].channel = { kind: 'fibre' };
      },
      'scenario/field',
      'micius-2016-12-19.json: stations.xinglong.channel.kind is "fibre"; it must be "curve" or "model"',
    );
    refused(
      (scenario) => {
        scenario.stations[0].channel.file.value = '../../etc/passwd';
      },
      'scenario/field',
      'micius-2016-12-19.json: stations.xinglong.channel.file is "../../etc/passwd"; it must be the name of a .csv file beside the scenario',
    );
  });

  it('for a missing member, and says how many faults there are besides', () => {
    refused(
      (scenario) => {
        delete scenario.stations[0].latitudeDeg.source;
      },
      'scenario/field',
      'micius-2016-12-19.json: stations.xinglong.latitudeDeg.source is missing; it must be a text',
    );
    refused(
      (scenario) => {
        delete scenario.stations[0].latitudeDeg.value;
      },
      'scenario/field',
      'micius-2016-12-19.json: stations.xinglong.latitudeDeg.value is missing; it must be a number from -90 to 90',
    );
    refused(
      (scenario) => {
        scenario.stations[0].latitude = scenario.stations[0].latitudeDeg;
        delete scenario.stations[0].latitudeDeg;
      },
      'scenario/field',
      'micius-2016-12-19.json: stations.xinglong.latitudeDeg is missing; it must be an object of value, basis ("published" or "assumed") and source (and 1 more fault)',
    );
  });

  it('for an unknown member', () => {
    refused(
      (scenario) => {
        scenario.satellite.source.wavelengthMicroM = { value: 0.85, basis: 'assumed', source: 'for this test' };
      },
      'scenario/field',
      'micius-2016-12-19.json: satellite.source has a member "wavelengthMicroM" of which the format knows nothing',
    );
  });

  it('for a document that is no scenario at all', () => {
    const text = (json: string, code: string, message: string | RegExp): void => {
      assert.throws(() => readScenario(json, 'mine.json', readText), { code, message });
    };
    text('{"format": skykey}', 'scenario/json', /^mine\.json is not JSON: .*"format": skykey/);
    text('{\n"format":\n"x",\n}', 'scenario/json', /^mine\.json is not JSON: [^\n]+$/);
    text('', 'scenario/json', /^mine\.json is not JSON: /);
    text('null', 'scenario/field', 'mine.json: the document is null; it must be an object');
    text('[]', 'scenario/field', 'mine.json: the document is a list of 0; it must be an object');
    text(
      '{}',
      'scenario/field',
      /^mine\.json: format is missing; it must be "skykey-scenario\/1" \(and \d+ more faults\)$/,
    );
  });

  it('for orbital elements of which a character was changed', () => {
    refused(
      (scenario) => {
        scenario.satellite.elements.value[1] = scenario.satellite.elements.value[1].replace('97.3699', '97.3698');
      },
      'orbit/tle-checksum',
      /^micius-2016-12-19\.json: satellite\.elements: line 2, checksum \(column 69\) is "3", but the line adds up to 2/,
    );
  });

  it('for intensities and probabilities that no decoy method can use', () => {
    refused(
      (scenario) => {
        scenario.satellite.source.probabilities.value = [0.1, 0.2, 0.3];
      },
      'scenario/probabilities',
      'micius-2016-12-19.json: satellite.source.probabilities sum to 0.6; they must sum to 1',
    );
    refused(
      (scenario) => {
        scenario.satellite.source.meanPhotons.value = [0.1, 0.8, 0];
      },
      'scenario/intensities',
      /^micius-2016-12-19\.json: satellite\.source\.meanPhotons are 0\.1, 0\.8, 0; they must be signal, decoy, weakest /,
    );
  });

  it('for stations and sites that do not belong together', () => {
    refused(
      (scenario) => {
        scenario.sites[1].stationId = 'moscow';
      },
      'scenario/site',
      'micius-2016-12-19.json: sites.moscow.stationId is "moscow"; it must be a station: xinglong, zvenigorod',
    );
    refused(
      (scenario) => {
        scenario.sites[1].stationId = 'xinglong';
      },
      'scenario/site',
      'micius-2016-12-19.json: sites.moscow.stationId is "xinglong", but stations.xinglong.siteId is "beijing"; they must name each other',
    );
    refused(
      (scenario) => {
        scenario.sites.pop();
      },
      'scenario/station',
      'micius-2016-12-19.json: stations.zvenigorod.siteId is "moscow"; it must be a site: beijing',
    );
    refused(
      (scenario) => {
        scenario.stations[1].siteId = 'beijing';
        scenario.sites.pop();
      },
      'scenario/station',
      'micius-2016-12-19.json: stations.zvenigorod.siteId is "beijing", but that site has another station; they must name each other',
    );
    refused(
      (scenario) => {
        scenario.stations.push(scenario.stations[0]);
      },
      'scenario/station',
      'micius-2016-12-19.json: stations.xinglong is there twice; every id must be there once',
    );
    refused(
      (scenario) => {
        scenario.satellite.id = 'moscow';
      },
      'scenario/site',
      'micius-2016-12-19.json: sites.moscow has the id of the satellite; it must have its own',
    );
  });

  it('for a mission that ends before it starts', () => {
    refused(
      (scenario) => {
        scenario.clock.endUtc = '2016-12-19T00:00:00Z';
      },
      'scenario/clock',
      'micius-2016-12-19.json: clock.endUtc is 2016-12-19T00:00:00Z; it must be later than clock.startUtc, 2016-12-19T16:48:40Z',
    );
  });

  it('for a loss curve that is not there, or is no curve', () => {
    refused(
      (scenario) => {
        scenario.stations[0].channel.file.value = 'nowhere.csv';
      },
      'scenario/file',
      /^micius-2016-12-19\.json: stations\.xinglong\.channel\.file is "nowhere\.csv", which cannot be read beside the scenario \(ENOENT/,
    );
    assert.throws(() => readScenario(MICIUS_TEXT, FILE, () => CURVE_TEXT.replace('645.100,29.754', '645.100;29.754')), {
      code: 'scenario/channel',
      message:
        'micius-2016-12-19.json: stations.xinglong.channel: micius-2017-loss-against-range.csv: line 3: "645.100;29.754" must be two numbers with a comma between them',
    });
  });

  it('for devices that physics or the engine rules out', () => {
    refused(
      (scenario) => {
        scenario.stations[1].receiver.obscurationDiameterM.value = 0.7;
      },
      'scenario/channel',
      /^micius-2016-12-19\.json: stations\.zvenigorod\.channel: obscurationDiameterM is 0\.7/,
    );
    refused(
      (scenario) => {
        scenario.stations[0].receiver.gateNs.value = 20;
      },
      'scenario/photons',
      /^micius-2016-12-19\.json: stations\.xinglong\.receiver: gateNs is 20; it must be positive, at most one slot \(10 ns\)/,
    );
    refused(
      (scenario) => {
        scenario.satellite.source.pulseRateHz.value = 100_000_001;
      },
      'scenario/photons',
      /^micius-2016-12-19\.json: satellite\.source: binS is 0\.1 s, that is 10000000\.1 pulses/,
    );
  });

  it('for a window in which the channel is not known', () => {
    refused(
      (scenario) => {
        scenario.stations[0].window.maxRangeKm.value = 1300;
      },
      'scenario/window',
      /^micius-2016-12-19\.json: stations\.xinglong\.window goes out to 1300 km/,
    );
  });

  it('whatever single value is replaced: a ScenarioError or OrbitError with the file in it, or a scenario', () => {
    const paths: (string | number)[][] = [];
    const walk = (value: unknown, path: (string | number)[]): void => {
      paths.push(path);
      if (typeof value !== 'object' || value === null) return;
      const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
      for (const key of keys) walk((value as Record<string | number, unknown>)[key], [...path, key]);
    };
    walk(JSON.parse(MICIUS_TEXT), []);
    const anything = fc.oneof(
      fc.constantFrom(null, true, '', 'x', '1e3', [], {}, -1, 0, 1, 0.5, 1e9, -1e9, 1e300, 123),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...paths.slice(1)), anything, (path, value) => {
        const text = changed((scenario) => {
          const parent = path.slice(0, -1).reduce((at, key) => at[key], scenario);
          parent[path.at(-1)!] = value;
        });
        try {
          readScenario(text, FILE, () => 'distance,loss\n645,29.8\n1200,40.3\n');
        } catch (error) {
          const { name, message } = error as Error;
          assert.match(name, /^(Scenario|Orbit)Error$/, `${path.join('.')} = ${JSON.stringify(value)}: ${message}`);
          assert.ok(message.startsWith(`${FILE}: `), message);
          assert.ok(!message.includes('\n') && message.length < 400, message);
        }
      }),
      { seed: 20161219, numRuns: 400 },
    );
  });
});

describe('a measured curve that is extended by the inverse square', () => {
  const { channel } = MICIUS.stations[0]!;
  const at = (rangeKm: number): number => channel.loss({ rangeKm, elevationDeg: 60 }).totalDb;

  it('goes on from the first range of the curve without a step', () => {
    assert.equal(at(645), 29.754);
    assert.ok(Math.abs(at(645 - 1e-9) - at(645)) < 1e-9);
  });

  it('gains 20 log10 of the ratio of ranges and says so as a term of its own', () => {
    assert.ok(Math.abs(at(645) - at(322.5) - 20 * Math.log10(2)) < 1e-12);
    const { terms, totalDb, transmittance } = channel.loss({ rangeKm: 500, elevationDeg: 80 });
    assert.deepEqual(
      terms.map(({ name }) => name),
      ['measured channel', 'nearer than the curve'],
    );
    assert.match(terms[1]!.source, /inverse square/);
    assert.ok(Math.abs(terms[0]!.lossDb + terms[1]!.lossDb - totalDb) < 1e-12);
    assert.ok(Math.abs(10 * Math.log10(transmittance) + totalDb) < 1e-12);
  });

  it('grows less lossy all the way in', () => {
    for (let rangeKm = 644; rangeKm > 100; rangeKm--) assert.ok(at(rangeKm) < at(rangeKm + 1));
  });

  it('leaves the far end where the measurement ended', () => {
    assert.equal(channel.covers({ rangeKm: 500, elevationDeg: 60 }), true);
    assert.equal(channel.covers({ rangeKm: 1200.1, elevationDeg: 60 }), false);
    assert.throws(() => at(1200.1), { code: 'optics/range' });
  });

  it('is not done when the scenario says refuse', () => {
    const [station] = read((scenario) => {
      scenario.stations[0].channel.nearer.value = 'refuse';
    }).stations;
    assert.equal(station!.channel.covers({ rangeKm: 644.9, elevationDeg: 60 }), false);
    assert.throws(() => station!.channel.loss({ rangeKm: 644.9, elevationDeg: 60 }), { code: 'optics/range' });
  });
});
