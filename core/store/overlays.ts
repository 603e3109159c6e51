// Grad-CAM overlays of stored runs: artifacts named by their sample, so that a later one takes the place of an earlier one.
import type { ArtifactEvent } from "../train/recorder.ts";
import type { Store } from "./connect.ts";
import { insertAll } from "./events/apply-events.ts";

export const OVERLAY_KIND = "grad-cam";

export async function saveOverlays(store: Store, runId: string, overlays: readonly ArtifactEvent[]): Promise<void> {
  const names = overlays.map(({ name }) => name);
  await store.sql.begin(async (sql) => {
    await sql`delete from artifacts where run_id = ${runId} and kind = ${OVERLAY_KIND} and name = any(${names})`;
    const seq = Date.now() * 1000;
    await insertAll(
      sql,
      runId,
      overlays.map((event) => ({ seq, event })),
    );
  });
}
