/** @file A key that stands twice in one object of a JSON text, which `JSON.parse` passes over in silence. */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** The first such key, unescaped; undefined where there is none. `text` is well-formed JSON. */
export function duplicateKey(text: string): string | undefined {
  const objects: (Set<string> | null)[] = []; // null: an array
  let string = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{') objects.push(new Set());
    else if (token === '[') objects.push(null);
    else if (token === '}' || token === ']') objects.pop();
    else if (token === ':') {
      const key = JSON.parse(string) as string;
      const keys = objects.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    } else string = token;
  }
  return undefined;
}
