// A profile's times into kernel_times: what a process measured last takes the place of what an earlier attempt did.
import type { TransactionSql } from "postgres";
import type { ProfileEvent } from "../../train/recorder.ts";
import { arrayLiteral } from "./array-literal.ts";
import { momentOf } from "./targets.ts";

export async function insertKernelTimes(
  sql: TransactionSql,
  runId: string,
  { seq, event }: { readonly seq: number; readonly event: ProfileEvent },
): Promise<void> {
  const at = momentOf(seq);
  const rows = event.works.flatMap(({ work, plans, kernels }) => kernels.map((kernel) => ({ work, plans, ...kernel })));
  await sql`delete from kernel_times where run_id = ${runId} and at < ${at}`;
  await sql`
    insert into kernel_times (run_id, work, kernel, batches, ms, at)
    select ${runId}::uuid, u.*, ${at}::timestamptz from unnest(
      ${arrayLiteral(rows.map(({ work }) => work))}::text::text[], ${arrayLiteral(rows.map(({ kernel }) => kernel))}::text::text[],
      ${arrayLiteral(rows.map(({ plans }) => plans))}::text::int[], ${arrayLiteral(rows.map(({ ms }) => ms))}::text::float8[]) as u
    on conflict do nothing`;
}
