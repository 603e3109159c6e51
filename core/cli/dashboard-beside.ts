// The dashboard while a sweep runs: an explicit --port must be free, else the next free one from the default is taken.
import { LockstepError } from "../errors.ts";
import type { Dashboard, DashboardOptions } from "../../dashboard/server.ts";

/** Ports tried after the default before any free one is taken. */
const TRIES = 20;

/** @param port as given on the command line @throws LockstepError "port-in-use" */
export async function startBeside(
  options: Omit<DashboardOptions, "port">,
  port: number | undefined,
): Promise<Dashboard> {
  const { startDashboard, DEFAULT_PORT } = await import("../../dashboard/server.ts"); // loaded only where it is served
  if (port !== undefined) return startDashboard({ ...options, port });
  for (let next = DEFAULT_PORT; next < DEFAULT_PORT + TRIES; next++) {
    try {
      return await startDashboard({ ...options, port: next });
    } catch (error) {
      if (!(error instanceof LockstepError && error.code === "port-in-use")) throw error;
    }
  }
  return startDashboard({ ...options, port: 0 });
}
