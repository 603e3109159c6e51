// A trainer with steps of 1 ms in a process of its own, for tests that kill it: tsx trainer-process.ts HOME RUN. Goes on after what stands
// in the database. After each batch it prints its number, which says: recorded. SIGTERM ends it in good order. DATABASE_URL counts.
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openRecorder, openStore, readBatches } from "../../core/store/index.ts";
import { FIRST_LINK } from "../../core/train/chain.ts";
import { nextBatch } from "./chained-batches.ts";

const [home = "", runId = ""] = process.argv.slice(2);
let ending = false;
process.on("SIGTERM", () => (ending = true));

const store = await openStore({ home });
const onNotice = (text: string): void => void process.stderr.write(`${text}\n`);
const recorder = await openRecorder({ store, runId, home, onNotice });
const stored = (await readBatches(store, runId)).at(-1);
let chain = stored?.chain ?? FIRST_LINK;
recorder.record({ kind: "status", status: "running", digest: null, error: null });
for (let batch = (stored?.batch ?? 0) + 1; !ending; batch++) {
  const event = nextBatch(chain, batch);
  recorder.record(event);
  recorder.record({ kind: "metric", name: "gap", step: batch, epoch: null, value: event.loss / 3 });
  if (batch % 10 === 0) recorder.record({ kind: "log", level: "info", text: `batch ${batch}` });
  writeSync(1, `${batch}\n`);
  ({ chain } = event);
  await sleep(1);
}
recorder.record({ kind: "status", status: "done", digest: chain, error: null });
await recorder.close();
await store.close();
