/** @jsxImportSource hono/jsx */
// Where a run's time went, by kind of kernel; of runs made with `exp run --profile`.
import type { KernelTime } from "../../../core/store/kernel-times.ts";
import { loopDelayText, type LoopDelay } from "../../../core/store/loop-delay.ts";
import { percent } from "../../format.ts";
import { Card, Scroll } from "../parts.tsx";

interface Props {
  readonly times: readonly KernelTime[];
  readonly loopDelay: LoopDelay | null;
}

export function KernelTimesCard({ times, loopDelay }: Props) {
  if (times.length === 0) return null;
  const works = [...new Set(times.map((time) => time.work))];
  return (
    <Card title="Where the time went">
      <div class="grid2">
        {works.map((work) => (
          <WorkTable work={work} rows={times.filter((time) => time.work === work)} />
        ))}
      </div>
      {loopDelay !== null && <p>Main thread: {loopDelayText(loopDelay)}</p>}
    </Card>
  );
}

function WorkTable({ work, rows }: { work: string; rows: readonly KernelTime[] }) {
  const total = rows.reduce((sum, { msPerBatch }) => sum + msPerBatch, 0);
  return (
    <Scroll label={`Kernel times of ${work}`}>
      <table>
        <caption>
          {work}: {rows[0]?.batches} batches, {total.toFixed(1)} ms each
        </caption>
        <thead>
          <tr>
            <th scope="col">kernel</th>
            <th scope="col" class="num">
              ms a batch
            </th>
            <th scope="col" class="num">
              share
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ kernel, msPerBatch, share }) => (
            <tr>
              <th scope="row">{kernel}</th>
              <td class="num">{msPerBatch.toFixed(2)}</td>
              <td class="num">{percent(share)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
