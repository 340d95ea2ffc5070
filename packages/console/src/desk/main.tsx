import '../tokens.css';
import '../base.css';
import './desk.css';
import type { DeskState } from '@skykey/telemetry';
import { openFeed } from '../feed.ts';
import { mount } from '../mount.tsx';
import { Store } from '../store.ts';
import { words } from '../words.ts';
import { deskAddress } from './address.ts';
import { Desk, type DeskView } from './desk.tsx';

const address = deskAddress(location.pathname);

if (address === null) {
  mount(
    <main className="desk-unknown">
      <h1>{words.product}</h1>
      <p>{words.desk.unknown}</p>
      <a href="/">{words.desk.back}</a>
    </main>,
  );
} else {
  const store = new Store<DeskView>({ desk: null, connection: 'connecting' }, 100);
  openFeed({
    url: `${address.base}/api/events`,
    events: ['desk'],
    onConnection: (connection) => store.update((before) => ({ ...before, connection })),
    onEvent: (_, data) => store.update((before) => ({ ...before, desk: data as DeskState })),
  });
  mount(<Desk store={store} address={address} />);
}
