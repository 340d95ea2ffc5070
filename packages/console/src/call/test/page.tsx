import '../../tokens.css';
import '../../base.css';
import type { DeskCall, DeskPerson, DeskState } from '@skykey/telemetry';
import { openFeed } from '../../feed.ts';
import { mount } from '../../mount.tsx';
import { Store, useStore } from '../../store.ts';
import { CALL_EVENTS, CallEvents, CallPanel } from '../index.ts';

/** A page with the call and nothing else, for the test with real browsers: it does what the desk's page does. */
const store = new Store<DeskState | null>(null, 100);
const connection = new Store<boolean>(false, 100);
const events = new CallEvents();
const person: DeskPerson = { id: 'p-1', name: 'Li Wei', roles: ['speaker'] };

openFeed({
  url: '/api/events',
  events: ['desk', 'call', ...CALL_EVENTS],
  onConnection: (now) => connection.update(() => now === 'live'),
  onEvent: (name, data) => {
    if (name === 'desk') store.update(() => data as DeskState);
    else if (name === 'call') store.update((desk) => desk && { ...desk, call: data as DeskCall });
    else events.deliver(name, data);
  },
});

function Page() {
  const state = useStore(store);
  const connected = useStore(connection);
  return (
    <main>{state !== null && <CallPanel state={state} person={person} connected={connected} events={events} />}</main>
  );
}

mount(<Page />);
