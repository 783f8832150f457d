/** Where in a payload the trouble is, as the decoder's sentence says it: at a byte, or in a field. */

export interface Spot {
  /** The place of a byte, from 0. */
  readonly byte?: number;
  /** The place of a character, from 0. */
  readonly character?: number;
  /** A name or a value that stands in the payload. */
  readonly word?: string;
}

/** Reads `… (char 1)`, `byte 3 begins …`, `… ends at byte 4`, `'pm25' is not …`, `the message has pm2_5`. */
export function spotOf(detail: string): Spot {
  const character = /\(char (\d+)\)/.exec(detail)?.[1];
  if (character !== undefined) return { character: Number(character) };
  const byte = /\bbyte (\d+)/.exec(detail)?.[1];
  if (byte !== undefined) return { byte: Number(byte) };
  const word = /(?:^|: )'([^']{1,80})'/.exec(detail)?.[1] ?? /the message has ([^\s,]{1,80})/.exec(detail)?.[1] ?? /^(\d{4}-\d\d-\d\dT\S+) /.exec(detail)?.[1];
  return word === undefined ? {} : { word };
}

/** A text in three parts: before what is marked, that itself, and after it. */
export type Parts = readonly [before: string, marked: string, after: string];

/** Marks a spot in a payload that is text; undefined where it is not in there. */
export function markText(text: string, spot: Spot): Parts | undefined {
  const characters = Array.from(text);
  if (spot.character !== undefined) return markAt(characters, spot.character);
  if (spot.byte !== undefined) return markAt(characters, characterAt(characters, spot.byte));
  if (spot.word === undefined) return undefined;
  const quoted = `"${spot.word}"`;
  const marked = text.includes(quoted) ? quoted : spot.word;
  const at = text.indexOf(marked);
  return at < 0 ? undefined : [text.slice(0, at), marked, text.slice(at + marked.length)];
}

/** Just beyond the end, the last character is meant: what should follow it is missing. */
function markAt(characters: readonly string[], place: number): Parts | undefined {
  const at = place === characters.length ? place - 1 : place;
  const marked = characters[at];
  return marked === undefined ? undefined : [characters.slice(0, at).join(""), marked, characters.slice(at + 1).join("")];
}

/** Bytes are those of UTF-8; a character may have several. */
function characterAt(characters: readonly string[], byte: number): number {
  const encoder = new TextEncoder();
  let bytes = 0;
  for (const [place, character] of characters.entries()) {
    bytes += encoder.encode(character).length;
    if (bytes > byte) return place;
  }
  return bytes === byte ? characters.length : Infinity;
}

/** Which byte a spot is, for those who read hexadecimal. */
export function byteOf(text: string, spot: Spot): number | undefined {
  if (spot.byte !== undefined) return spot.byte;
  const marked = markText(text, spot);
  return marked === undefined ? undefined : new TextEncoder().encode(marked[0]).length;
}

/** Hexadecimal in pairs, sixteen to a line, with where each line begins; for people who read frames. */
export function hexLines(hex: string): { readonly at: string; readonly pairs: readonly string[] }[] {
  const pairs = hex.match(/../g) ?? [];
  return Array.from({ length: Math.ceil(pairs.length / 16) }, (_, line) => ({
    at: (line * 16).toString(16).padStart(4, "0"),
    pairs: pairs.slice(line * 16, line * 16 + 16),
  }));
}
