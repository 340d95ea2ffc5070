import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { refuses } from './test/refusal.ts';
import { Seeded } from './test/seeded.ts';
import { type Entry, encodeHead, HEAD_EVERY, LINKS_KEPT, type Link, readHead, Transcript } from './transcript.ts';

const ORIGIN = new Uint8Array(32).fill(5);

function entry(number: number, change: Partial<Entry> = {}): Entry {
  const digest = new Uint8Array(createHash('sha256').update(`message ${number}`).digest());
  return { direction: 1, lane: 'text', number, digest, commitment: null, ...change };
}

function with_(entries: readonly Entry[], origin = ORIGIN): Transcript {
  const transcript = new Transcript(origin);
  transcript.add(entries);
  return transcript;
}

const three = [entry(1), entry(2), entry(5)];

test('is the chain that the documentation says', () => {
  const sha256 = (...parts: (Uint8Array | string)[]): Buffer => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const labelled = (label: string, bytes: Uint8Array): Buffer =>
    Buffer.concat([Buffer.of(label.length), Buffer.from(label), Buffer.of(0, 0, 0, bytes.length), bytes]);
  const commitment = new Uint8Array(32).fill(8);
  const begin = sha256(labelled('skykey/hotline/transcript/2', ORIGIN), Uint8Array.of(2, 3));
  const { digest } = entry(7);
  const number = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 7);
  const plain = sha256(
    labelled('skykey/hotline/entry/2', begin),
    Uint8Array.of(2, 3),
    number,
    digest,
    Uint8Array.of(0),
  );
  const signed = sha256(
    labelled('skykey/hotline/entry/2', begin),
    ...[Uint8Array.of(2, 3), number, digest, Uint8Array.of(1), commitment],
  );
  for (const [change, expected] of [
    [{ commitment: null }, plain],
    [{ commitment }, signed],
  ] as const) {
    const [link] = new Transcript(ORIGIN).add([entry(7, { direction: 2, lane: 'file', ...change })]);
    assert.deepEqual(link, { direction: 2, lane: 'file', number: 7, count: 1, hash: new Uint8Array(expected) });
  }
});

test('two desks that said the same have equal heads, whatever came between the lanes and directions', () => {
  const back = [1, 2].map((number) => entry(number, { direction: 2 }));
  const control = [1, 2, 3].map((number) => entry(number, { lane: 'control' }));
  const a = with_([...three, ...back, ...control]);
  const b = with_([control[0]!, back[0]!, ...three, control[1]!, back[1]!, control[2]!]);
  assert.deepEqual(a.compare(b.head()), { kind: 'equal' });
  assert.deepEqual(encodeHead(a.head()), encodeHead(b.head()));
  assert.deepEqual(readHead(encodeHead(a.head())), a.head());
  assert.deepEqual(new Transcript(ORIGIN).compare(new Transcript(ORIGIN).head()), { kind: 'equal' });
});

test('who is behind is told how far; agreement is checked as far as both have come', () => {
  const ahead = with_([...three, entry(1, { direction: 2 })]);
  const behind = with_([entry(1), entry(1, { direction: 2 }), entry(2, { direction: 2 })]);
  assert.deepEqual(ahead.compare(behind.head()), {
    kind: 'behind',
    chains: [
      { direction: 1, lane: 'text', own: 0, peer: 2 },
      { direction: 2, lane: 'text', own: 1, peer: 0 },
    ],
  });
  assert.equal(with_(three).covers(with_([entry(1)]).head()), true);
  assert.equal(with_([entry(1)]).covers(with_(three).head()), false);
  assert.equal(ahead.covers(behind.head()), false);
});

describe('a mismatch is found', () => {
  const wrong: [string, Transcript][] = [
    ['another text', with_([entry(1), { ...entry(2), digest: entry(3).digest }, entry(5)])],
    ['another number', with_([entry(1), { ...entry(2), number: 3 }, entry(5)])],
    [
      'another order',
      with_([entry(1), { ...entry(2), digest: entry(5).digest }, { ...entry(5), digest: entry(2).digest }]),
    ],
    ['one left out', with_([entry(1), entry(5)])],
    ['one invented', with_([entry(1), entry(2), entry(3), entry(5)])],
    ['a commitment', with_([entry(1), entry(2, { commitment: new Uint8Array(32) }), entry(5)])],
    ['another beginning', with_(three, new Uint8Array(32).fill(6))],
  ];
  for (const [what, transcript] of wrong) {
    test(what, () => {
      const ours = with_(three);
      const theirs = transcript.head();
      const both = [ours.compare(theirs).kind, transcript.compare(ours.head()).kind];
      assert.ok(both.includes('mismatch'), both.join());
      assert.ok(!(ours.covers(theirs) && transcript.covers(ours.head())));
      // Neither is cured by what is said later.
      ours.add([entry(9)]);
      transcript.add([entry(9)]);
      const later = [ours.compare(transcript.head()), transcript.compare(ours.head())];
      assert.ok(later.some(({ kind }) => kind === 'mismatch'));
    });
  }

  test('any bit of a head that is flipped is refused, a mismatch, or a claim to be further', () => {
    const ours = with_(three);
    const bytes = encodeHead(ours.head());
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const altered = bytes.slice();
      altered[bit >> 3]! ^= 1 << (bit & 7);
      let head: ReturnType<typeof readHead>;
      try {
        head = readHead(altered);
      } catch {
        continue;
      }
      assert.notEqual(ours.compare(head).kind, 'equal', `bit ${bit}`);
      assert.equal(ours.covers(head), false, `bit ${bit}`);
    }
  });

  test('with any one entry of many, at every length', () => {
    const seeded = new Seeded(2);
    for (let run = 0; run < 60; run++) {
      const length = 1 + seeded.below(60);
      const at = seeded.below(length);
      const entries = Array.from({ length }, (_, i) => entry(i + 1));
      const altered = entries.with(at, { ...entries[at]!, digest: entry(1000).digest });
      const ours = with_(entries);
      for (let said = 1; said <= length; said++) {
        const theirs = with_(altered.slice(0, said)).head();
        assert.equal(ours.compare(theirs).kind === 'mismatch', said > at);
      }
    }
  });
});

test('a start from what was kept goes on as if nothing had been', () => {
  const links: Link[] = [];
  const running = new Transcript(ORIGIN);
  for (let number = 1; number <= LINKS_KEPT + 100; number++) links.push(...running.add([entry(number)]));
  links.push(...running.add([entry(1, { direction: 2 })]));
  const restored = new Transcript(ORIGIN, links.slice(150).reverse());
  assert.deepEqual(restored.compare(running.head()), { kind: 'equal' });
  for (const transcript of [running, restored]) transcript.add([entry(5000)]);
  assert.deepEqual(restored.head(), running.head());
  const old = with_(Array.from({ length: 200 }, (_, i) => entry(i + 1)));
  assert.equal(restored.compare({ ...old.head() }).kind, 'behind');
  const tooOld = with_([entry(1)]);
  const comparison = running.compare(tooOld.head());
  assert.ok(comparison.kind === 'mismatch' && /too many to check/.test(comparison.reason));
  refuses('hotline/store', () => new Transcript(ORIGIN, links.toSpliced(700, 1)));
  refuses('hotline/store', () => new Transcript(ORIGIN, [...links, links[5]!]));
});

test('a head is due after 32 messages, and what does not rise is not added', () => {
  const transcript = new Transcript(ORIGIN);
  for (let number = 1; number <= HEAD_EVERY; number++) {
    assert.equal(transcript.headDue, false);
    transcript.add([entry(number)]);
  }
  assert.equal(transcript.headDue, true);
  const head = transcript.head();
  assert.equal(transcript.headDue, false);
  const wrong = [
    [entry(32)],
    [entry(33), entry(33)],
    [entry(40), entry(39)],
    [entry(Number.NaN)],
    [entry(33, { digest: new Uint8Array(31) })],
    [entry(33), entry(34, { commitment: new Uint8Array(33) })],
  ];
  for (const entries of wrong) refuses('hotline/bad-argument', () => transcript.add(entries));
  assert.deepEqual(transcript.head(), head);
  refuses('hotline/bad-argument', () => new Transcript(new Uint8Array(31)));
});

test('heads that no desk writes are refused', () => {
  const { origin, chains } = with_([...three, entry(1, { direction: 2 })]).head();
  const [first, second] = chains;
  const wrong = [
    { origin, chains: [second!, first!] },
    { origin, chains: [first!, first!] },
    { origin, chains: [{ ...first!, count: 0 }] },
    { origin, chains: [{ ...first!, direction: 3 as 1 }] },
    { origin, chains: [{ ...first!, lane: 'media' as 'text' }] },
  ];
  for (const head of wrong) refuses('hotline/malformed', () => readHead(encodeHead(head)));
  const bytes = encodeHead({ origin, chains });
  refuses('hotline/malformed', () => readHead(bytes.subarray(1)));
  refuses('hotline/malformed', () => readHead(Uint8Array.of(...bytes, 0)));
});
