// The documented views and their columns, as the database has them.
import type { Sql } from "../sql.ts";

export interface ViewColumns {
  readonly view: string;
  readonly columns: readonly string[];
}

export async function readViews(sql: Sql): Promise<ViewColumns[]> {
  return sql<ViewColumns[]>`
    select table_name as view, array_agg(column_name::text order by ordinal_position) as columns
    from information_schema.columns where table_schema = current_schema() and table_name like 'v\\_%'
    group by table_name order by table_name`;
}
