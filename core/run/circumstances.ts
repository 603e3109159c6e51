// What a reproduction finds before it trains: data, split, code, lockfile, environment and engine, then and now.
import type { EngineIdentity } from "../engine/engine.ts";
import { lockfileSha256, readCodeState } from "./code-digest.ts";
import { compareCode, compareManifests, countedNames } from "./differences.ts";
import { diffSince } from "./git.ts";
import { changesOf, changeText } from "./engine-change.ts";
import type { Job } from "./jobs.ts";
import { describeMachine, readVersions } from "./provenance.ts";
import type { Recorded } from "./recorded.ts";
import { judged, notChecked, same, type VerdictLine } from "./verdict.ts";

export async function compareCircumstances(
  recorded: Recorded,
  job: Job,
  engine: EngineIdentity,
): Promise<VerdictLine[]> {
  return [
    dataLine(recorded, job),
    splitLine(recorded, job),
    await codeLine(recorded),
    lockfileLine(recorded),
    environmentLine(recorded),
    engineLine(recorded, engine),
  ];
}

function dataLine({ run, manifest }: Recorded, job: Job): VerdictLine {
  if (job.manifest.digest === run.datasetDigest) return same("data set", `${manifest.samples.length} samples`);
  const { added, removed, changed } = compareManifests(manifest, job.manifest);
  const ids = changed.map(({ id, what }) => `${id}: ${what.join(", ")}`);
  const findings = [
    ...countedNames("added", added),
    ...countedNames("removed", removed),
    ...countedNames("changed", ids),
  ];
  return judged("data set", findings.length === 0 ? ["the classes differ"] : findings);
}

/** With other samples the split is another one; whose part changed is told where the samples are the same. */
function splitLine({ run, manifest, members }: Recorded, job: Job): VerdictLine {
  if (job.split.digest === run.splitDigest) return same("split");
  const stored = new Map(Object.entries(members).flatMap(([part, ids]) => ids.map((id) => [id, part] as const)));
  const moved = (["train", "val", "test"] as const).flatMap((part) =>
    job.split[part].flatMap((index) => {
      const id = job.manifest.samples[index]?.id ?? "";
      const before = stored.get(id);
      return before === undefined || before === part ? [] : [`${id} from ${before} to ${part}`];
    }),
  );
  const findings = countedNames("moved", moved);
  return judged(
    "split",
    findings.length > 0
      ? findings
      : [`made of ${job.manifest.samples.length} samples, it was ${manifest.samples.length}`],
  );
}

/** Lines of a diff that are shown. */
const DIFF_LINES = 40;

async function codeLine({ run, provenance }: Recorded): Promise<VerdictLine> {
  const now = readCodeState();
  if (now.digest === run.codeDigest)
    return same("code", run.gitCommit === null ? null : `commit ${run.gitCommit.slice(0, 10)}`);
  const files = compareCode(provenance.codeFiles, now.files);
  const names = files.map(({ path, how }) => `${path} ${how}`);
  const diff =
    provenance.gitRoot === null || run.gitCommit === null
      ? null
      : await diffSince(
          provenance.gitRoot,
          run.gitCommit,
          files.map(({ path }) => path),
        );
  const lines = diff?.split("\n").slice(0, DIFF_LINES).join("\n") ?? "";
  return judged("code", [countedNames("files", names, 10).join("") + (lines === "" ? "" : `\n${lines}`)]);
}

function lockfileLine({ run }: Recorded): VerdictLine {
  const now = lockfileSha256();
  if (run.lockfileDigest === null || now === null) return notChecked("lockfile", "there is none");
  return judged("lockfile", now === run.lockfileDigest ? [] : ["package-lock.json is another one"]);
}

function environmentLine({ provenance }: Recorded): VerdictLine {
  const versions = readVersions();
  const machine = describeMachine();
  const pairs = [
    ["Node", provenance.versions.node, versions.node],
    ["os", provenance.machine.os, machine.os],
    ["architecture", provenance.machine.arch, machine.arch],
    ["CPU", provenance.machine.cpu, machine.cpu],
    ["host", provenance.machine.host, machine.host],
  ] as const;
  return judged(
    "environment",
    pairs.flatMap(([what, then, now]) => (then === now ? [] : [`${what} ${now}, it was ${then}`])),
    5,
  );
}

function engineLine(recorded: Recorded, engine: EngineIdentity): VerdictLine {
  const { run } = recorded;
  const changes = changesOf(recorded).map(changeText);
  if (changes.length > 0)
    return judged("engine", [
      ...changes,
      "the chain tells it, so that one engine alone repeats the batches before it at most",
    ]);
  const findings: string[] = [];
  if (run.engine !== engine.name) findings.push(`${engine.name}, it was ${run.engine}`);
  else if (run.engineVersion !== engine.version)
    findings.push(`version ${engine.version}, it was ${run.engineVersion}`);
  const now = `${engine.kernels}, ${engine.threads} threads`;
  return findings.length > 0
    ? judged("engine", findings)
    : same("engine", `${engine.name}: ${run.kernels}, ${run.threads} threads then; ${now} now`);
}
