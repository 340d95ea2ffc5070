import type { Session } from '../../session/session.ts';
import type { LineMachine } from '../../state/line.ts';
import type { Fault } from './faults.ts';
import type { Combine } from './leaks.ts';

/**
 * The shipped code, as it lies in the files of this package, with two differences, both made while it is loaded:
 *
 * - private fields have public names (`#roots` is `_roots`), so that all that a desk holds can be read and compared;
 * - key exchanges are asked once for each question, and the combiner is watched.
 *
 * A planted fault is one more: some words of one file are replaced, to show that the search finds it.
 */
export interface Opened {
  readonly combine: Combine;
  readonly Session: typeof Session;
  readonly LineMachine: typeof LineMachine;
}

interface Resolved {
  url: string;
}

interface Loaded {
  source?: string | ArrayBuffer | NodeJS.TypedArray | undefined;
}

/** `registerHooks` of `node:module`, handed in: this package does not reach for the loader by itself. */
export type RegisterHooks = (hooks: {
  resolve: <C extends { parentURL: string | undefined }, R extends Resolved>(
    specifier: string,
    context: C,
    next: (specifier: string, context: C) => R,
  ) => R;
  load: <C, R extends Loaded>(url: string, context: C, next: (url: string, context: C) => R) => R;
}) => unknown;

const PACKAGES = new URL('../../../../', import.meta.url).href;
const HERE = new URL('./', import.meta.url).href;
const INSTEAD: Readonly<Record<string, string>> = {
  'hotline/src/secret/key-exchange.ts': 'key-exchange-once.ts',
  'hotline/src/secret/combiner.ts': 'combiner-watched.ts',
};
const MARK = '?opened=';

const planted = new Map<string, Fault>();
const loaded = new Map<string, Promise<Opened>>();
let hooked = false;

/** One copy of the code for each fault; without one, as it is shipped. */
export function openShipped(register: RegisterHooks, fault: Fault | null = null): Promise<Opened> {
  const name = fault?.name ?? 'shipped';
  if (fault) planted.set(name, fault);
  if (!hooked) hook(register);
  hooked = true;
  const known = loaded.get(name);
  if (known) return known;
  const mark = `${MARK}${encodeURIComponent(name)}`;
  const opened = Promise.all([
    import(new URL(`../../session/session.ts${mark}`, import.meta.url).href) as Promise<{ Session: typeof Session }>,
    import(new URL(`../../state/line.ts${mark}`, import.meta.url).href) as Promise<{ LineMachine: typeof LineMachine }>,
    import(new URL(`../../secret/combiner.ts${mark}`, import.meta.url).href) as Promise<{ combine: Combine }>,
  ]).then(([{ Session }, { LineMachine }, { combine }]) => ({ Session, LineMachine, combine }));
  loaded.set(name, opened);
  return opened;
}

function hook(register: RegisterHooks): void {
  register({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context);
      const parent = context.parentURL ?? '';
      const at = parent.indexOf(MARK);
      if (at < 0 || !found.url.startsWith(PACKAGES)) return found;
      const mark = parent.slice(at);
      const [file] = found.url.split('?') as [string];
      const instead = INSTEAD[file.slice(PACKAGES.length)];
      if (instead && !parent.startsWith(HERE)) return { ...found, url: `${HERE}${instead}${mark}` };
      // What the search itself keeps is one for all copies.
      if (file.startsWith(HERE) && !Object.values(INSTEAD).includes(file.slice(HERE.length))) return found;
      return { ...found, url: `${file}${mark}` };
    },
    load: (url, context, next) => {
      const at = url.indexOf(MARK);
      if (at < 0) return next(url, context);
      const read = next(url.slice(0, at), context);
      const file = url.slice(PACKAGES.length, at);
      const name = decodeURIComponent(url.slice(at + MARK.length));
      const text =
        typeof read.source === 'string' ? read.source : new TextDecoder().decode(read.source as unknown as Uint8Array);
      return { ...read, source: open(plant(text, file, planted.get(name))) };
    },
  });
}

/** Private names only stand after a dot, at the beginning of a member, or after its modifiers. */
function open(source: string): string {
  return source.replace(/(?<=^\s*|\.|readonly |get |set |async |static )#(?=[a-z])/gm, '_');
}

function plant(source: string, file: string, fault: Fault | undefined): string {
  if (!fault || `hotline/src/${fault.file}` !== file) return source;
  const parts = source.split(fault.find);
  if (parts.length !== 2) {
    throw new Error(
      `the fault "${fault.name}" cannot be planted: its words stand ${parts.length - 1} times in ${file}`,
    );
  }
  return parts.join(fault.replace);
}
