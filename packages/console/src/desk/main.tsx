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
import { mount } from '../mount.tsx';
import { KeptDraft } from './composer/draft.ts';
import { Desk } from './desk.tsx';
import { Door } from './entry/door.tsx';

const kept = new KeptDraft();

mount(<Door>{(inside) => <Desk key={inside.person.id} kept={kept} {...inside} />}</Door>);
