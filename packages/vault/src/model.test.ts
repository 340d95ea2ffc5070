import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { hex, labels, onBoth, Place, pattern, reveal, secret } from './test/place.ts';
import type { VaultTransaction } from './transaction.ts';
import type { Range } from './types.ts';

/** The vault as anybody would write it who need not keep anything: one object for every byte of a lane. */
interface Cell {
  value: number;
  content: 'key' | 'gap' | 'poison';
  claim: '' | 'reserved' | 'spent' | 'point';
  claimId: number;
  block: string;
}

interface ModelBlock {
  bytes: Uint8Array;
  link: string;
  state: 'held' | 'released' | 'discarded';
  poisoned: boolean;
}

class Refused extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = `vault/${code}`;
  }
}

class Model {
  readonly lanes = new Map<string, Cell[]>();
  readonly blocks = new Map<string, ModelBlock>();
  readonly poisonedAt = new Map<string, number>();
  #claims = 0;

  hold(blockId: string, link: string, createdAtMs: number, bytes: Uint8Array): void {
    if (this.blocks.has(blockId)) throw new Refused('known');
    if (createdAtMs <= (this.poisonedAt.get(link) ?? -1)) throw new Refused('poisoned');
    this.blocks.set(blockId, { bytes, link, state: 'held', poisoned: false });
  }

  #held(blockId: string): ModelBlock {
    const block = this.blocks.get(blockId);
    if (block?.state !== 'held') throw new Refused('state');
    return block;
  }

  discard(blockId: string): void {
    this.#held(blockId).state = 'discarded';
  }

  release(blockId: string, lane: string, from: number, gap: number): void {
    const block = this.#held(blockId);
    block.state = 'released';
    const part = block.bytes.subarray(Math.min(from, block.bytes.length));
    if (part.length === 0) return;
    const opens = !this.lanes.has(lane) && lane.startsWith('auth/');
    if (opens && part.length < 16) {
      block.state = 'held';
      throw new Refused('argument');
    }
    const cells = this.lanes.get(lane) ?? [];
    this.lanes.set(lane, cells);
    const empty = { claim: '', claimId: 0, block: blockId } as const;
    for (let i = 0; i < gap; i++) cells.push({ ...empty, value: 0, content: 'gap' });
    const start = cells.length;
    for (const value of part) cells.push({ ...empty, value, content: block.poisoned ? 'poison' : 'key' });
    if (opens) for (const cell of cells.slice(start, start + 16)) cell.claim = 'point';
  }

  #cursor(cells: Cell[]): number {
    return cells.findLastIndex(({ claim }) => claim !== '') + 1;
  }

  runs(lane: string): { start: number; bytes: number }[] {
    const cells = this.lanes.get(lane) ?? [];
    const runs: { start: number; bytes: number }[] = [];
    for (let at = this.#cursor(cells); at < cells.length; at++) {
      if (cells[at]!.content !== 'key') continue;
      const last = runs.at(-1);
      if (last && last.start + last.bytes === at) last.bytes++;
      else runs.push({ start: at, bytes: 1 });
    }
    return runs;
  }

  reserve(lane: string, bytes: number): Range {
    const run = this.runs(lane).find((each) => each.bytes >= bytes);
    if (!run) throw new Refused('short');
    this.#claim(lane, run.start, bytes);
    return { lane, offset: run.start, bytes };
  }

  reserveAt({ lane, offset, bytes }: Range): void {
    const cells = this.lanes.get(lane);
    if (!cells) throw new Refused('missing');
    const asked = cells.slice(offset, offset + bytes);
    if (asked.some(({ claim }) => claim !== '')) throw new Refused('taken');
    const first = asked.find(({ content }) => content !== 'key');
    if (first) throw new Refused(first.content === 'gap' ? 'missing' : 'poisoned');
    if (asked.length < bytes) throw new Refused('missing');
    this.#claim(lane, offset, bytes);
  }

  #claim(lane: string, offset: number, bytes: number): void {
    this.#claims++;
    for (const cell of this.lanes.get(lane)!.slice(offset, offset + bytes)) {
      Object.assign(cell, { claim: 'reserved', claimId: this.#claims });
    }
  }

  spend({ lane, offset, bytes }: Range): string {
    const cells = this.lanes.get(lane);
    if (!cells) throw new Refused('missing');
    const asked = cells.slice(offset, offset + bytes);
    if (asked.some(({ claim }) => claim === 'spent' || claim === 'point')) throw new Refused('taken');
    const claimId = asked[0]?.claimId ?? 0;
    const whole = cells.filter((cell) => cell.claimId === claimId && cell.claim === 'reserved');
    if (
      asked.length < bytes ||
      claimId === 0 ||
      whole.length !== bytes ||
      !asked.every((cell) => cell.claimId === claimId)
    ) {
      throw new Refused('state');
    }
    const out = hex(Uint8Array.from(asked, ({ value }) => value));
    for (const cell of asked) Object.assign(cell, { claim: 'spent', value: 0 });
    return out;
  }

  /** Bytes of key that must be there still. */
  left(): number {
    let sum = 0;
    for (const { state, poisoned, bytes } of this.blocks.values()) {
      if (state === 'held' && !poisoned) sum += bytes.length;
    }
    for (const cells of this.lanes.values()) {
      sum += cells.filter(({ content, claim }) => content === 'key' && claim !== 'spent').length;
    }
    return sum;
  }

  poison(link: string, nowMs: number): number {
    this.poisonedAt.set(link, nowMs);
    let bytes = 0;
    const burned = new Set<number>();
    for (const [blockId, block] of this.blocks) {
      if (block.link !== link || block.poisoned || block.state === 'discarded') continue;
      block.poisoned = true;
      if (block.state === 'held') bytes += block.bytes.length;
      for (const [lane, cells] of this.lanes) {
        if (lane.startsWith('auth/')) continue;
        for (const cell of cells) {
          if (cell.block !== blockId || cell.content !== 'key') continue;
          if (cell.claim !== 'spent') bytes++;
          if (cell.claim === 'reserved') burned.add(cell.claimId);
          Object.assign(cell, { content: 'poison', value: 0 });
        }
      }
    }
    for (const cells of this.lanes.values()) {
      for (const cell of cells) if (burned.has(cell.claimId)) Object.assign(cell, { claim: 'spent', value: 0 });
    }
    return bytes * 8;
  }
}

const LANES = ['relay/x', 'kme/a>b', 'auth/x'];
const lane = fc.constantFrom(...LANES);
const blockId = fc.constantFrom(...'abcdefghijkl');
const link = fc.constantFrom('x', 'y');
const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('hold' as const),
      blockId,
      link,
      bytes: fc.integer({ min: 1, max: 90 }),
      age: fc.nat(3),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('release' as const),
      blockId,
      lane,
      from: fc.nat(20),
      gap: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(9) }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('discard' as const), blockId }) },
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constant('reserve' as const), lane, bytes: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('reserveAt' as const),
      lane,
      offset: fc.nat(150),
      bytes: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ op: fc.constantFrom('take' as const, 'burn' as const), index: fc.nat(50) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom('take' as const, 'burn' as const),
      lane,
      offset: fc.nat(150),
      bytes: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('poison' as const), link }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('reopen' as const) }) },
);

/** What a step gave, or the code with which it was refused. */
async function outcome(step: () => unknown): Promise<unknown> {
  try {
    return (await step()) ?? 'done';
  } catch (error) {
    const { code } = error as { code?: string };
    if (!code?.startsWith('vault/')) throw error;
    return code;
  }
}

onBoth('whatever is asked in whatever order, the vault answers as its model does', async (t, kind) => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 60 }), async (operations) => {
      const place = await Place.make(t, kind);
      const model = new Model();
      const ranges: Range[] = [];
      for (const step of operations) {
        place.nowMs += 1;
        const compare = async (real: (tx: VaultTransaction) => unknown, ideal: () => unknown): Promise<unknown> => {
          const found = await outcome(() => place.vault.atomically(async (tx) => await real(tx)));
          assert.deepEqual(found, await outcome(ideal), JSON.stringify(step));
          return found;
        };
        if (step.op === 'hold') {
          const bytes = pattern(step.bytes, step.blockId.charCodeAt(0));
          const createdAtMs = place.nowMs - step.age;
          const block = { ...step, labels: labels({ originLinks: [step.link], createdAtMs }), bytes: secret(bytes) };
          await compare(
            (tx) => tx.hold(block),
            () => model.hold(step.blockId, step.link, createdAtMs, bytes),
          );
        } else if (step.op === 'release') {
          await compare(
            async (tx) => {
              const to = await tx.heldBytes(step.blockId);
              const at = step.gap ? { at: (await tx.length(step.lane)) + step.gap } : {};
              await tx.release(step.blockId, [{ lane: step.lane, from: Math.min(step.from, to), to, ...at }]);
            },
            () => model.release(step.blockId, step.lane, step.from, step.gap),
          );
        } else if (step.op === 'discard') {
          await compare(
            (tx) => tx.discard(step.blockId),
            () => model.discard(step.blockId),
          );
        } else if (step.op === 'reserve') {
          const found = await compare(
            (tx) => tx.reserve(step.lane, step.bytes),
            () => model.reserve(step.lane, step.bytes),
          );
          if (typeof found === 'object') ranges.push(found as Range);
        } else if (step.op === 'reserveAt') {
          const { op: _, ...range } = step;
          const found = await compare(
            (tx) => tx.reserveAt(range),
            () => model.reserveAt(range),
          );
          if (found === 'done') ranges.push(range);
        } else if (step.op === 'take' || step.op === 'burn') {
          const range = 'index' in step ? ranges[step.index % Math.max(1, ranges.length)] : step;
          if (!range) continue;
          if (step.op === 'take')
            await compare(
              async (tx) => reveal(await tx.take(range)),
              () => model.spend(range),
            );
          else
            await compare(
              (tx) => tx.burn(range),
              () => void model.spend(range),
            );
        } else if (step.op === 'poison') {
          await compare(
            async (tx) => (await tx.poison(step.link, 'test')).bits,
            () => model.poison(step.link, place.nowMs),
          );
        } else {
          await place.reopen();
        }
        for (const name of LANES) {
          const runs = model.runs(name);
          const sum = (of: (bytes: number) => number): number => runs.reduce((all, { bytes }) => all + of(bytes), 0);
          assert.equal(
            await place.tx.available(name),
            sum((bytes) => bytes),
          );
          assert.equal(
            await place.tx.fits(name, 7),
            sum((bytes) => Math.floor(bytes / 7)),
          );
          assert.equal(await place.tx.run(name, 5), runs.find(({ bytes }) => bytes >= 5)?.bytes ?? 0);
        }
      }
      const { tx } = place;
      const held = [...model.blocks].filter(([, { state }]) => state === 'held').map(([id]) => id);
      assert.deepEqual(await tx.held(), held);
      for (const [id, block] of model.blocks) {
        assert.equal(await tx.wasReleased(id), block.state === 'released');
        if (block.state !== 'held') continue;
        assert.equal(
          await outcome(async () => reveal(await tx.readHeld(id))),
          block.poisoned ? 'vault/poisoned' : hex(block.bytes),
        );
      }
      await place.vault.close();
      if (kind === 'SQLite') {
        const file = new DatabaseSync(place.path, { readOnly: true });
        const { live } = file.prepare('SELECT coalesce(sum(live), 0) AS live FROM piece').get()!;
        file.close();
        assert.equal(live, model.left(), 'every byte is erased once');
      }
    }),
    { seed: 20_260_712, numRuns: kind === 'SQLite' ? 120 : 6 },
  );
});
