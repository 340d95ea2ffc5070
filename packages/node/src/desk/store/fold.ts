/** Letters that Unicode does not take apart, and that people type without their stroke. */
const STROKES: Readonly<Record<string, string>> = { Ø: 'O', Ł: 'L', Đ: 'D', Ħ: 'H', Ŧ: 'T', Æ: 'AE', Œ: 'OE' };

/**
 * Marks that a reader may leave out: accents, the points of Hebrew, the vowels of Arabic, and the line that lengthens it.
 * Not the voicing marks of Japanese nor the vowels of Indian scripts: without those it is another word.
 */
const MARKS = /[[\p{Mn}&&[\p{Script=Inherited}\p{Script=Hebrew}\p{Script=Arabic}]]--[\u3099\u309a]]|\u0640/gv;

/**
 * Text as search compares it: without case and without diacritics, compatibility forms made plain (Unicode NFKD). Upper case,
 * since lower case has two sigmas and upper case spells ß out.
 */
export function folded(text: string): string {
  return text
    .normalize('NFKD')
    .toUpperCase()
    .normalize('NFKD')
    .replace(MARKS, '')
    .replace(/[ØŁĐĦŦÆŒ]/g, (letter) => STROKES[letter]!);
}
