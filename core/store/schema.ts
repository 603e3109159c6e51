// The tables, in drizzle's terms; `npm run migrations` turns a change here into SQL under migrations/. docs/sql.md explains each column.
export * from "./schema/projects.ts";
export * from "./schema/datasets.ts";
export * from "./schema/runs.ts";
export * from "./schema/curves.ts";
export * from "./schema/outcomes.ts";
export * from "./schema/attachments.ts";
export * from "./schema/evaluations.ts";
export * from "./schema/kernel-times.ts";
export * from "./schema/halving.ts";
export * from "./schema/artifact-store.ts";
export * from "./schema/people.ts";
