import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { pack, unpack } from '@skykey/bits';
import { type DecoyDocument, keyLength } from '@skykey/finitekey';
import { countDifferences } from './differences.ts';
import { decode, encode, type MessageOf, type MessageType, typeOf } from './messages.ts';
import { settleClicks } from './sift.ts';
import { change } from './test/attacks.ts';
import { type Light, SMALL_LIGHT, seededBytes, seededWords, twoSites } from './test/benchtop.ts';
import {
  type Attacker,
  accepted,
  type Besieged,
  besiege,
  LISTENER,
  type Overheard,
  SESSIONS,
  type Source,
  sourceOf,
} from './test/hostile-line.ts';
import { padsSpent } from './test/safety.ts';
import type { DetectionChunk, EmissionRecord, SessionParameters, SessionReport } from './types.ts';

/** The pitfalls of distillation by their numbers; PITFALLS.md says what each is, and where the tests are that are not here. */

const [CASCADE, LDPC] = [SESSIONS[0]!, SESSIONS[1]!];
const METHODS = { cascade: CASCADE, ldpc: LDPC };

/** An honest session of each method. */
const HONEST = {
  cascade: await besiege({ ...CASCADE, source: sourceOf(CASCADE.parameters, CASCADE.light), sites: twoSites() }),
  ldpc: await besiege({ ...LDPC, source: sourceOf(LDPC.parameters, LDPC.light), sites: twoSites() }),
};

/** The report of a party that ended by itself, with a key or without. */
function reportOf(party: PromiseSettledResult<SessionReport>): SessionReport {
  if (party.status === 'rejected') throw party.reason;
  return party.value;
}

function messagesOf<K extends MessageType>({ line }: Besieged, type: K): MessageOf<K>[] {
  return line.said.filter((one) => one.type === type).map(({ bytes }) => decode(bytes) as MessageOf<K>);
}

/** Where messages of a type stand among all. */
function indicesOf({ line }: Besieged, ...types: MessageType[]): number[] {
  return line.said.filter(({ type }) => types.includes(type)).map(({ index }) => index);
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const HEADER_BYTES = 46;

/** What was said of Alice's key, counted on the line alone: by her, and as answers to tags by Bob. */
function disclosed(session: Besieged): { readonly byAlice: number; readonly answers: number } {
  const bits = (type: 'parities' | 'frames') => sum(messagesOf(session, type).map((one) => one.bits.length));
  const syndromes = sum(messagesOf(session, 'syndromes').map(({ message }) => 8 * (message.length - HEADER_BYTES)));
  const tags = 32 * sum(messagesOf(session, 'frame-tags').map((one) => one.tags.length));
  const answers = (type: 'frame-check' | 'decoded') => sum(messagesOf(session, type).map((one) => one.failed.length));
  const verification = 128 * messagesOf(session, 'verify').length;
  return {
    byAlice: bits('parities') + bits('frames') + syndromes + tags + verification,
    answers: answers('frame-check') + answers('decoded'),
  };
}

/** What the key length is asked for, put together from the report and from the line. */
function documentOf(
  session: Besieged,
  { meanPhotons, probabilities, epsSec, epsCor }: SessionParameters,
): DecoyDocument {
  const { keyDetections, testDetections, testErrors } = reportOf(session.alice);
  const { byAlice, answers } = disclosed(session);
  return {
    ...{ protocol: 'decoy-bb84', intensities: meanPhotons, probabilities, epsSec, epsCor },
    ...{ nX: keyDetections, mX: [0, 0, 0], nZ: testDetections, mZ: testErrors },
    ...{ leakBits: byAlice - 128 + answers, tagBits: 128 },
  };
}

const wholeBytes = (bits: number): number => bits - (bits % 8);

/** Chunks of a source with something else in the place of each. */
function mapChunks(base: Source, to: (chunk: DetectionChunk) => DetectionChunk): Source {
  return {
    ...base,
    chunks: () => {
      const chunks = base.chunks();
      return async function* (acquisition) {
        for await (const chunk of typeof chunks === 'function' ? chunks(acquisition) : chunks) yield to(chunk);
      };
    },
  };
}

/** Light of which a share is background: a click anywhere, of any intensity, in any detector. */
function noisyLight(parameters: SessionParameters, light: Light, background: number): Source {
  const base = sourceOf(parameters, light);
  const noise = seededWords(light.seed + 1000);
  const share = parameters.probabilities;
  const drawn = new Map<number, number>();
  const isNoise = (slot: number): boolean => {
    if (!drawn.has(slot)) drawn.set(slot, noise());
    return drawn.get(slot)! < background * 2 ** 32;
  };
  const intensityOf = (slot: number): number => {
    const at = ((drawn.get(slot)! * 2654435761) % 2 ** 32) / 2 ** 32;
    return at < share[0] ? 0 : at < share[0] + share[1] ? 1 : 2;
  };
  const random = seededWords(light.seed + 2000);
  const clicked = mapChunks(base, (chunk) => ({
    ...chunk,
    detector: chunk.detector.map((value, i) => (isNoise(chunk.slot[i]!) ? random() & 3 : value)),
  }));
  return {
    chunks: clicked.chunks,
    emissions: async (slots): Promise<EmissionRecord> => {
      const sent = await base.emissions(slots);
      return { ...sent, intensity: sent.intensity.map((k, i) => (isNoise(slots[i]!) ? intensityOf(slots[i]!) : k)) };
    },
  };
}

describe('pitfalls', () => {
  it('P1: what Bob says of the errors is paid for', async () => {
    for (const [name, { parameters }] of Object.entries(METHODS)) {
      const session = HONEST[name as keyof typeof HONEST];
      const { reconciliation, secretBits, secrecy } = reportOf(session.alice);
      const { byAlice, answers } = disclosed(session);
      assert.equal(secrecy.terms.leak, -(byAlice - 128 + answers), name);
      assert.deepEqual([reconciliation.leakedBits, reconciliation.tagAnswers], [byAlice, answers], name);
      const bobBits = name === 'ldpc' ? { bobBits: reconciliation.announcedBits - answers } : {};
      const length = keyLength(parameters.proof, { ...documentOf(session, parameters), ...bobBits });
      assert.equal(secretBits, wholeBytes(length.secretBits), name);
    }
    // Empty pulses count for nothing once the adversary is given the errors: where there are some, the key must fall.
    const { parameters } = CASCADE;
    const light = { ...SMALL_LIGHT, detections: 60_000, chunk: 20_000 };
    const session = await besiege({ parameters, source: noisyLight(parameters, light, 0.03), sites: twoSites() });
    const document = documentOf(session, parameters);
    const silent = keyLength(parameters.proof, { ...document, bobBits: 0 });
    assert(silent.s0 > 64, `${silent.s0} empty pulses`);
    const { secretBits } = reportOf(session.alice);
    assert(
      secretBits > 0 && secretBits < silent.secretBits - 48,
      `${secretBits} bits, ${silent.secretBits} in silence`,
    );
    assert.equal(secretBits, wholeBytes(keyLength(parameters.proof, document).secretBits));
  });

  for (const [name, method] of Object.entries(METHODS)) {
    it(`P2: nothing is said out of order (${name})`, async () => {
      const { said } = HONEST[name as keyof typeof HONEST].line;
      // All that is said before Bob's commitment is complete is about detections that are spent for it.
      const [end] = indicesOf(HONEST[name as keyof typeof HONEST], 'end');
      const early = new Set(said.slice(0, end).map(({ type }) => type));
      const spent = ['detect', 'monitor', 'clicks', 'emissions', 'claim', 'claimed', 'acquired'] as const;
      assert.deepEqual([...early].sort(), ['hello-bob', 'hello-alice', ...spent].sort());

      const firsts = said.filter(({ type }, i) => said.findIndex((one) => one.type === type) === i);
      const source = sourceOf(method.parameters, method.light);
      for (const due of firsts) {
        for (const other of firsts) {
          if (other.type === due.type) continue;
          const attacker = change(due.index, () => [other.bytes]);
          const { line } = await besiege({ ...method, source, sites: twoSites(), attacker });
          const answers = line.said.filter(({ index, direction }) => index > due.index && direction !== due.direction);
          assert.deepEqual(
            answers.map(({ bytes }) => decode(bytes)),
            [{ type: 'abort', code: 9 }],
            `'${other.type}' in the place of '${due.type}'`,
          );
        }
      }
    });
  }

  it('P3: a pass is a number of pulses, and one that stops when the key is long enough gives none', async () => {
    const base = sourceOf(CASCADE.parameters, CASCADE.light);
    let taken = 0;
    const stopping: Source = {
      ...base,
      chunks: () => {
        const chunks = base.chunks();
        return async function* (acquisition) {
          for await (const chunk of typeof chunks === 'function' ? chunks(acquisition) : chunks) {
            yield chunk;
            taken += chunk.slot.length;
            if (taken >= 5000) return;
          }
        };
      },
    };
    // Bob refuses by himself; and when somebody says for him that this was the whole pass, Alice does.
    let detections = 0;
    let until = 0;
    const hurried: Attacker = {
      hear({ bytes, direction }, deliver) {
        const message = decode(bytes);
        if (message.type === 'detect') {
          detections += message.detections.slot.length;
          until = message.detections.until;
        }
        deliver(message.type === 'abort' ? encode({ type: 'end', pulses: until, detections }) : bytes, direction);
      },
    };
    for (const attacker of [LISTENER, hurried]) {
      taken = 0;
      const sites = twoSites();
      const { line, alice, bob } = await besiege({ ...CASCADE, source: stopping, sites, attacker });
      for (const party of [alice, bob]) assert.match(reportOf(party).reason!, /cut short/);
      assert(!line.said.some(({ type }) => type === 'bases' || type === 'settings'));
      assert.deepEqual([...sites.alice.store.calls, ...sites.bob.store.calls], []);
    }
  });

  it('P4: which detections count does not depend on errors', async () => {
    const base = sourceOf(CASCADE.parameters, CASCADE.light);
    // A stretch of a thirtieth of the pass in which every bit is wrong.
    const wrong = mapChunks(base, (chunk) => ({
      ...chunk,
      detector: chunk.detector.map((value, i) => value ^ Number(chunk.slot[i]! > 4e8 && chunk.slot[i]! < 4.33e8)),
    }));
    const [clean, burst] = [HONEST.cascade, await besiege({ ...CASCADE, source: wrong, sites: twoSites() })];
    const told = (session: Besieged) => {
      const { detections, monitored, keyDetections, testDetections } = reportOf(session.alice);
      return { detections, monitored, keyDetections, testDetections };
    };
    assert.deepEqual(told(burst), told(clean));
    for (const type of ['detect', 'monitor', 'bases', 'settings'] as const) {
      assert.deepEqual(messagesOf(burst, type), messagesOf(clean, type), type);
    }
    const errors = ({ alice }: Besieged) => sum(reportOf(alice).testErrors);
    assert(errors(burst) > errors(clean) + 20, `${errors(burst)} and ${errors(clean)} errors`);
  });

  it('P6: double clicks are kept, as coins', async () => {
    const base = sourceOf(CASCADE.parameters, CASCADE.light);
    // One slot in ten sees both detectors of a basis, or one of the other basis as well.
    const doubled = mapChunks(base, ({ slot, detector, untilSlot }) => {
      const rows = [...slot].flatMap((at, i) => (at % 10 ? [i] : [i, i]));
      return {
        slot: Float64Array.from(rows, (i) => slot[i]!),
        detector: Uint8Array.from(rows, (i, row) => detector[i]! ^ (rows[row - 1] === i ? (slot[i]! % 20 ? 1 : 2) : 0)),
        untilSlot,
      };
    });
    const session = await besiege({ ...CASCADE, source: doubled, sites: twoSites() });
    assert.deepEqual(messagesOf(session, 'detect'), messagesOf(HONEST.cascade, 'detect'));
    assert.equal(reportOf(session.bob).detections, reportOf(HONEST.cascade.bob).detections);

    const n = 10_000;
    const slot = Float64Array.from({ length: 2 * n }, (_, row) => row >> 1);
    for (const [first, second, bit] of [
      [0, 1, 0],
      [2, 3, 0],
      [0, 2, 1],
    ] as const) {
      const detector = Uint8Array.from({ length: 2 * n }, (_, row) => (row & 1 ? second : first));
      const settled = settleClicks({ slot, detector, untilSlot: n }, 0, n, seededBytes(6)).detector;
      assert.equal(settled.length, n);
      const ones = sum([...settled].map((value) => (value >> bit) & 1));
      assert(Math.abs(ones - n / 2) < 5 * Math.sqrt(n / 4), `${ones} of ${n}`);
    }
  });

  it('P8: a frame that fails has cost what was said of it, and stays in the estimate', async () => {
    // Errors enough for the frame to fail, and all of them in the key basis: no test can foresee it.
    const base = sourceOf(LDPC.parameters, LDPC.light);
    const next = seededWords(8);
    const worse = mapChunks(base, (chunk) => ({
      ...chunk,
      detector: chunk.detector.map((value) => value ^ Number(value < 2 && next() < 0.04 * 2 ** 32)),
    }));
    const session = await besiege({ ...LDPC, source: worse, sites: twoSites() });
    const { reconciliation, keyDetections, secretBits } = reportOf(session.alice);
    assert.equal(reconciliation.failedFrames, 1);
    const whole = sum(keyDetections);
    assert.deepEqual(keyDetections, reportOf(HONEST.ldpc.alice).keyDetections);
    const { byAlice } = disclosed(session);
    const syndromes = 8 * (messagesOf(session, 'syndromes')[0]!.message.length - HEADER_BYTES);
    assert.equal(byAlice, syndromes + whole + 128);
    assert.equal(reconciliation.leakedBits, byAlice);
    assert.equal(secretBits, 0);
  });

  it('P9: every bit on the line is in the ledger, and no light is spoken of twice', async () => {
    for (const [name, method] of Object.entries(METHODS)) {
      const sites = twoSites();
      const source = sourceOf(method.parameters, method.light);
      const session = await besiege({ ...method, source, sites });
      const { leakedBits, tagAnswers, messageBits } = reportOf(session.alice).reconciliation;
      assert.deepEqual([leakedBits, tagAnswers], Object.values(disclosed(session)), name);
      const [from, to] = [indicesOf(session, 'test-alice')[0]! + 1, indicesOf(session, 'verify')[0]!];
      assert.equal(messageBits, 8 * sum(session.line.said.slice(from, to).map(({ bytes }) => bytes.length)), name);
      // Once more would be a second disclosure that nobody has counted.
      const again = await besiege({ ...method, source, sites, random: { alice: seededBytes(7), bob: seededBytes(8) } });
      for (const party of [again.alice, again.bob]) {
        assert(party.status === 'rejected' && party.reason.code === 'distill/session-used');
      }
      assert(again.line.said.every(({ type }) => type === 'abort'));
    }
  });

  it('P10: with 0 and 1 exchanged the same slots are kept', async () => {
    const base = sourceOf(CASCADE.parameters, CASCADE.light);
    // At both ends, or the session would end before the second chunk. Some slots have two clicks.
    const twice = (mask: number): Source => ({
      ...mapChunks(base, ({ slot, detector, untilSlot }) => {
        const rows = [...slot].flatMap((at, i) => (at % 50 ? [i] : [i, i]));
        const value = (i: number, row: number) => detector[i]! ^ (rows[row - 1] === i ? 1 : 0) ^ mask;
        return { slot: Float64Array.from(rows, (i) => slot[i]!), detector: Uint8Array.from(rows, value), untilSlot };
      }),
      emissions: async (slots) => {
        const sent = await base.emissions(slots);
        return { ...sent, bit: sent.bit.map((bit) => bit ^ mask) };
      },
    });
    const [one, other] = await Promise.all(
      [0, 1].map((mask) => besiege({ ...CASCADE, source: twice(mask), sites: twoSites() })),
    );
    for (const session of [one!, other!]) assert.equal(indicesOf(session, 'bases').length, 1);
    for (const type of ['detect', 'bases'] as const) assert.deepEqual(messagesOf(one!, type), messagesOf(other!, type));
  });

  it('P13: nothing tells of errors in the key before the test is over, and all of it is authenticated', async () => {
    for (const [name, session] of Object.entries(HONEST)) {
      const test = indicesOf(session, 'test-alice')[0]!;
      const telling = ['parities', 'differences', 'syndromes', 'decoded', 'frame-check', 'reconciled'] as const;
      const all = indicesOf(session, ...telling, 'shuffle', 'frame-tags');
      assert(all.length > 1 && all.every((index) => index > test), name);
    }
    // With one message nothing but the tags tells whether Bob's count is his.
    const [at] = indicesOf(HONEST.ldpc, 'reconciled');
    const attacker = change(at!, (bytes) => {
      const message = decode(bytes) as MessageOf<'reconciled'>;
      return [encode({ ...message, corrected: message.corrected + 1 })];
    });
    const source = sourceOf(LDPC.parameters, LDPC.light);
    const { alice, bob } = await besiege({ ...LDPC, source, sites: twoSites(), attacker });
    for (const party of [alice, bob]) assert.match(reportOf(party).reason!, /authentication tag is wrong/);
  });

  it('P20: errors are counted for each intensity, and of empty pulses half are wrong', async () => {
    const { parameters } = CASCADE;
    const light = { ...SMALL_LIGHT, detections: 30_000, chunk: 10_000, basisX: 0.4 };
    const session = await besiege({ parameters, source: noisyLight(parameters, light, 0.06), sites: twoSites() });
    const { testDetections, testErrors } = reportOf(session.alice);
    const [signal, , empty] = testDetections.map((n, k) => ({ n, rate: testErrors[k]! / n }));
    assert(empty!.n > 100 && Math.abs(empty!.rate - 0.5) < 5 * Math.sqrt(0.25 / empty!.n), `${empty!.rate} of empty`);
    assert(signal!.rate < 0.05, `${signal!.rate} of signal`);
    assert.deepEqual(reportOf(session.bob).testErrors, testErrors);
  });

  it('P21: a word that is wrong is found by the tag of the whole, whatever the frames said', async () => {
    // No tag of a frame fits, so that Alice discloses it; then one bit of that is changed, and no frame is asked any more.
    const attacker: Attacker = {
      hear({ bytes, direction }, deliver) {
        const message = decode(bytes);
        if (message.type === 'frame-tags') {
          deliver(encode({ ...message, tags: message.tags.map((tag) => tag ^ 1) }), direction);
        } else if (message.type === 'frames') {
          const bits = { ...message.bits, bytes: message.bits.bytes.slice() };
          bits.bytes[0]! ^= 1;
          deliver(encode({ ...message, bits }), direction);
        } else deliver(bytes, direction);
      },
    };
    const source = sourceOf(CASCADE.parameters, CASCADE.light);
    const session = await besiege({ ...CASCADE, source, sites: twoSites(), attacker });
    assert.equal(messagesOf(session, 'frames').length, 1);
    for (const party of [session.alice, session.bob]) {
      const { reason, authenticationBitsSpent } = reportOf(party);
      assert.match(reason!, /verification tags are not equal/);
      assert.equal(authenticationBitsSpent, 0);
    }
  });

  it('P22: one wrong bit is counted wherever it stands', () => {
    for (const length of [1, 31, 32, 33, 64, 65, 200]) {
      const key = pack(Uint8Array.from({ length }, (_, i) => (i * i) & 1));
      for (let at = 0; at < length; at++) {
        const other = pack(unpack(key).map((bit, i) => bit ^ Number(i === at)));
        assert.equal(countDifferences(key, other), 1, `bit ${at} of ${length}`);
      }
      assert.equal(countDifferences(key, pack(unpack(key).map((bit) => bit ^ 1))), length);
    }
  });

  it('P24: every seed is drawn after what it is for stands still, and never used again', async () => {
    for (const [name, method] of Object.entries(METHODS)) {
      // A message is delivered only when nothing else can happen: what Alice draws before she has heard it, she draws before.
      const waiting: Overheard[] = [];
      let told: MessageType | undefined;
      const attacker: Attacker = {
        hear: (message) => void waiting.push(message),
        silence(deliver) {
          const next = waiting.shift();
          if (next?.direction === 'bob-to-alice') told = next.type;
          if (next) LISTENER.hear(next, deliver);
        },
      };
      const drawn: { readonly bytes: string; readonly after: MessageType | undefined }[] = [];
      const own = seededBytes(70);
      const alice = (length: number): Uint8Array => {
        const bytes = own(length);
        drawn.push({ bytes: bytes.subarray(0, 12).join(), after: told });
        return bytes;
      };
      const source = sourceOf(method.parameters, method.light);
      const random = { alice, bob: seededBytes(71) };
      const session = await besiege({ ...method, source, sites: twoSites(), attacker, random });
      assert(accepted(session.alice));
      const seedsOf = (type: 'shuffle' | 'frame-tags' | 'verify') => messagesOf(session, type).map(({ seed }) => seed);
      const due: readonly (readonly [after: MessageType, seeds: readonly Uint8Array[]])[] = [
        ['test-bob', seedsOf('shuffle')],
        ['test-bob', messagesOf(session, 'syndromes').map(({ message }) => message.subarray(14, HEADER_BYTES))],
        ['differences', seedsOf('frame-tags')],
        ['reconciled', seedsOf('verify')],
        ['verified', messagesOf(session, 'amplify').map(({ seed }) => seed.bytes)],
      ];
      const seeds = due.flatMap(([after, all]) => all.map((seed) => [seed, after] as const));
      assert(seeds.length >= 3);
      for (const [seed, after] of seeds) {
        const draws = drawn.filter(({ bytes }) => bytes === seed.subarray(0, 12).join());
        assert.deepEqual(
          draws.map((draw) => draw.after),
          [after],
          `${name}: a seed drawn after '${draws[0]?.after}'`,
        );
      }
    }
  });

  it('P26: the length rests on what was disclosed, not on an efficiency', async () => {
    for (const [name, { parameters }] of Object.entries(METHODS)) {
      const session = HONEST[name as keyof typeof HONEST];
      const { secretBits, keyErrors, secrecy } = reportOf(session.alice);
      const { leakBits, ...document } = documentOf(session, parameters);
      assert.equal(secrecy.terms.leak, -leakBits!, name);
      assert.equal(wholeBytes(Math.floor(sum(Object.values(secrecy.terms)))), secretBits, name);
      const assumed = { ...document, mX: [keyErrors, 0, 0], efficiency: 1.16 };
      assert(Math.abs(keyLength(parameters.proof, assumed).secretBits - secretBits) > 32, name);
    }
  });

  it('P28: a pad is marked as used before its tag leaves, and hides one tag for ever', async () => {
    const sites = twoSites();
    const spent: number[] = [];
    const source = sourceOf(CASCADE.parameters, CASCADE.light);
    for (const [i, lost] of (['tag', 'accept', 'release', 'none', 'tag', 'accept', 'none'] as const).entries()) {
      let pad = Number.NaN;
      const attacker: Attacker = {
        hear({ bytes, direction, type }, deliver) {
          const message = decode(bytes);
          if (message.type === 'tag') pad = message.pad;
          const place = (['tag', 'accept', 'release'] as MessageType[]).indexOf(type);
          const { touched } = direction === 'alice-to-bob' ? sites.alice.pads : sites.bob.pads;
          if (place >= 0) assert(touched.includes(pad + place), `pad ${pad + place} of '${type}' in session ${i}`);
          if (typeOf(bytes) !== lost) deliver(bytes, direction);
        },
      };
      const parameters = { ...CASCADE.parameters, sessionId: `session ${i}` };
      const { line } = await besiege({ parameters, source, sites, attacker });
      const { alice, bob } = padsSpent(line);
      spent.push(...alice, ...bob);
    }
    assert(spent.length >= 12, `${spent}`);
    assert.equal(new Set(spent).size, spent.length, `${spent}`);
    for (const { touched } of [sites.alice.pads, sites.bob.pads]) {
      assert(
        touched.every((pad, i) => i === 0 || pad > touched[i - 1]!),
        `${touched}`,
      );
    }
    assert.equal(sites.bob.store.released().length, sites.alice.store.released().length);
  });
});

it('PITFALLS.md names a test for each of the 29, and it is there', () => {
  const rows = readFileSync(new URL('../PITFALLS.md', import.meta.url), 'utf8')
    .split('\n')
    .flatMap((line) => line.match(/^\| (P\d+) \|.*\| ([^|]+) \|$/)?.slice(1) ?? []);
  const numbers = rows.filter((_, i) => i % 2 === 0);
  assert.deepEqual(
    numbers,
    Array.from({ length: 29 }, (_, i) => `P${i + 1}`),
  );
  for (const [i, number] of numbers.entries()) {
    for (const path of rows[2 * i + 1]!.split(', ')) {
      const tests = readFileSync(new URL(`../../${path.replaceAll('`', '')}`, import.meta.url), 'utf8');
      assert.match(tests, new RegExp(`(it|test|describe)\\(\\s*['"\`].*\\b${number}\\b`), `${number} in ${path}`);
    }
  }
});
