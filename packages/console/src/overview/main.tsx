import '../tokens.css';
import '../base.css';
import './overview.css';
import '../sky/sky.css';
import '../bits/bits.css';
import '../keys/keys.css';
import { createRoot } from 'react-dom/client';
import { still } from '../frames.ts';
import { applyTheme, rememberedTheme } from '../theme.ts';
import { Overview } from './overview.tsx';
import { openSource } from './source.ts';

applyTheme(rememberedTheme());
if (still) document.documentElement.dataset.still = '';
createRoot(document.getElementById('root')!).render(<Overview source={openSource()} />);
