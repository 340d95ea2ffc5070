import '../tokens.css';
import '../base.css';
import './desk.css';
import './entry/entry.css';
import './line/line.css';
import './conversation/conversation.css';
import './conversation/search.css';
import './files/files.css';
import './composer/composer.css';
import './alarm/alarm.css';
import './side/side.css';
import './side/forms.css';
import { CALL_EVENTS, CallEvents, CallPanel } from '../call/index.ts';
import { mount } from '../mount.tsx';
import { KeptDraft } from './composer/draft.ts';
import { type CallSlotProps, Desk, type DeskSlots } from './desk.tsx';
import { Door } from './entry/door.tsx';

const kept = new KeptDraft();
const events = new CallEvents();
const slots: DeskSlots = {
  call: ({ state, person, connected }: CallSlotProps) => (
    <CallPanel state={state} person={person} connected={connected} events={events} />
  ),
  listener: { names: CALL_EVENTS, deliver: (name, data) => events.deliver(name, data) },
};

mount(<Door>{(inside) => <Desk key={inside.person.id} kept={kept} slots={slots} {...inside} />}</Door>);
