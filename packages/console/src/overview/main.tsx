import '../tokens.css';
import '../base.css';
import './overview.css';
import '../sky/sky.css';
import '../bits/bits.css';
import '../keys/keys.css';
import { mount } from '../mount.tsx';
import { Overview } from './overview.tsx';
import { openSource } from './source.ts';

mount(<Overview source={openSource()} />);
