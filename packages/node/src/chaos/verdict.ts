import type { Call, GivenKey, History } from './history.ts';
import { isLinearizable, type Timed } from './linearize.ts';

/** What must never be; `verdict` looks for each. */
export type Rule =
  /** An application got its copy twice, or two requests the same key id. */
  | 'twice'
  /** Acknowledged to its master, and an application that it is for is told that it is not there. */
  | 'lost'
  /** Given to an application that it is not for. */
  | 'stranger'
  /** Given at a site after it was burned there, or at any site after all have been told. */
  | 'after-void'
  /** Given at a site after that site knew of an alarm on a link that it rests on. */
  | 'after-alarm'
  /** Given after its time. */
  | 'expired'
  /** Two applications got different bytes under one id. */
  | 'bytes-differ'
  /** The same bits in two keys. */
  | 'bits-twice'
  /** Bits that no link has made. */
  | 'foreign-bits'
  /** The labels hide the link that bits came from, or make them younger. */
  | 'label'
  /** `unauthorized` to an application that the key is for. */
  | 'refused-holder';

export interface Finding {
  readonly rule: Rule;
  readonly keyId: string;
  readonly text: string;
}

/** Why `not-found` was a right answer, counted; `race`: none of the others, the answers overlapped. */
export type Excuse = 'delivered-or-unknown' | 'void' | 'alarm' | 'age' | 'stranger' | 'other-key';

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly keys: number;
  readonly copies: number;
  /** Grains of 16 bytes given out. */
  readonly grains: number;
  readonly notFound: Readonly<Partial<Record<Excuse, number>>>;
}

const GRAIN_HEX = 32;

/** What one key is to its applications, as if one after the other asked. */
interface KeyState {
  readonly isMade: boolean;
  /** Applications that have got it. */
  readonly given: readonly string[];
  /** Sites that have burned it. */
  readonly burned: readonly string[];
}

/** Everything about one key id. */
interface Life {
  readonly keyId: string;
  readonly given: { readonly call: Call; readonly key: GivenKey }[];
  /** Calls that name it or brought it. */
  readonly calls: Call[];
  maker: Call | undefined;
}

/** A history with its few calls about links at hand. */
interface Scene extends History {
  readonly alarms: readonly Call[];
  readonly reopenings: readonly Call[];
}

/** Whether a history is one of a vault and a network that give each key once and lose none that was acknowledged. */
export function verdict(recorded: History): Verdict {
  const history: Scene = {
    ...recorded,
    alarms: recorded.calls.filter(({ asked }) => asked.kind === 'alarm'),
    reopenings: recorded.calls.filter(({ asked }) => asked.kind === 'reopen'),
  };
  const lives = livesOf(history.calls);
  const findings: Finding[] = [];
  const notFound: Partial<Record<Excuse, number>> = {};
  for (const life of lives.values()) {
    checkBytes(life, findings);
    checkOrder(life, history, findings);
    checkTimes(life, history, findings);
  }
  for (const call of history.calls) checkNotFound(call, lives, history, findings, notFound);
  const grains = checkGrains(lives, history, findings);
  const copies = [...lives.values()].reduce((sum, { given }) => sum + given.length, 0);
  return { findings, keys: lives.size, copies, grains, notFound };
}

function livesOf(calls: readonly Call[]): Map<string, Life> {
  const lives = new Map<string, Life>();
  const lifeOf = (keyId: string): Life => {
    const known = lives.get(keyId) ?? { keyId, given: [], calls: [], maker: undefined };
    lives.set(keyId, known);
    return known;
  };
  for (const call of calls) {
    const { asked, answer } = call;
    const given = answer.status === 'ok' ? answer.keys : [];
    const named = 'keyIds' in asked ? asked.keyIds : given.map(({ keyId }) => keyId);
    for (const keyId of named) {
      const life = lifeOf(keyId);
      life.calls.push(call);
      if (asked.kind === 'get' || asked.kind === 'assign') life.maker ??= call;
    }
    for (const key of given) lifeOf(key.keyId).given.push({ call, key });
  }
  return lives;
}

function holdersOf({ maker }: Life): { readonly master: string; readonly may: readonly string[] } | undefined {
  const asked = maker?.asked;
  if (asked?.kind === 'get') return { master: asked.saeId, may: asked.slaves };
  return asked?.kind === 'assign' ? { master: asked.saeId, may: [asked.saeId, ...asked.slaves] } : undefined;
}

// One key after the other

function checkBytes({ keyId, given }: Life, findings: Finding[]): void {
  if (new Set(given.map(({ key }) => key.hex)).size < 2) return;
  const who = given.map(({ call }) => ('saeId' in call.asked ? call.asked.saeId : call.node)).join(' and ');
  findings.push({ rule: 'bytes-differ', keyId, text: `${who} got different bytes` });
}

function checkOrder(life: Life, history: Scene, findings: Finding[]): void {
  const { keyId } = life;
  const calls = life.calls.filter((call) => !isNotFound(call) || isAlone(call));
  if (isLinearizable(stepsOf(life, calls, history), EMPTY)) return;
  const without = (out: (call: Call) => boolean): boolean =>
    isLinearizable(
      stepsOf(
        life,
        calls.filter((call) => !out(call)),
        history,
      ),
      EMPTY,
    );
  const holders = holdersOf(life);
  const takers = life.given.map(({ call }) => ('saeId' in call.asked ? call.asked.saeId : ''));
  const stranger = takers.find((saeId) => !holders || ![holders.master, ...holders.may].includes(saeId));
  const told = describe(life.calls);
  if (without(isNotFound)) findings.push({ rule: 'lost', keyId, text: `acknowledged and not found: ${told}` });
  else if (stranger !== undefined) findings.push({ rule: 'stranger', keyId, text: `${stranger} got it: ${told}` });
  else if (without(({ asked }) => asked.kind === 'void'))
    findings.push({ rule: 'after-void', keyId, text: `given after it was burned: ${told}` });
  else findings.push({ rule: 'twice', keyId, text: `no order of these explains the answers: ${told}` });
}

const EMPTY: KeyState = { isMade: false, given: [], burned: [] };

function stepsOf(life: Life, calls: readonly Call[], history: Scene): Timed<KeyState>[] {
  return calls.flatMap((call) => {
    const step = stepOf(life, call, history);
    if (!step) return [];
    // What failed for a reason of its own may have taken place, or may yet: the way to a database breaks after COMMIT, too.
    const isCertain = call.answer.status === 'ok' || isNotFound(call);
    return [{ invokedAt: call.invokedAt, returnedAt: isCertain ? call.returnedAt : Infinity, step }];
  });
}

function stepOf(life: Life, call: Call, history: Scene): ((state: KeyState) => readonly KeyState[]) | undefined {
  const { asked, answer, node } = call;
  const holders = holdersOf(life);
  const masterSite = holders ? history.siteOf(holders.master) : '';
  switch (asked.kind) {
    case 'get':
      return (state) => (state.isMade ? [] : [{ ...state, isMade: true, given: [asked.saeId] }]);
    case 'assign':
      return (state) => {
        if (state.isMade) return [];
        const made = { ...state, isMade: true };
        return answer.status === 'ok' ? [made] : [made, { ...made, burned: [masterSite] }];
      };
    case 'void':
      return (state) => [
        state.isMade && !state.burned.includes(node) ? { ...state, burned: [...state.burned, node].sort() } : state,
      ];
    case 'fetch': {
      if (answer.status === 'refused' && answer.code === 'unauthorized') return undefined;
      if (isNotFound(call)) {
        const excuse = excuseOf(life, call, history);
        return (state) => {
          const isGone = !state.isMade || state.given.includes(asked.saeId);
          return excuse || isGone || isBurned(state) ? [state] : [];
        };
      }
      const isFor = holders?.may.includes(asked.saeId) ?? false;
      return (state) => {
        const isThere = state.isMade && !state.given.includes(asked.saeId) && !state.burned.includes(node);
        const isOver = asked.isFinal && isBurned(state);
        return isFor && isThere && !isOver ? [{ ...state, given: [...state.given, asked.saeId].sort() }] : [];
      };
    }
    default:
      return undefined;
  }
}

/** Whoever burns it tells the site of the master, which tells the others, some time: all burn what is theirs. */
const isBurned = ({ burned }: KeyState): boolean => burned.length > 0;

const isNotFound = ({ asked, answer }: Call): boolean =>
  asked.kind === 'fetch' && answer.status === 'refused' && answer.code === 'not-found';

const isAlone = ({ asked }: Call): boolean => !('keyIds' in asked) || asked.keyIds.length === 1;

// Answers that say no

/** Why a key may not be there although nobody has got or burned it. */
function excuseOf(life: Life, call: Call, history: Scene): 'age' | 'alarm' | 'stranger' | undefined {
  const holders = holdersOf(life);
  if (call.asked.kind === 'fetch' && !holders?.may.includes(call.asked.saeId)) return 'stranger';
  const { maker } = life;
  if (!maker) return undefined;
  // Keys assigned ahead are handed out until half of their time is over.
  const lived = maker.asked.kind === 'get' ? history.keyTtlMs / 2 : history.keyTtlMs;
  if (call.clockMs[1] - maker.clockMs[0] >= lived - history.clockSpreadMs) return 'age';
  const labels = life.given[0]?.key;
  const isAlarmed = history.alarms.some(({ asked, answer, invokedAt, clockMs }) => {
    if (asked.kind !== 'alarm' || invokedAt > call.returnedAt) return false;
    // An alarm that the vault refused is raised again until it takes it.
    const late = answer.status === 'ok' ? history.clockSpreadMs : history.clockSpreadMs + history.keyTtlMs;
    return !labels || (labels.originLinks.includes(asked.link) && labels.createdAtMs <= clockMs[1] + late);
  });
  return isAlarmed ? 'alarm' : undefined;
}

/** Of several keys asked for at once one at least must have been missing; and who is named for all is not refused. */
function checkNotFound(
  call: Call,
  lives: ReadonlyMap<string, Life>,
  history: Scene,
  findings: Finding[],
  counts: Partial<Record<Excuse, number>>,
): void {
  const { asked, answer } = call;
  if (asked.kind !== 'fetch' || answer.status !== 'refused') return;
  const named = asked.keyIds.map((keyId) => lives.get(keyId)!);
  if (answer.code === 'unauthorized' && named.every((life) => holdersOf(life)?.may.includes(asked.saeId))) {
    const text = `${asked.saeId} is named for all of them and was refused as not authorized: ${describe(named[0]!.calls)}`;
    findings.push({ rule: 'refused-holder', keyId: asked.keyIds[0]!, text });
  }
  if (!isNotFound(call)) return;
  const explained = named.find((life) => {
    const calls = life.calls.filter((other) => other === call || !isNotFound(other));
    return isLinearizable(stepsOf(life, calls, history), EMPTY);
  });
  if (!explained) {
    if (isAlone(call)) return;
    const text = `${asked.saeId} was told that one of ${named.length} keys is missing, and none was`;
    findings.push({ rule: 'lost', keyId: asked.keyIds[0]!, text });
    return;
  }
  const isBurnt = explained.calls.some((other) => other.asked.kind === 'void' && other.invokedAt < call.returnedAt);
  const isTaken = explained.calls.some(
    (other) =>
      other !== call && other.asked.kind === 'fetch' && other.asked.saeId === asked.saeId && !isNotFound(other),
  );
  const excuse = isTaken
    ? 'delivered-or-unknown'
    : isBurnt
      ? 'void'
      : (excuseOf(explained, call, history) ?? 'other-key');
  counts[excuse] = (counts[excuse] ?? 0) + 1;
}

// Alarm and age

function checkTimes(life: Life, history: Scene, findings: Finding[]): void {
  const { keyId, maker } = life;
  for (const { call, key } of life.given) {
    if (key.expiresAtMs !== null && call.clockMs[0] > key.expiresAtMs + history.clockSpreadMs) {
      findings.push({ rule: 'expired', keyId, text: `good until ${key.expiresAtMs}, given at ${call.clockMs[0]}` });
    }
    for (const alarm of history.alarms) {
      if (alarm.asked.kind !== 'alarm' || alarm.answer.status !== 'ok' || alarm.node !== call.node) continue;
      const { link } = alarm.asked;
      if (!key.originLinks.includes(link) || alarm.returnedAt > call.invokedAt) continue;
      const reopened = history.reopenings.find(
        ({ asked, node, invokedAt }) =>
          asked.kind === 'reopen' && asked.link === link && node === alarm.node && invokedAt > alarm.returnedAt,
      );
      const isClosed = call.returnedAt < (reopened?.invokedAt ?? Infinity);
      const wasThere = maker !== undefined && maker.returnedAt < alarm.invokedAt;
      const isOlder = grainsOf(key.hex).some((grain) => {
        const origin = history.origins.get(grain);
        return origin?.link === link && origin.createdAtMs < Math.min(...alarm.clockMs);
      });
      if (!isClosed && !wasThere && !isOlder) continue;
      const why = isClosed ? 'the link was closed' : 'it was made before';
      const text = `${call.node} knew of the alarm on ${link} (${why}) and gave the key: ${describe([alarm, call])}`;
      findings.push({ rule: 'after-alarm', keyId, text });
    }
  }
}

// Bits

function grainsOf(hex: string): string[] {
  return Array.from({ length: Math.ceil(hex.length / GRAIN_HEX) }, (_, i) =>
    hex.slice(i * GRAIN_HEX, (i + 1) * GRAIN_HEX),
  );
}

function checkGrains(lives: ReadonlyMap<string, Life>, { origins }: History, findings: Finding[]): number {
  const owners = new Map<string, string>();
  for (const { keyId, given } of lives.values()) {
    const [first] = given;
    if (!first) continue;
    const { originLinks, createdAtMs } = first.key;
    for (const grain of grainsOf(first.key.hex)) {
      const owner = owners.get(grain);
      if (owner !== undefined)
        findings.push({ rule: 'bits-twice', keyId, text: `16 bytes of it are in ${owner}, too` });
      owners.set(grain, keyId);
      const origin = origins.get(grain);
      if (!origin) findings.push({ rule: 'foreign-bits', keyId, text: 'it has bits that no link has made' });
      else if (origin.link !== undefined && (!originLinks.includes(origin.link) || createdAtMs > origin.createdAtMs)) {
        const text = `bits of ${origin.link} made at ${origin.createdAtMs} are labelled ${originLinks.join(', ')} at ${createdAtMs}`;
        findings.push({ rule: 'label', keyId, text });
      }
    }
  }
  return owners.size;
}

function describe(calls: readonly Call[]): string {
  return calls
    .map(({ asked, node, invokedAt, returnedAt, answer }) => {
      const who = 'saeId' in asked ? asked.saeId : node;
      const what = answer.status === 'refused' ? answer.code : answer.status;
      return `${who} ${asked.kind}${'isFinal' in asked && asked.isFinal ? ' (final)' : ''} [${invokedAt}, ${returnedAt}] ${what}`;
    })
    .join('; ');
}
