import type { RelayState } from '@skykey/telemetry';
import { bits, spell, utcInstant, utcTime } from '../format.ts';
import { Pill, type Shape, type Tone } from '../marks.tsx';
import { words } from '../words.ts';

const LOOK: Record<RelayState['state'], { readonly shape: Shape; readonly tone: Tone }> = {
  announced: { shape: 'ring', tone: 'accent' },
  confirmed: { shape: 'disc', tone: 'ok' },
  poisoned: { shape: 'triangle', tone: 'bad' },
};

/** What went from one city to the other through the satellite, newest first. */
export function Relays({
  relays,
  names,
}: {
  readonly relays: readonly RelayState[];
  /** Names of nodes by their ids. */
  readonly names: ReadonlyMap<string, string>;
}) {
  const sorted = relays.toSorted((a, b) => b.utcMs - a.utcMs);
  return (
    <section className="panel relays" aria-labelledby="relays-title">
      <header className="panel-head">
        <h3 id="relays-title">{words.keys.relays}</h3>
      </header>
      {sorted.length === 0 ? (
        <p className="empty">{words.keys.relaysNone}</p>
      ) : (
        <section
          className="table-scroll"
          aria-label={words.keys.relaysLabel}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
          tabIndex={0}
        >
          <table className="table" data-testid="relays">
            <thead>
              <tr>
                <th scope="col">{words.keys.time}</th>
                <th scope="col">{words.keys.route}</th>
                <th scope="col" className="number">
                  {words.keys.amount}
                </th>
                <th scope="col">{words.keys.state}</th>
              </tr>
            </thead>
            <tbody>
              {sorted.map((relay) => (
                <tr key={relay.relayId}>
                  <th scope="row">
                    <time dateTime={utcInstant(relay.utcMs)}>{utcTime(relay.utcMs)}</time>
                  </th>
                  <td>
                    <bdi dir="ltr">{relay.route.map((id) => names.get(id) ?? id).join(' → ')}</bdi>
                  </td>
                  <td className="number">{spell(bits(relay.bits))}</td>
                  <td>
                    <Pill {...LOOK[relay.state]}>{words.keys.relay[relay.state]}</Pill>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <p className="panel-foot">{words.keys.trusted}</p>
    </section>
  );
}
