/**
 * Names of vault lanes, alike at both ends. `a>b` is the direction: `a` leads the lane and `b` follows. Both are nodes:
 * sites or satellites.
 */

/**
 * Key that `from` may use with `to` and that came by one way: for applications, or to be joined or combined further.
 * `way` is `wayOf` the routes of the key.
 */
export const keyLane = (from: string, to: string, way: string): string => `key/${from}>${to}/${way}`;

/** What all key lanes of a direction begin with. */
export const keyLanes = (from: string, to: string): string => `key/${from}>${to}/`;

/** Hash point and pads for what `from` says to `to`. */
export const peerLane = (from: string, to: string): string => `auth/${from}>${to}`;

/** Hash point and pads of the sessions of a quantum link; led by the transmitter, followed by the receiver. */
export const linkLane = (linkId: string): string => `auth/${linkId}`;

/** Key that was not shared by quantum links but carried under their pads, or taken in from a foreign system: this site's copy. */
export const CARRIED_LANE = 'own/carried';

/** The way of key that two nodes share by a quantum link between them. */
export const DIRECT = 'direct';

/**
 * The name of a way: the nodes between the ends, in order; several routes joined by `+`, sorted, so that both ends call
 * it alike. `direct` when there is nobody between. Seen from either end it is the same name.
 */
export function wayOf(routes: readonly (readonly string[])[]): string {
  return routes
    .map((route) => {
      const between = route.slice(1, -1);
      const reversed = [...between].reverse();
      // Both ends must call one route by one name, whichever of them it begins with.
      const named = route[0]! <= route.at(-1)! ? between : reversed;
      return named.length ? named.join('.') : DIRECT;
    })
    .sort()
    .join('+');
}
