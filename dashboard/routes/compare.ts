// GET /compare?runs=ID,ID or ?q=FILTER : runs side by side.
import { Hono } from "hono";
import { readComparison } from "../comparison/read.ts";
import type { DashboardDeps } from "../deps.ts";
import { ComparePage } from "../views/compare/page.tsx";
import type { CompareState } from "../views/compare/state.ts";
import { readCell } from "./run.ts";

export function compareRoutes({ store }: DashboardDeps): Hono {
  return new Hono().get("/compare", async (c) => {
    const state = readState((name) => c.req.query(name));
    return c.html(ComparePage(await readComparison(store.sql, state)));
  });
}

export function readState(query: (name: string) => string | undefined): CompareState {
  return {
    runs: (query("runs") ?? "").split(",").filter(Boolean),
    q: query("q") ?? "",
    group: query("group") ?? "run",
    a: query("a") ?? null,
    b: query("b") ?? null,
    cell: readCell(query("cell")),
    of: query("of") ?? "test",
  };
}
