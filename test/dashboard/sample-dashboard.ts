// A dashboard over sample rows in a database of its own, for the tests of pages.
import { rm } from "node:fs/promises";
import { inject } from "vitest";
import { openStore, type Store } from "../../core/store/index.ts";
import { createApp } from "../../dashboard/app.ts";
import { createTestDatabase, temporaryHome } from "../postgres.ts";
import { insertSampleRows, type SampleRun } from "./sample-rows.ts";

export interface SampleDashboard {
  readonly store: Store;
  readonly home: string;
  readonly runs: readonly SampleRun[];
  readonly app: ReturnType<typeof createApp>;
  /** The page's HTML. @throws where the status is not the expected one */
  readonly page: (path: string, status?: number) => Promise<string>;
  readonly run: (variant: string, seed: number) => SampleRun;
  readonly close: () => Promise<void>;
}

/** @param rows false: an empty database */
export async function openSampleDashboard({ rows = true } = {}): Promise<SampleDashboard> {
  const home = temporaryHome();
  const store = await openStore({ databaseUrl: await createTestDatabase(inject("postgresUrl")), home });
  const runs = rows ? await insertSampleRows(store.sql, { home }) : [];
  const app = createApp({ store, home });
  return {
    store,
    home,
    runs,
    app,
    page: async (path, status = 200) => {
      const response = await app.request(path);
      const text = await response.text();
      if (response.status !== status)
        throw new Error(`${path}: ${response.status}, expected ${status}: ${text.slice(0, 400)}`);
      return text;
    },
    run: (variant, seed) => {
      const found = runs.find((one) => one.variant === variant && one.seed === seed);
      if (found === undefined) throw new Error(`no sample run ${variant}/${seed}`);
      return found;
    },
    close: async () => {
      await store.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** What a reader sees: tags taken off, spaces made one. */
export function textOf(html: string): string {
  return html
    .replace(/<script[\s\S]*?<\/script>/g, " ")
    .replace(/<[^>]+>/g, " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&#39;", "'")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replace(/\s+/g, " ");
}
