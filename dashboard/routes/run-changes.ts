// POSTs that change what people say about runs (tags, note, archive) or ask a run to stop; a run's results never change.
import { Hono } from "hono";
import { LockstepError } from "../../core/errors.ts";
import type { DashboardDeps } from "../deps.ts";
import { findRun, findRuns } from "../queries/runs.ts";
import { changeTags, requestStop, setArchived, setNote } from "../queries/run-changes.ts";

export function runChangeRoutes({ store }: DashboardDeps): Hono {
  return new Hono()
    .post("/runs/change", async (c) => {
      const form = await c.req.formData();
      const runs = await findRuns(store.sql, form.getAll("run").map(String));
      if (runs.length === 0) throw usage("no run is chosen", "Tick the rows first.");
      const ids = runs.map((run) => run.runId);
      await changeChosen(field(form, "action"), ids, field(form, "tag"));
      return c.redirect(backOf(form), 303);
    })
    .post("/runs/:id/note", async (c) => {
      const run = await findRun(store.sql, c.req.param("id"));
      const form = await c.req.formData();
      await setNote(store.sql, run.runId, field(form, "note").trim());
      return c.redirect(`/runs/${run.runId}`, 303);
    })
    .post("/runs/:id/stop", async (c) => {
      const run = await findRun(store.sql, c.req.param("id"));
      await requestStop(store.sql, run);
      return c.redirect(`/runs/${run.runId}`, 303);
    });

  async function changeChosen(action: string, ids: readonly string[], tag: string): Promise<void> {
    if (action === "tag" || action === "untag") {
      if (tag.trim() === "") throw usage("no tag is given", "Write the tag beside the button.");
      return changeTags(store.sql, ids, { tag: tag.trim(), add: action === "tag" });
    }
    if (action !== "archive" && action !== "restore") throw usage(`no action "${action}"`, "Use the page's buttons.");
    return setArchived(store.sql, ids, action === "archive");
  }
}

/** A text field; empty where there is none. */
function field(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}

/** Only to a page of ours. */
function backOf(form: FormData): string {
  const back = field(form, "back");
  return /^\/(?!\/)/.test(back) ? back : "/runs";
}

function usage(message: string, next: string): LockstepError {
  return new LockstepError({ code: "usage", message, next });
}
