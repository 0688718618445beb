/** Looks for a string in texts, in time linear in the text whatever both are: the engine's search is quadratic where long periods meet. */

/** Characters up to which the engine's own search keeps its bound: V8 looks at the last 250 of a pattern when it skips. */
const ENGINE_SEARCHES = 128;

/** @returns whether a text holds `wanted` */
export function finder(wanted: string): (text: string) => boolean {
  if (wanted.length <= ENGINE_SEARCHES) return (text) => text.includes(wanted);
  let borders: Int32Array | undefined;
  return (text) => text.length >= wanted.length && holds(text, wanted, (borders ??= bordersOf(wanted)));
}

/** Knuth, Morris, Pratt: no character of the text is looked at again. */
function holds(text: string, wanted: string, borders: Int32Array): boolean {
  let matched = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    while (matched > 0 && wanted.charCodeAt(matched) !== unit) matched = borders[matched - 1] ?? 0;
    if (wanted.charCodeAt(matched) === unit) matched++;
    if (matched === wanted.length) return true;
  }
  return false;
}

/** For each prefix the length of its longest proper prefix that is its suffix too. */
function bordersOf(wanted: string): Int32Array {
  const borders = new Int32Array(wanted.length);
  let length = 0;
  for (let at = 1; at < wanted.length; at++) {
    while (length > 0 && wanted.charCodeAt(length) !== wanted.charCodeAt(at)) length = borders[length - 1] ?? 0;
    if (wanted.charCodeAt(length) === wanted.charCodeAt(at)) length++;
    borders[at] = length;
  }
  return borders;
}
