/** Which theme is wanted: the system's, or one chosen here and remembered by this browser. */
export type Theme = 'system' | 'dark' | 'light';

const KEY = 'skykey-theme';

/** The remembered choice; `system` where nothing is remembered or storage is closed. */
export function rememberedTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'dark' || stored === 'light' ? stored : 'system';
  } catch {
    return 'system';
  }
}

/** Puts a theme on the page, remembers it, and tells those who paint on canvas. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // A browser that stores nothing still shows the theme until it is closed.
  }
  window.dispatchEvent(new Event('skykey-theme'));
}

/** Calls back when colours may have changed, by choice or by the system; returns the way out. */
export function watchTheme(watcher: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  window.addEventListener('skykey-theme', watcher);
  system.addEventListener('change', watcher);
  return () => {
    window.removeEventListener('skykey-theme', watcher);
    system.removeEventListener('change', watcher);
  };
}

/** The present value of a colour token, resolved, for a canvas. */
export function tokenColour(element: HTMLElement, token: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${token})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
