// What a statement of a user's own may be: one that asks. On a server of the user's own, where it runs as our login with a role taken
// on, also which functions it may not name: those that lead out of that role, run SQL of their own or act on the server.
import { LockstepError } from "../errors.ts";

/** Whose answers come in parts as the reader takes them; the other two have short ones, and a cursor would lose them. */
const IN_PARTS = new Set(["select", "values", "with", "table"]);
const WHOLE = new Set(["explain", "show"]);

/** Blanks, comments and opening brackets before the first word. */
const BEFORE_FIRST_WORD = /^(?:[\s(]|--[^\n\r]*)+/;

/** A function must be named in the statement itself: those that take SQL as text are among these, and U&"…" names are refused. */
const HELD_BACK = new RegExp(
  "\\b(" +
    [
      "set_config",
      "(?:query|cursor|table|schema|database)_to_xml\\w*",
      "ts_stat|ts_rewrite",
      "dblink\\w*|crosstab\\w*|connectby|xpath_table",
      "lo_\\w+|lo(?:read|write)|be_lo\\w*",
      "pg_(?:try_)?advisory\\w*",
      "pg_(?:terminate|cancel)_backend|pg_notify|pg_signal\\w*|pg_log_backend\\w*",
      "pg_(?:read|ls|file|import|export|logical|replication|sync|create|drop|copy|switch|start|stop|wal|promote|reload|rotate)_\\w+",
      "pg_(?:stat_file|promote|prewarm|execute_server_program|backup\\w*|stat_reset\\w*|stat_clear\\w*|restore\\w*|clear\\w*)",
      "nextval|setval|txid_current|pg_current_xact_id|pg_current_logfile",
    ].join("|") +
    ")\\b",
  "i",
);
const ESCAPED_NAME = /\bu&"/i;

/** @returns whether the answer comes in parts @throws LockstepError "usage" where the first word is none of those that only ask */
export function answersInParts(text: string): boolean {
  const word = firstWord(text);
  if (word === null || IN_PARTS.has(word)) return true; // null: Postgres says what is wrong
  if (WHOLE.has(word)) return false;
  throw new LockstepError({
    code: "usage",
    message: `sql: the statement begins with ${word.toUpperCase()}; only SELECT, VALUES, WITH, TABLE, EXPLAIN and SHOW are run here.`,
    next: "exp sql --write allows a statement that changes the database.",
  });
}

/** @throws LockstepError "usage" where the text names a function that is held back, be it in a string or a comment */
export function refuseHeldBack(text: string): void {
  const name = HELD_BACK.exec(text)?.[0] ?? ESCAPED_NAME.exec(text)?.[0];
  if (name === undefined) return;
  throw new LockstepError({
    code: "usage",
    message: `sql: ${name} cannot be used here: a query only reads.`,
    next: "Leave it out; psql with the address of DATABASE_URL has no such rule.",
  });
}

function firstWord(text: string): string | null {
  let rest = text;
  for (;;) {
    rest = rest.replace(BEFORE_FIRST_WORD, "");
    if (!rest.startsWith("/*")) break;
    rest = rest.slice(endOfComment(rest));
  }
  return /^[a-z_]+/i.exec(rest)?.[0].toLowerCase() ?? null;
}

/** Comments nest. */
function endOfComment(text: string): number {
  let depth = 0;
  for (const { 0: mark, index } of text.matchAll(/\/\*|\*\//g)) {
    depth += mark === "/*" ? 1 : -1;
    if (depth === 0) return index + 2;
  }
  return text.length;
}
