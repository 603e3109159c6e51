// npm run check:long: the tests that take minutes, and their log in docs/check-long.log.
import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";

const LOG = fileURLToPath(new URL("../docs/check-long.log", import.meta.url));
const TESTS = [
  "test/cli/kill.test.ts",
  "test/store/kill.test.ts",
  "test/store/load.test.ts",
  "test/store/spool.test.ts",
  "test/run/arm.test.ts",
  "test/run/queue.test.ts",
  "test/long",
];
/** Lines of vitest's verbose reporter that say how a test ended, what it measured, and the counts. */
const KEPT = /^\s*(✓|×|↓|Test Files|Tests|Duration|\d+ passed|\d+ (processes|kills)|\/\S* .* times, median)/;

const vitest = spawn("npx", ["vitest", "run", "--reporter=verbose", "--reporter=./test/closing-line.ts", ...TESTS], {
  env: { ...process.env, LOCKSTEP_LONG: "1", NO_COLOR: "1" },
  stdio: ["ignore", "pipe", "inherit"],
});
let output = "";
vitest.stdout.on("data", (/** @type {Buffer} */ chunk) => {
  output += chunk.toString();
  process.stdout.write(chunk);
});
vitest.on("close", (code) => {
  writeFileSync(
    LOG,
    `${heading()}\n\n${output
      .split("\n")
      .filter((line) => KEPT.test(line))
      .join("\n")}\n`,
  );
  process.exitCode = code ?? 1;
});

function heading() {
  const commit = execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  const cpu = `${os.availableParallelism()} x ${os.cpus()[0]?.model.trim() ?? "unknown"}`;
  return `npm run check:long, ${new Date().toISOString()}, commit ${commit}, Node ${process.version}, ${cpu}`;
}
