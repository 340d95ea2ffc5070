import '../tokens.css';
import '../base.css';
import './desk.css';
import type { DeskState } from '@skykey/telemetry';
import { createRoot } from 'react-dom/client';
import { openFeed } from '../feed.ts';
import { still } from '../frames.ts';
import { Store } from '../store.ts';
import { applyTheme, rememberedTheme } from '../theme.ts';
import { words } from '../words.ts';
import { deskAddress } from './address.ts';
import { Desk, type DeskView } from './desk.tsx';

applyTheme(rememberedTheme());
if (still) document.documentElement.dataset.still = '';
const root = createRoot(document.getElementById('root')!);
const address = deskAddress(location.pathname);

if (address === null) {
  root.render(<p className="desk-unknown">{words.desk.unknown}</p>);
} else {
  const store = new Store<DeskView>({ desk: null, connection: 'connecting' }, 100);
  openFeed({
    url: `${address.base}/api/events`,
    events: ['desk'],
    onConnection: (connection) => store.update((before) => ({ ...before, connection })),
    onEvent: (_, data) => store.update((before) => ({ ...before, desk: data as DeskState })),
  });
  root.render(<Desk store={store} address={address} />);
}
