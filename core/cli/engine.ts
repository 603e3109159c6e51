// exp engine list|install|check: which engines there are, how one gets TensorFlow's, and whether one computes what the other does.
import { availableParallelism } from "node:os";
import { Argument, type Command } from "commander";
import pc from "picocolors";
import { checkEngine, type EngineCheck } from "../run/engine-check.ts";
import { listEngines } from "../engine/list.ts";
import { installTensorflow, type InstallProgress } from "../engine/tensorflow/install/install.ts";
import { LockstepError } from "../errors.ts";
import { wholeNumber } from "./flags.ts";
import { printJson, printTable } from "./output.ts";

export function registerEngineCommands(program: Command): void {
  const engine = program.command("engine").description("The engines that do the arithmetic");
  engine
    .command("list")
    .description("Engines, and why one is not available")
    .option("--json", "JSON lines")
    .action(list);
  engine
    .command("install")
    .description("Install an engine that does not come with the package")
    .addArgument(new Argument("<name>").choices(["tensorflow"]))
    .option("--gpu", "with CUDA, for an NVIDIA GPU (linux-x64)")
    .option("--from <node_modules>", "use the @tensorflow/tfjs-node-gpu that is installed there")
    .option("--force", "install again")
    .option("--json", "JSON lines")
    .action((_name: string, flags: InstallFlags) => install(flags));
  engine
    .command("check")
    .description("Three steps beside the portable engine: losses, gradients, speed; exit code 1 where they part")
    .addArgument(new Argument("<name>").choices(["portable", "tensorflow"]))
    .option("--threads <n>", "threads of both engines", wholeNumber("--threads", 1), availableParallelism())
    .option("--json", "JSON lines")
    .action(check);
}

async function list({ json }: { json?: boolean }): Promise<void> {
  const engines = await listEngines();
  if (json === true) return engines.forEach((engine) => printJson({ type: "engine", ...engine }));
  const cells = engines.map(({ name, version, device, kernels, available, reason }) => [
    name,
    version ?? "-",
    device ?? "-",
    kernels ?? "-",
    available ? "available" : `not available: ${reason ?? "unknown"}`,
  ]);
  printTable(["engine", "version", "device", "kernels", ""], cells);
}

interface InstallFlags {
  readonly gpu?: boolean;
  readonly from?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

async function install(flags: InstallFlags): Promise<void> {
  if (flags.gpu === true && flags.from !== undefined) {
    const next = "Leave --gpu out: what the package at --from sees is used.";
    throw new LockstepError({ code: "usage", message: "--gpu and --from exclude each other", next });
  }
  const onProgress = progressPrinter(process.stderr);
  const { gpu = false, from, force = false } = flags;
  const { installation, already } = await installTensorflow({ gpu, from, force, onProgress });
  const { folder, tensorflowVersion, packageVersion } = installation;
  if (flags.json === true) return printJson({ type: "installed", already, ...installation });
  const what = `TensorFlow ${tensorflowVersion} with @tensorflow/tfjs-node-gpu ${packageVersion}`;
  process.stdout.write(`${what} ${already ? "is already installed" : "installed"} in ${folder}\n`);
  if (!already) process.stdout.write(`${pc.dim("next")}:  exp engine check tensorflow\n`);
}

/** A line a step; on a terminal the megabytes of a download too. */
function progressPrinter(stream: NodeJS.WriteStream): (progress: InstallProgress) => void {
  return ({ step, steps, text, bytes, ofBytes }) => {
    const line = `[${step}/${steps}] ${text}`;
    if (bytes === null) stream.write(`${line}\n`);
    else if (stream.isTTY && bytes > 0) stream.write(`\r\x1b[K${line}: ${megabytes(bytes, ofBytes)}\r`);
  };
}

function megabytes(bytes: number, ofBytes: number | null): string {
  const whole = (count: number) => Math.round(count / 1e6);
  return ofBytes === null ? `${whole(bytes)} MB` : `${whole(bytes)} of ${whole(ofBytes)} MB`;
}

async function check(name: "portable" | "tensorflow", flags: { threads: number; json?: boolean }): Promise<void> {
  const result = await checkEngine(name, { threads: flags.threads });
  if (flags.json === true) printJson({ type: "check", ...result });
  else printCheck(result);
  if (!result.agrees) process.exitCode = 1;
}

function printCheck({ engine, reference, steps, worstGradients, tolerance, agrees }: EngineCheck): void {
  const title = (identity: EngineCheck["engine"]) => `${identity.name} (${identity.kernels}, ${identity.device})`;
  process.stdout.write(`${engine.name} ${engine.version}\n`);
  printTable(
    ["step", `loss, ${title(engine)}`, `loss, ${title(reference)}`, "relative difference", "images/s", "images/s"],
    steps.map(({ step, loss, referenceLoss, difference, imagesPerSecond, referenceImagesPerSecond }) => [
      step,
      loss.toFixed(6),
      referenceLoss.toFixed(6),
      difference.toExponential(1),
      imagesPerSecond.toFixed(1),
      referenceImagesPerSecond.toFixed(1),
    ]),
  );
  const worst = worstGradients.map(({ name, difference }) => `${difference.toExponential(1)} (${name})`).join(", ");
  process.stdout.write(
    `largest relative difference of a gradient in each of ${worstGradients.length} batches: ${worst}\n`,
  );
  const { loss, gradient, anyGradient } = tolerance;
  process.stdout.write(
    `tolerance: losses ${loss}, gradients ${gradient} in the nearest batch and ${anyGradient} in all\n`,
  );
  process.stdout.write(agrees ? `${pc.green("agree")}\n` : `${pc.red("differ")}\n`);
}
