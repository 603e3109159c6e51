// Equal run digests of `exp run` over what a machine may differ in: Node's version, V8's code generation, kernels, time zone, locale,
// a clock set back. LOCKSTEP_LONG=1.
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createTestDatabase } from "../postgres.ts";
import { otherNode, type NodeMajor } from "../other-node.ts";
import { jsonLines, makeHome, type Home, type How } from "../cli/exp-process.ts";
import { tinyExperiment } from "../cli/tiny-experiment.ts";

const LONG = process.env["LOCKSTEP_LONG"] === "1";

let home: Home;
let database: string;
let expected: string;
beforeAll(async () => {
  if (!LONG) return;
  home = makeHome();
  home.write("tiny.ts", tinyExperiment());
  database = await createTestDatabase(inject("postgresUrl"));
  expected = await digest();
}, 120_000);
afterAll(() => home?.remove());

async function digest(env: Record<string, string> = {}, how: How = {}, flags: readonly string[] = []): Promise<string> {
  const args = ["run", "tiny.ts", "--json", "--no-dashboard", "--fresh", ...flags];
  const { code, signal, stdout, stderr } = await home.exp(args, { DATABASE_URL: database, ...env }, how);
  expect({ code, signal }, stderr).toEqual({ code: 0, signal: null });
  return (jsonLines(stdout).at(-1)?.["runs"] as { digest: string }[])[0]!.digest;
}

it.skipIf(!LONG)(
  "another process",
  async () => {
    expect(await digest()).toBe(expected);
  },
  120_000,
);

it.skipIf(!LONG).for<NodeMajor>([20, 22, 24])(
  "Node %i, native and wasm kernels",
  { timeout: 300_000 },
  async (major, { skip }) => {
    const other = await otherNode(major);
    if (typeof other === "string") return skip(other);
    const how = { node: other.command[0] };
    expect(await digest({}, how)).toBe(expected);
    expect(await digest({}, how, WASM)).toBe(expected);
  },
);

const WASM = ["--kernels", "wasm"];
const FLAGS: readonly (readonly string[])[] = [
  ["--no-enable-avx"],
  ["--no-enable-avx", "--no-enable-sse4-2"],
  ["--liftoff", "--no-wasm-tier-up"],
];

it.skipIf(!LONG).each(FLAGS)(
  "wasm under node %s %s",
  async (...nodeFlags) => {
    expect(await digest({}, { nodeFlags: nodeFlags.filter((flag) => flag !== undefined) }, WASM)).toBe(expected);
  },
  120_000,
);

it.skipIf(!LONG)(
  "another time zone and another locale",
  async () => {
    expect(await digest({ TZ: "Pacific/Chatham", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" })).toBe(expected);
  },
  120_000,
);

it.skipIf(!LONG || !hasFaketime())(
  "a clock set back",
  async () => {
    const library = execFileSync("sh", ["-c", "ls /usr/lib/*/faketime/libfaketime.so.1"], { encoding: "utf8" }).trim();
    expect(await digest({ LD_PRELOAD: library, FAKETIME: "-400d" })).toBe(expected);
  },
  120_000,
);

function hasFaketime(): boolean {
  try {
    execFileSync("sh", ["-c", "ls /usr/lib/*/faketime/libfaketime.so.1"], { stdio: "ignore" });
    return true;
  } catch {
    return false; // Debian's faketime is not installed
  }
}
