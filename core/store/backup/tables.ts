// The tables that a backup holds: those of the schema, each after the tables that it refers to.
import { is } from "drizzle-orm";
import { getTableConfig, PgTable } from "drizzle-orm/pg-core";
import type { TransactionSql } from "postgres";
import * as schema from "../schema.ts";

/** Names of all tables, in an order in which they can be filled. */
export const tableNames: readonly string[] = fillingOrder();

function fillingOrder(): string[] {
  const tables = Object.values(schema as Record<string, unknown>).filter((value): value is PgTable =>
    is(value, PgTable),
  );
  const order = new Set<string>();
  const visit = (table: PgTable): void => {
    const { name, foreignKeys } = getTableConfig(table);
    for (const key of foreignKeys) {
      const { foreignTable } = key.reference();
      if (foreignTable !== table) visit(foreignTable);
    }
    order.add(name);
  };
  for (const table of tables) visit(table);
  return [...order];
}

/** Those that stand in the current schema, with their columns: a database of an older migration has fewer. */
export async function presentTables(sql: TransactionSql): Promise<{ name: string; columns: string[] }[]> {
  const rows = await sql<{ name: string; columns: string[] }[]>`
    select table_name as name, array_agg(column_name::text order by ordinal_position) as columns
    from information_schema.columns where table_schema = current_schema() and table_name in ${sql(tableNames)}
    group by table_name`;
  const columns = new Map(rows.map((row) => [row.name, row.columns]));
  return tableNames.flatMap((name) => {
    const present = columns.get(name);
    return present === undefined ? [] : [{ name, columns: present }];
  });
}
