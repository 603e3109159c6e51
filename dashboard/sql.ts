// Short names for postgres.js' types.
import type { PendingQuery, Row, Sql as PostgresSql } from "postgres";

export type Sql = PostgresSql;

/** A piece of SQL with its parameters, to be put into a larger one. */
export type Fragment = PendingQuery<Row[]>;
