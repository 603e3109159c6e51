// The runs filter as a tree: comparisons joined by and, or, not and parentheses.
// Example: variant = frozen and test.recall > 0.8 and not status in (failed, lost)
import { LockstepError } from "../../core/errors.ts";
import { tokenize, type Token } from "./tokens.ts";

export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~";

export type Filter =
  | { readonly kind: "all"; readonly parts: readonly Filter[] }
  | { readonly kind: "any"; readonly parts: readonly Filter[] }
  | { readonly kind: "not"; readonly part: Filter }
  | { readonly kind: "in"; readonly name: string; readonly values: readonly string[] }
  | { readonly kind: "compare"; readonly name: string; readonly operator: Operator; readonly value: string };

/** @returns null for an empty text @throws LockstepError "usage" */
export function parseFilter(text: string): Filter | null {
  const tokens = tokenize(text);
  if (tokens.length === 0) return null;
  const reader = new TokenReader(tokens, text.length);
  const filter = readAny(reader);
  const rest = reader.peek();
  if (rest !== null) throw unexpected(reader, "and, or, or the end");
  return filter;
}

/** Owns the position in the tokens. */
class TokenReader {
  private position = 0;
  private readonly tokens: readonly Token[];
  readonly length: number;

  constructor(tokens: readonly Token[], length: number) {
    this.tokens = tokens;
    this.length = length;
  }

  peek(): Token | null {
    return this.tokens[this.position] ?? null;
  }

  /** Takes the next token when it is of this kind (and, for words, this word). */
  take(kind: Token["kind"], word?: string): Token | null {
    const token = this.peek();
    if (token?.kind !== kind || (word !== undefined && token.value.toLowerCase() !== word)) return null;
    this.position++;
    return token;
  }
}

function readAny(reader: TokenReader): Filter {
  const parts = [readAll(reader)];
  while (reader.take("word", "or")) parts.push(readAll(reader));
  return parts.length === 1 ? (parts[0] as Filter) : { kind: "any", parts };
}

function readAll(reader: TokenReader): Filter {
  const parts = [readOne(reader)];
  while (reader.take("word", "and")) parts.push(readOne(reader));
  return parts.length === 1 ? (parts[0] as Filter) : { kind: "all", parts };
}

function readOne(reader: TokenReader): Filter {
  if (reader.take("word", "not")) return { kind: "not", part: readOne(reader) };
  if (reader.take("open")) {
    const inner = readAny(reader);
    if (!reader.take("close")) throw unexpected(reader, ")");
    return inner;
  }
  const name = reader.take("word") ?? reader.take("text"); // quoted where it has spaces or signs
  if (name === null) throw unexpected(reader, "a column's name");
  if (reader.take("word", "in")) return { kind: "in", name: name.value, values: readList(reader) };
  const operator = reader.take("operator");
  if (operator === null) throw unexpected(reader, "=, !=, <, <=, >, >=, ~ or in");
  return { kind: "compare", name: name.value, operator: operator.value as Operator, value: readValue(reader) };
}

function readList(reader: TokenReader): string[] {
  if (!reader.take("open")) throw unexpected(reader, "( and a list");
  const values = [readValue(reader)];
  while (reader.take("comma")) values.push(readValue(reader));
  if (!reader.take("close")) throw unexpected(reader, ", or )");
  return values;
}

function readValue(reader: TokenReader): string {
  const token = reader.take("number") ?? reader.take("text") ?? reader.take("word");
  if (token === null) throw unexpected(reader, "a value");
  return token.value;
}

function unexpected(reader: TokenReader, expected: string): LockstepError {
  const token = reader.peek();
  const where = token === null ? "the end" : `character ${token.at + 1}, "${token.value}"`;
  return new LockstepError({
    code: "usage",
    message: `filter: at ${where} expected ${expected}`,
    next: "Example: variant = frozen and test.recall > 0.8 and not status in (failed, lost)",
  });
}
