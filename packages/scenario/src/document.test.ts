import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readScenario } from './scenario.ts';
import { readText, refused, SHIPPED } from './test/micius.ts';

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
        scenario.satellites[0].transmitter.source.pulseRateHz.value = 0;
      },
      'scenario/field',
      'micius-2016-12-19.json: satellites.micius.transmitter.source.pulseRateHz is 0; it must be a number above 0',
    );
    refused(
      (scenario) => {
        scenario.satellites[0].transmitter.source.meanPhotons.value[1] = -0.1;
      },
      'scenario/field',
      'micius-2016-12-19.json: satellites.micius.transmitter.source.meanPhotons[1] is -0.1; it must be a number of 0 or more',
    );
    refused(
      (scenario) => {
        scenario.live.courieredBytes.value = 2000.5;
      },
      'scenario/field',
      'micius-2016-12-19.json: live.courieredBytes is 2000.5; it must be a whole number from 1024 to 1048576',
    );
  });

  it('for more correctness than a session can give', () => {
    refused(
      (scenario) => {
        scenario.protocol.epsCor.value = 1e-40;
      },
      'scenario/field',
      'micius-2016-12-19.json: protocol.epsCor is 1e-40; it must be a number from 1.54e-33 on, which is what a verification tag of 128 bits gives',
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
        scenario.satellites[0].transmitter.source.probabilities.value = [0.5, 0.5];
      },
      'scenario/field',
      'micius-2016-12-19.json: satellites.micius.transmitter.source.probabilities is a list of 2; it must be three numbers: signal, decoy, weakest',
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
        scenario.live.clock.startUtc = '2016-12-19 16:48';
      },
      'scenario/field',
      'micius-2016-12-19.json: live.clock.startUtc is "2016-12-19 16:48"; it must be a moment in UTC such as "2016-12-19T16:48:40Z"',
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
        scenario.format = 'skykey-scenario/3';
      },
      'scenario/field',
      'micius-2016-12-19.json: format is "skykey-scenario/3"; it must be "skykey-scenario/2"',
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
        scenario.stations[0].receiver.coupling = { kind: 'fibre' };
      },
      'scenario/field',
      'micius-2016-12-19.json: stations.xinglong.receiver.coupling.kind is "fibre"; it must be "field-of-view" or "single-mode-fibre"',
    );
    refused(
      (scenario) => {
        scenario.stations[0].measured.file.value = '../../etc/passwd';
      },
      'scenario/field',
      'micius-2016-12-19.json: stations.xinglong.measured.file is "../../etc/passwd"; it must be the name of a .csv file beside the scenario',
    );
  });

  it('for the format of yesterday, with what to do', () => {
    refused(
      (scenario) => {
        scenario.format = 'skykey-scenario/1';
      },
      'scenario/format',
      /^micius-2016-12-19\.json: format is "skykey-scenario\/1", which is read no longer; write it again as "skykey-scenario\/2" /,
    );
  });

  it('for the bound that it named before there were several proofs, with what to do', () => {
    refused(
      (scenario) => {
        scenario.protocol.bound = { value: 'hoeffding', basis: 'assumed', source: 'for this test' };
        delete scenario.protocol.proof;
      },
      'scenario/field',
      'micius-2016-12-19.json: protocol.bound is read no longer; write protocol.proof in its place, one of tilted, ' +
        'tilted-one-way, clopper-pearson, lim2014-hoeffding, lim2014-chernoff (bound named one of the last two, the first ' +
        'is the default), and protocol.method, one of auto, cascade, ldpc',
    );
  });

  it('for a proof that is not for three intensities', () => {
    refused(
      (scenario) => {
        scenario.protocol.proof.value = 'rusca2018';
      },
      'scenario/field',
      'micius-2016-12-19.json: protocol.proof is "rusca2018"; it must be "tilted" or "tilted-one-way" or ' +
        '"clopper-pearson" or "lim2014-hoeffding" or "lim2014-chernoff"',
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
        scenario.satellites[0].transmitter.source.wavelengthMicroM = {
          value: 0.85,
          basis: 'assumed',
          source: 'for this test',
        };
      },
      'scenario/field',
      'micius-2016-12-19.json: satellites.micius.transmitter.source has a member "wavelengthMicroM" of which the format knows nothing',
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
      /^mine\.json: format is missing; it must be "skykey-scenario\/2" \(and \d+ more faults\)$/,
    );
  });

  it('whatever single value of a shipped one is replaced: with the file in it, or it is read', () => {
    const places = SHIPPED.flatMap(({ file, text }) => {
      const found: { file: string; text: string; path: (string | number)[] }[] = [];
      const walk = (value: unknown, path: (string | number)[]): void => {
        if (path.length) found.push({ file, text, path });
        if (typeof value !== 'object' || value === null) return;
        const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
        for (const key of keys) walk((value as Record<string | number, unknown>)[key], [...path, key]);
      };
      walk(JSON.parse(text), []);
      return found;
    });
    const values = places.filter(({ path }) => path.at(-1) === 'value');
    const anything = fc.oneof(
      fc.constantFrom(null, true, '', 'x', '1e3', [], {}, -1, 0, 1, 0.5, 1e9, -1e9, 1e300, 123),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string(),
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom(...places), fc.constantFrom(...values)),
        anything,
        ({ file, text, path }, value) => {
          const document = JSON.parse(text);
          const parent = path.slice(0, -1).reduce((at, key) => at[key], document);
          parent[path.at(-1)!] = value;
          try {
            readScenario(JSON.stringify(document), file, () => 'distance,loss\n645,29.8\n1200,40.3\n');
          } catch (error) {
            const { name, message } = error as Error;
            assert.match(name, /^(Scenario|Orbit)Error$/, `${path.join('.')} = ${JSON.stringify(value)}: ${message}`);
            assert.ok(message.startsWith(`${file}: `), message);
            assert.ok(!message.includes('\n') && message.length < 400, message);
          }
        },
      ),
      { seed: 20161219, numRuns: 800 },
    );
  });
});
