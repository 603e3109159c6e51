// One real PostgreSQL for a whole test run, in a temporary home; every test file takes a database of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import postgres from "postgres";
import type { TestProject } from "vitest/node";
import { startServer, stopServer } from "../core/store/embedded/server.ts";
import { findCluster } from "../core/store/embedded/cluster.ts";

declare module "vitest" {
  export interface ProvidedContext {
    postgresUrl: string;
    /** Whose embedded server that is. */
    postgresHome: string;
  }
}

/** vitest's globalSetup. @returns the teardown */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = temporaryHome();
  const url = await startServer(home);
  project.provide("postgresUrl", url);
  project.provide("postgresHome", home);
  return () => removeHome(home);
}

export function temporaryHome(): string {
  return mkdtempSync(join(tmpdir(), "lockstep test "));
}

/** Stops its server and removes all of it, also what stood outside. */
export async function removeHome(home: string): Promise<void> {
  await stopServer(home);
  const place = findCluster(home)?.place;
  if (place !== undefined) rmSync(place, { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
}

/** Makes an empty database on the test run's server. @returns its URL */
export async function createTestDatabase(serverUrl: string): Promise<string> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  const sql = postgres(serverUrl, { max: 1, onnotice: () => undefined });
  await sql.unsafe(`create database ${name}`);
  await sql.end();
  return serverUrl.replace(/[^/]*$/, name);
}
