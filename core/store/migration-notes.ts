// What each migration changes, in a sentence: the comment that its SQL file begins with, else the tables that it adds.
import { knownMigrations } from "./migrate.ts";

export interface MigrationNote {
  readonly number: number;
  readonly note: string;
}

/** Of the migrations after the first `from`, up to the number `to`. */
export function migrationNotes(from: number, to: number): MigrationNote[] {
  return knownMigrations
    .slice(from, to)
    .map(({ sql }, index) => ({ number: from + index + 1, note: commentOf(sql[0] ?? "") ?? tablesOf(sql) }));
}

function commentOf(statement: string): string | null {
  const lines = /^(?:--.*\n)+/.exec(statement.trimStart())?.[0];
  return lines === undefined
    ? null
    : lines
        .replaceAll(/^--\s*/gm, "")
        .trim()
        .replaceAll("\n", " ");
}

function tablesOf(statements: readonly string[]): string {
  const tables = statements.flatMap((statement) => /^\s*CREATE TABLE "(\w+)"/.exec(statement)?.[1] ?? []);
  return `New tables: ${tables.join(", ")}.`;
}
