// GET /sql?q= : a user's own query. A link from another site only fills the form in.
import { Hono } from "hono";
import { LockstepError } from "../../core/errors.ts";
import type { DashboardDeps } from "../deps.ts";
import { runReadOnly, type Answer } from "../queries/read-only.ts";
import { readViews } from "../queries/views-list.ts";
import { SqlPage } from "../views/sql.tsx";

export function sqlRoutes({ store }: DashboardDeps): Hono {
  return new Hono().get("/sql", async (c) => {
    const text = c.req.query("q") ?? "";
    const held = c.req.header("sec-fetch-site") === "cross-site" && text !== "";
    const [views, { answer, problem }] = await Promise.all([
      readViews(store.sql),
      text.trim() === "" || held ? { answer: null, problem: null } : ask(text),
    ]);
    return c.html(SqlPage({ text, answer, problem, views, held }), problem === null ? 200 : 400);
  });

  async function ask(text: string): Promise<{ answer: Answer | null; problem: LockstepError | null }> {
    try {
      return { answer: await runReadOnly(store, text), problem: null };
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      return { answer: null, problem: error };
    }
  }
}
