// Words of the runs filter: names, numbers, quoted text, operators and parentheses.
import { LockstepError } from "../../core/errors.ts";

export interface Token {
  readonly kind: "word" | "text" | "number" | "operator" | "open" | "close" | "comma";
  readonly value: string;
  /** Where it starts, from 0. */
  readonly at: number;
}

const PATTERNS: readonly (readonly [Token["kind"], RegExp])[] = [
  ["open", /\(/y],
  ["close", /\)/y],
  ["comma", /,/y],
  ["operator", /!=|<=|>=|=|<|>|~/y],
  ["text", /"((?:[^"\\]|\\.)*)"/y],
  ["number", /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.=/+-])/y],
  ["word", /[^\s()<>=!~,"]+(?:=[^\s()<>=!~,"]+)*/y], // a variant of a grid is named lr=0.001
];

/** @throws LockstepError "usage" at a character that begins no word */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    if (/\s/.test(text[at] as string)) {
      at++;
      continue;
    }
    const token = tokenAt(text, at, tokens.at(-1));
    tokens.push(token.token);
    at = token.end;
  }
  return tokens;
}

/** A column's name as the filter reads it: quoted where it has spaces or signs. */
export function nameInFilter(name: string): string {
  return /^[^\s()<>=!~,"]+$/.test(name) ? name : JSON.stringify(name);
}

function tokenAt(text: string, at: number, previous: Token | undefined): { token: Token; end: number } {
  for (const [kind, pattern] of PATTERNS) {
    // Only a value may hold "=": in `lr=0.001` as a condition the name ends before it.
    const source = kind === "word" && previous?.kind !== "operator" ? /[^\s()<>=!~,"]+/y : pattern;
    source.lastIndex = at;
    const match = source.exec(text);
    if (match !== null) {
      const value = kind === "text" ? (match[1] as string).replace(/\\(.)/g, "$1") : match[0];
      return { token: { kind, value, at }, end: source.lastIndex };
    }
  }
  throw new LockstepError({
    code: "usage",
    message: `filter: character ${at + 1}, "${text[at] as string}", begins no word`,
    next: 'Text with spaces or signs is put in double quotes: note ~ "first try".',
  });
}
