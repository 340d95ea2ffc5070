/** Small choices that this browser remembers for its person: never a key, never a word that was said. */

/** Null where nothing is remembered or storage is closed. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`skykey-desk-${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`skykey-desk-${key}`, value);
  } catch {
    // A browser that stores nothing asks again next time.
  }
}
