import { useState } from 'react';
import { Icon } from './marks.tsx';
import { applyTheme, rememberedTheme, type Theme } from './theme.ts';
import { words } from './words.ts';

const THEMES: readonly Theme[] = ['system', 'dark', 'light'];

export function ThemeSwitch() {
  const [theme, setTheme] = useState(rememberedTheme);
  return (
    <fieldset className="segments segments-icons" aria-label={words.theme.label}>
      {THEMES.map((choice) => (
        <button
          key={choice}
          type="button"
          className="segment"
          aria-pressed={theme === choice}
          aria-label={words.theme[choice]}
          title={words.theme[choice]}
          onClick={() => {
            applyTheme(choice);
            setTheme(choice);
          }}
        >
          <Icon name={choice} />
        </button>
      ))}
    </fieldset>
  );
}
