import assert from 'node:assert/strict';
import { Session } from 'node:inspector/promises';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { type Bits, fromBytes, SecretBytes, zeros } from '@skykey/bits';
import binaryen from 'assemblyscript/binaryen';
import { amplify, toeplitzSeedBits } from './amplify.ts';
import { Transcript } from './authenticate.ts';
import { seededBytes, seededWords, twoSites } from './test/benchtop.ts';
import { accepted, besiege, SESSIONS, type Source, sourceOf } from './test/hostile-line.ts';
import { frameTag, verificationTag } from './verify.ts';

/**
 * What somebody learns who watches a party compute: pitfall P14. Two runs that differ in the bits of the key alone must take the
 * same branches, and read and write the same addresses. Both are looked at, not timed: the branches of TypeScript by the
 * block counts of the engine, and the inner loops by kernels into which a call has been put before every branch, load and store.
 */

/** Blocks are counted in functions that are compiled from here on, none of ours was, and not in optimised ones. */
for (const compiler of ['opt', 'maglev']) setFlagsFromString(`--no-${compiler}`);
const inspector = new Session();
inspector.connect();
await inspector.post('Profiler.enable');
await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/** A run, as one number (FNV-1a over words) of all places and addresses, and how many these are. */
interface Trace {
  hash: number;
  steps: number;
}

let trace: Trace = { hash: 0, steps: 0 };

function add(word: number): void {
  trace.hash = Math.imul(trace.hash ^ word, 0x01000193);
  trace.steps++;
}

const Instance = WebAssembly.Instance;
const Module = WebAssembly.Module;
/** Every kernel that is compiled from here on tells where it goes. None was: kernels are compiled when first used. */
WebAssembly.Module = new Proxy(Module, {
  construct(target, [bytes]: [Uint8Array]) {
    const module = binaryen.readBinary(bytes);
    module.runPasses(['instrument-memory', 'log-execution']);
    return new target(new Uint8Array(module.emitBinary()));
  },
});
WebAssembly.Instance = new Proxy(Instance, {
  construct(target, [module]: [WebAssembly.Module]) {
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
    for (const { module: from, name } of Module.imports(module)) {
      imports[from] ??= {};
      imports[from][name] = reporter(name);
    }
    return new target(module, imports);
  },
});

/** How often each kind of call was heard. */
const reports = new Map<string, number>();

/** `load_ptr` and `store_ptr` get a number of the place, bytes, offset and address; others pass a value through. */
function reporter(name: string): (...numbers: number[]) => number | undefined {
  const report = (...words: number[]): void => {
    reports.set(name, (reports.get(name) ?? 0) + 1);
    words.forEach(add);
  };
  if (name === 'log_execution') {
    return (place) => {
      report(place!);
      return undefined;
    };
  }
  if (!name.endsWith('_ptr')) return (_place, value) => value;
  return (place, _bytes, offset, address) => {
    report(place!, offset! + address!);
    return address;
  };
}

function begin(): void {
  trace = { hash: 0x811c9dc5, steps: 0 };
}

function traceOf(run: () => unknown): Trace {
  begin();
  run();
  return trace;
}

const keyOf = (bits: number, seed: number): Bits => fromBytes(seededBytes(seed)(Math.ceil(bits / 8)), bits);
const BITS = 4096;
const KEYS = [keyOf(BITS, 1), keyOf(BITS, 2), zeros(BITS), fromBytes(new Uint8Array(BITS / 8).fill(0xff), BITS)];

const seed = keyOf(toeplitzSeedBits(BITS, 1000), 9);
const message = seededBytes(8)(BITS / 8);

describe('P14: the kernels', () => {
  for (const [what, run] of Object.entries<(key: Bits) => unknown>({
    amplification: (key) => amplify(key, seed, 1000),
    verification: (key) => verificationTag(seededBytes(7)(16), key),
    'frame tags': (key) => frameTag(seededBytes(7)(32), key),
    authentication: ({ bytes }) => {
      const [point, pad] = [bytes.slice(0, 16), bytes.slice(16, 32)].map((half) => SecretBytes.adopt(half));
      new Transcript(point!).add('alice-to-bob', message).tag(pad!, 'what it is for');
    },
  })) {
    it(`${what} goes the same way whatever the key`, () => {
      // The first run sets up what the others share.
      run(keyOf(BITS, 3));
      const [first, ...others] = KEYS.map((key) => traceOf(() => run(key)));
      assert(first!.steps > 500, `${first!.steps} steps`);
      for (const other of others) assert.deepEqual(other, first);
    });
  }

  it('see every branch, load and store', () => {
    traceOf(() => amplify(keyOf(BITS, 1), seed, 1000));
    for (const kind of ['log_execution', 'load_ptr', 'store_ptr']) assert(reports.get(kind)! > 500, kind);
    // A loop that runs once more is seen.
    const hashed = (bits: number) => traceOf(() => verificationTag(seededBytes(7)(16), keyOf(bits, 1)));
    assert.notDeepEqual(hashed(BITS), hashed(BITS + 240));
  });
});

/** The light of `base` with other bits: wherever Alice sent another one, Bob saw another one, so that the errors stay. */
function withOtherBits(base: Source, seed: number): Source {
  const next = seededWords(seed);
  const flips = new Map<number, number>();
  const flip = (slot: number): number => {
    if (!flips.has(slot)) flips.set(slot, next() & 1);
    return flips.get(slot)!;
  };
  return {
    emissions: async (slots) => {
      const { intensity, basis, bit } = await base.emissions(slots);
      return { intensity, basis, bit: bit.map((value, i) => value ^ flip(slots[i]!)) };
    },
    chunks: () => {
      const chunks = base.chunks();
      return async function* (acquisition) {
        for await (const chunk of typeof chunks === 'function' ? chunks(acquisition) : chunks) {
          yield { ...chunk, detector: chunk.detector.map((value, i) => value ^ flip(chunk.slot[i]!)) };
        }
      };
    },
  };
}

interface Watched {
  /** How often each block of the sources was entered, by place. */
  readonly blocks: Map<string, number>;
  /** Of the kernels. */
  readonly trace: Trace;
}

/** What is seen of each run, the second time: the first sets up what they share. */
async function watch(runs: readonly (() => Promise<void>)[]): Promise<Watched[]> {
  const watched: Watched[] = [];
  for (const run of [...runs, ...runs]) {
    await inspector.post('Profiler.takePreciseCoverage');
    begin();
    await run();
    const blocks = new Map<string, number>();
    const { result } = await inspector.post('Profiler.takePreciseCoverage');
    for (const { url, functions } of result) {
      if (!/\/packages\/(bits|kernels|distill)\/src\/(?!.*test)/.test(url)) continue;
      for (const { functionName, ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          blocks.set(`${url.replace(/.*packages/, '')} ${functionName} ${startOffset}-${endOffset}`, count);
        }
      }
    }
    watched.push({ blocks, trace });
  }
  return watched.slice(runs.length);
}

describe('P14: a whole session', () => {
  for (const { name, parameters, light } of SESSIONS) {
    it(`with ${name} goes the same way whatever the key, where the errors are the same`, async () => {
      const base = sourceOf(parameters, light);
      const keys: Uint8Array[] = [];
      const session = (seed: number) => async (): Promise<void> => {
        const sites = twoSites();
        const { alice, bob } = await besiege({ parameters, source: withOtherBits(base, seed), sites });
        assert(accepted(alice) && accepted(bob));
        keys.push(...sites.alice.store.keys.values());
      };
      const [first, second] = await watch([session(1), session(2)]);
      assert.notDeepEqual(keys[0], keys[1]);
      assert(first!.blocks.size > 300, `${first!.blocks.size} blocks`);
      const differing = [...first!.blocks].filter(([block, count]) => second!.blocks.get(block) !== count);
      assert.deepEqual(
        differing.map(([block, count]) => `${block}: ${count}, ${second!.blocks.get(block)}`),
        [],
      );
      assert.equal(second!.blocks.size, first!.blocks.size);
      assert.deepEqual(second!.trace, first!.trace);
    });
  }
});
