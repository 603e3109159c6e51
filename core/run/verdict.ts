// A verdict, line by line: what was compared, how it came out, and where the first difference is.
export type Verdict = "same" | "differs" | "not checked";

export interface VerdictLine {
  readonly what: string;
  readonly verdict: Verdict;
  /** What differs, or why it was not checked; null where there is nothing to say. */
  readonly detail: string | null;
}

export function same(what: string, detail: string | null = null): VerdictLine {
  return { what, verdict: "same", detail };
}

export function notChecked(what: string, detail: string): VerdictLine {
  return { what, verdict: "not checked", detail };
}

/** "differs" with the findings, the first ones in full; "same" without any. */
export function judged(what: string, findings: readonly string[], most = 3): VerdictLine {
  if (findings.length === 0) return same(what);
  const more = findings.length > most ? `; and ${findings.length - most} more` : "";
  return { what, verdict: "differs", detail: findings.slice(0, most).join("; ") + more };
}

/** "differs" as soon as one line does. */
export function overall(lines: readonly VerdictLine[]): Verdict {
  if (lines.some(({ verdict }) => verdict === "differs")) return "differs";
  return lines.some(({ verdict }) => verdict === "same") ? "same" : "not checked";
}
