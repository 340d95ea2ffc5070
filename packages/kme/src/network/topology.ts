/** Who is in the network and which links hold key: checked once, then a picture that nobody changes. */
import { KmeError } from '../error.ts';

export interface NetworkNode {
  /** 1 to 64 letters, digits, and `. _ ~ : -`. */
  readonly id: string;
  readonly kind: 'site' | 'satellite' | 'ground-segment';
  /** Where it stands: ISO 3166-1 alpha-2; `ORBIT` for satellites and for nothing else; null when nobody told. */
  readonly jurisdiction: string | null;
  readonly owner?: string;
  /** Nodes of one name are taken for one when paths have to be disjoint: who reads one of them reads all. */
  readonly trustGroup?: string;
  /** Satellites that a ground segment commands. It is in one trust group with them: it can read what they hold. */
  readonly controls?: readonly string[];
}

/** Common key of two nodes: of a quantum link, or of a virtual link that joins made of several. */
export interface NetworkLink {
  readonly id: string;
  readonly ends: readonly [string, string];
  /** Of a virtual link the nodes between, who have all known its key; absent or empty for a quantum link. */
  readonly through?: readonly string[];
  /** `passive`: makes no key, what is in store is good. `alarm`: nothing of it may be used. */
  readonly state: 'open' | 'passive' | 'alarm';
  /** In store at both ends and promised to nobody. */
  readonly stockBits: number;
  /** Key that it makes at present; 0 of a passive one. */
  readonly rateBps: number;
  /** When the oldest bit in store was made, UTC; null when there is none. */
  readonly oldestAtMs: number | null;
  readonly proof: string;
  /** Of a block; a path adds up those of its links. */
  readonly epsSec: number;
  readonly epsCor: number;
  readonly simulated: boolean;
}

/** What counts as one when nodes are counted: a trust group, or everything of one owner besides. */
export type Likeness = 'group' | 'owner';

const NODE_ID = /^[A-Za-z0-9._~:-]{1,64}$/;
const JURISDICTION = /^[A-Z]{2}$/;
export const ORBIT = 'ORBIT';

/** Whether it is a place that a node can stand in: ISO 3166-1 alpha-2 by its form, or `ORBIT`. */
export const isJurisdiction = (text: string): boolean => text === ORBIT || JURISDICTION.test(text);

export class Topology {
  /** By id, whatever the order they came in: what is computed does not depend on it. */
  readonly nodes: readonly NetworkNode[];
  readonly links: readonly NetworkLink[];
  readonly #nodes: ReadonlyMap<string, NetworkNode>;
  readonly #links: ReadonlyMap<string, NetworkLink>;
  readonly #classes: Readonly<Record<Likeness, ReadonlyMap<string, string>>>;

  /** Throws KmeError `kme/topology`: what is listed twice, unknown, or contradicts itself, and what would be right. */
  constructor(nodes: readonly NetworkNode[], links: readonly NetworkLink[]) {
    this.nodes = [...nodes].sort(byId);
    this.links = [...links].sort(byId);
    this.#nodes = indexed(this.nodes, 'node');
    this.#links = indexed(this.links, 'link');
    for (const node of this.nodes) checkNode(node, this.#nodes);
    for (const link of this.links) checkLink(link, this.#nodes);
    this.#classes = { group: classes(this.nodes, 'group'), owner: classes(this.nodes, 'owner') };
  }

  /** Throws KmeError `kme/topology` for an unknown id. */
  node(id: string): NetworkNode {
    return this.#nodes.get(id) ?? refuse(`there is no node ${id} in the network; add it, or name one that is listed`);
  }

  /** Throws KmeError `kme/topology` for an unknown id. */
  link(id: string): NetworkLink {
    return this.#links.get(id) ?? refuse(`there is no link ${id} in the network; add it, or name one that is listed`);
  }

  has(nodeId: string): boolean {
    return this.#nodes.has(nodeId);
  }

  /** Name of what the node counts as one with: two nodes are alike when these are equal. Throws as `node`. */
  likeness(nodeId: string, by: Likeness = 'group'): string {
    return this.#classes[by].get(this.node(nodeId).id)!;
  }

  /**
   * Where key stands that these nodes know, in order: of each node its own place, and of a satellite also the places of
   * the ground segments that command it. Empty when one of them is not told: then nothing can be said. Throws as `node`.
   */
  jurisdictions(nodeIds: Iterable<string>): readonly string[] {
    const places = new Set<string | null>();
    for (const id of nodeIds) {
      for (const place of this.#places(this.node(id))) places.add(place);
    }
    return places.has(null) ? [] : [...(places as Set<string>)].sort();
  }

  #places({ id, kind, jurisdiction }: NetworkNode): (string | null)[] {
    const commanders = kind === 'satellite' ? this.nodes.filter(({ controls }) => controls?.includes(id)) : [];
    return [jurisdiction, ...commanders.map((commander) => commander.jurisdiction)];
  }

  /** The same nodes with other links, say with those of today's stocks. Throws as the constructor. */
  withLinks(links: readonly NetworkLink[]): Topology {
    return new Topology(this.nodes, links);
  }
}

const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  a.id < b.id ? -1 : a.id > b.id ? 1 : 0;

function refuse(message: string): never {
  throw new KmeError('kme/topology', message);
}

function indexed<T extends { readonly id: string }>(sorted: readonly T[], what: string): Map<string, T> {
  for (const { id } of sorted) {
    if (!NODE_ID.test(id)) {
      refuse(`a ${what} id has 1 to 64 letters, digits and any of "._~:-", not ${JSON.stringify(id)}`);
    }
  }
  sorted.forEach(({ id }, i) => {
    if (sorted[i + 1]?.id === id) refuse(`the ${what} ${id} is listed twice; leave one of the two`);
  });
  return new Map(sorted.map((one) => [one.id, one]));
}

function checkNode(node: NetworkNode, nodes: ReadonlyMap<string, NetworkNode>): void {
  const { id, kind, jurisdiction, controls = [] } = node;
  const inOrbit = kind === 'satellite';
  if (jurisdiction !== null && (inOrbit ? jurisdiction !== ORBIT : !JURISDICTION.test(jurisdiction))) {
    const right = inOrbit ? ORBIT : 'two capital letters of ISO 3166-1, or null when it is not known';
    refuse(`node ${id} is a ${kind} with jurisdiction ${JSON.stringify(jurisdiction)}; it must be ${right}`);
  }
  for (const name of ['owner', 'trustGroup'] as const) {
    if (node[name] === '') refuse(`node ${id} has an empty ${name}; name it, or leave it out`);
  }
  if (controls.length > 0 && kind !== 'ground-segment') {
    refuse(`node ${id} is a ${kind} and controls ${controls[0]}; only a ground-segment controls satellites`);
  }
  controls.forEach((satellite, i) => {
    const controlled = nodes.get(satellite)?.kind;
    if (controlled !== 'satellite') {
      const what = controlled ? `is a ${controlled}` : 'is not in the network';
      refuse(`node ${id} controls ${satellite}, which ${what}; name a satellite of the network`);
    }
    if (controls.indexOf(satellite) < i) refuse(`node ${id} controls ${satellite} twice; name it once`);
  });
}

function checkLink(link: NetworkLink, nodes: ReadonlyMap<string, NetworkNode>): void {
  const { id, ends, through = [], state, stockBits, rateBps, oldestAtMs } = link;
  const along = [...ends, ...through];
  along.forEach((node, i) => {
    if (!nodes.has(node))
      refuse(`link ${id} names the node ${node}, which is not in the network; add it, or name another`);
    if (along.indexOf(node) < i) refuse(`link ${id} passes ${node} twice; its nodes must all be different`);
  });
  if (!Number.isSafeInteger(stockBits) || stockBits < 0) {
    refuse(`link ${id} has stockBits ${stockBits}; it must be a whole number, 0 or more`);
  }
  if (!Number.isFinite(rateBps) || rateBps < 0) refuse(`link ${id} has rateBps ${rateBps}; it must be 0 or more`);
  if (state !== 'open' && rateBps > 0) {
    refuse(
      `link ${id} is in state ${state} and has rateBps ${rateBps}; only an open link makes key: set the rate to 0`,
    );
  }
  if (through.length > 0 && rateBps > 0) {
    refuse(`link ${id} is virtual and has rateBps ${rateBps}; joins make its key, not photons: set the rate to 0`);
  }
  if (stockBits > 0 !== (oldestAtMs !== null) || (oldestAtMs !== null && !Number.isFinite(oldestAtMs))) {
    refuse(
      `link ${id} has stockBits ${stockBits} and oldestAtMs ${oldestAtMs}; key in store has a time, no key has null`,
    );
  }
  if (link.proof === '') refuse(`link ${id} has an empty proof; name the proof by which its key is secret`);
  for (const eps of ['epsSec', 'epsCor'] as const) {
    if (!(link[eps] >= 0 && link[eps] < 1)) refuse(`link ${id} has ${eps} ${link[eps]}; it must be from 0 to below 1`);
  }
}

/** Classes are closed under every likeness at once: a group that touches two owners makes them one. */
function classes(nodes: readonly NetworkNode[], by: Likeness): Map<string, string> {
  const parent = new Map(nodes.map(({ id }) => [id, id]));
  const root = (id: string): string => {
    let at = id;
    for (let up = parent.get(at)!; up !== at; up = parent.get(at)!) at = up;
    return at;
  };
  // The smaller id is the root, so that the name of a class does not depend on the order of unions.
  const unite = (a: string, b: string): void => {
    const [low, high] = [root(a), root(b)].sort() as [string, string];
    parent.set(high, low);
  };
  const first = new Map<string, string>();
  const share = (id: string, name: string): void => {
    const other = first.get(name);
    if (other === undefined) first.set(name, id);
    else unite(other, id);
  };
  for (const { id, trustGroup, owner, controls = [] } of nodes) {
    if (trustGroup !== undefined) share(id, `group ${trustGroup}`);
    if (by === 'owner' && owner !== undefined) share(id, `owner ${owner}`);
    for (const satellite of controls) unite(id, satellite);
  }
  return new Map(nodes.map(({ id }) => [id, root(id)]));
}
