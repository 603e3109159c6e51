// Milliseconds of the pages on the server, without a network: median and 95th percentile.
import { createApp } from "../../dashboard/app.ts";
import type { DashboardDeps } from "../../dashboard/deps.ts";
import type { MeasuredPage } from "./pages.ts";

const ROUNDS = 15;

export async function serverTimes(deps: DashboardDeps, pages: readonly MeasuredPage[]): Promise<string[][]> {
  const app = createApp(deps);
  const rows: string[][] = [];
  for (const page of pages) rows.push(await measure(app, page));
  return rows;
}

async function measure(app: ReturnType<typeof createApp>, { name, path, mostMs }: MeasuredPage): Promise<string[]> {
  const times: number[] = [];
  let size = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now();
    const response = await app.request(path);
    size = (await response.text()).length;
    times.push(performance.now() - begun);
    if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(share * (times.length - 1))] as number).toFixed(0);
  return [name, at(0.5), at(0.95), (size / 1000).toFixed(0), mostMs === null ? "-" : String(mostMs)];
}
