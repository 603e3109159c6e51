// The runs filter as SQL: every value is a parameter, every name comes from the table of columns.
import { LockstepError } from "../../core/errors.ts";
import type { Filter, Operator } from "../filter/parse.ts";
import type { Fragment, Sql } from "../sql.ts";
import { columnNamed, type Column } from "./columns.ts";

/** A condition on the run `r`. @param filter null: all runs @throws LockstepError "usage" */
export function filterSql(sql: Sql, filter: Filter | null): Fragment {
  if (filter === null) return sql`true`;
  switch (filter.kind) {
    case "all":
      return joined(sql, filter.parts, sql`and`);
    case "any":
      return joined(sql, filter.parts, sql`or`);
    case "not":
      return sql`(not coalesce(${filterSql(sql, filter.part)}, false))`;
    case "in":
      return sql`(${filter.values
        .map((value) => comparison(sql, columnNamed(filter.name), "=", value))
        .reduce((left, right) => sql`${left} or ${right}`)})`;
    case "compare":
      return comparison(sql, columnNamed(filter.name), filter.operator, filter.value);
  }
}

function joined(sql: Sql, parts: readonly Filter[], word: Fragment): Fragment {
  return sql`(${parts.map((part) => filterSql(sql, part)).reduce((left, right) => sql`${left} ${word} ${right}`)})`;
}

function comparison(sql: Sql, column: Column, operator: Operator, value: string): Fragment {
  const left = column.expression(sql);
  switch (column.kind) {
    case "tags":
      return operator === "!="
        ? sql`not (${value} = any(${left}))`
        : operator === "~"
          ? sql`exists (select 1 from unnest(${left}) t where t ilike ${`%${escapeLike(value)}%`})`
          : sql`${value} = any(${left})`;
    case "id":
      return sql`${left} ${operator === "!=" ? sql`not like` : sql`like`} ${`${escapeLike(value)}%`}`;
    case "number":
    case "share":
    case "duration":
      return sql`${left} ${operatorSql(sql, operator)} ${numberOf(column, value)}`;
    case "time":
      return sql`${left} ${operatorSql(sql, operator)} ${timeOf(column, value)}`;
    case "config":
      return configComparison(sql, left, operator, value);
    case "text":
      return textComparison(sql, left, operator, value);
  }
}

function textComparison(sql: Sql, left: Fragment, operator: Operator, value: string): Fragment {
  if (operator === "~") return sql`${left} ilike ${`%${escapeLike(value)}%`}`;
  return sql`${left} ${operatorSql(sql, operator)} ${value}`;
}

/** Numbers compare as numbers where the setting is one. */
function configComparison(sql: Sql, left: Fragment, operator: Operator, value: string): Fragment {
  const number = Number(value);
  if (operator === "~" || value === "" || Number.isNaN(number)) return textComparison(sql, left, operator, value);
  return sql`(case when ${left} ~ '^-?[0-9.]+([eE][+-]?[0-9]+)?$' then (${left})::float8 end) ${operatorSql(sql, operator)} ${number}`;
}

function operatorSql(sql: Sql, operator: Operator): Fragment {
  const words: Record<Operator, Fragment> = {
    "=": sql`=`,
    "!=": sql`is distinct from`,
    "<": sql`<`,
    "<=": sql`<=`,
    ">": sql`>`,
    ">=": sql`>=`,
    "~": sql`=`, // for numbers, "contains" is "equals"
  };
  return words[operator];
}

function numberOf(column: Column, value: string): number {
  const number = Number(value);
  if (value.trim() !== "" && !Number.isNaN(number)) return number;
  throw new LockstepError({
    code: "usage",
    message: `filter: ${column.key} is a number, received "${value}"`,
    next: `Example: ${column.key} > 0.8`,
  });
}

function timeOf(column: Column, value: string): Date {
  const time = new Date(value);
  if (!Number.isNaN(time.getTime())) return time;
  throw new LockstepError({
    code: "usage",
    message: `filter: ${column.key} is a time, received "${value}"`,
    next: `Example: ${column.key} > 2025-03-01`,
  });
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, (sign) => `\\${sign}`);
}
