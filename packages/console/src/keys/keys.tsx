import type { RelayState } from '@skykey/telemetry';
import { linkViews, type Observed } from '../observed.ts';
import { type Store, useStore } from '../store.ts';
import { Relays } from './relays.tsx';
import { Stock } from './stock.tsx';

/** Key stores of both sites and the relays between them. */
export function Keys({ store }: { readonly store: Store<Observed> }) {
  const observed = useStore(store);
  return (
    <div className="keys">
      {linkViews(observed).map(({ site }) => site !== null && <Stock key={site.nodeId} site={site} />)}
      <Relays relays={allRelays(observed)} names={nodeNames(observed)} />
    </div>
  );
}

function nodeNames({ satellites, sites }: Observed): ReadonlyMap<string, string> {
  return new Map([...Object.values(satellites), ...Object.values(sites)].map(({ nodeId, name }) => [nodeId, name]));
}

const GRAVITY = { announced: 0, confirmed: 1, poisoned: 2 } as const;

/** Every relay once, in the last state anybody told: announced, then confirmed, then perhaps poisoned. */
export function allRelays(observed: Observed): readonly RelayState[] {
  const relays = new Map<string, RelayState>();
  for (const node of [...Object.values(observed.satellites), ...Object.values(observed.sites)]) {
    for (const relay of node.relays) {
      const known = relays.get(relay.relayId);
      if (known === undefined || GRAVITY[relay.state] > GRAVITY[known.state]) relays.set(relay.relayId, relay);
    }
  }
  return [...relays.values()];
}
