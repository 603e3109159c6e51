// exp weights check: what would load from a file, by name, without running anything.
import { Option, type Command } from "commander";
import { LockstepError } from "../errors.ts";
import { mobilenetV3 } from "../model/mobilenet-v3.ts";
import { checkImport, fitWeights, summariseReport, type ImportReport } from "../model/weights/import-weights.ts";
import { openWeights } from "../model/weights/weights-file.ts";
import { printJson } from "./output.ts";

interface CheckFlags {
  readonly size: "large" | "small";
  readonly layout: "torchvision" | "article";
  readonly width: string;
  readonly classes: string;
  readonly classifier: boolean;
  readonly minLoaded: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  exp weights check mobilenet_v3_large-8738ca79.pth
  exp weights check backbone.safetensors --width 0.5 --no-classifier
  exp weights check model.weights.h5 --size small --classes 2 --json`;

export function registerWeightsCommands(program: Command): void {
  program
    .command("weights")
    .description("Look at files of weights")
    .command("check <file>")
    .description("Which of the network's parameters a .pth, .safetensors, .h5 or .weights.h5 file would load")
    .addOption(new Option("--size <size>").choices(["large", "small"]).default("large"))
    .addOption(new Option("--layout <layout>").choices(["torchvision", "article"]).default("torchvision"))
    .option("--width <factor>", "width multiplier", "1")
    .option("--classes <n>", "number of classes", "1000")
    .option("--no-classifier", "leave the classifier out")
    .option("--min-loaded <share>", "smallest share of the backbone that must load, 0 to 1", "1")
    .option("--json", "one JSON object")
    .addHelpText("after", EXAMPLES)
    .action(check);
}

async function check(path: string, flags: CheckFlags): Promise<void> {
  const network = mobilenetV3({
    size: flags.size,
    layout: flags.layout,
    widthMult: parseNumber("--width", flags.width),
    classes: parseNumber("--classes", flags.classes),
    imageSizePx: 224,
    dropout: 0.2,
    batchNorm: { eps: 1e-3, momentum: 0.01 },
  });
  const { report } = fitWeights(network, await openWeights(path, network), flags.classifier);
  if (flags.json === true) printJson({ type: "weights", ...report });
  else printReport(report);
  checkImport(network, report, parseNumber("--min-loaded", flags.minLoaded));
}

function printReport(report: ImportReport): void {
  const lines = [
    `${report.path} (${report.format}, sha256 ${report.sha256.slice(0, 16)})`,
    summariseReport(report),
    ...listed("missing", report.missing),
    ...listed("unexpected", report.unexpected),
    ...listed(
      "shape mismatch",
      report.mismatched.map(
        (m) => `${m.name}: expected [${m.expected.join(", ")}], received [${m.received.join(", ")}]`,
      ),
    ),
    ...report.warnings.map((warning) => `warning: ${warning}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

const SHOWN = 20;

function listed(title: string, names: readonly string[]): string[] {
  const shown = names.slice(0, SHOWN).map((name) => `  ${title}: ${name}`);
  return names.length > SHOWN ? [...shown, `  … and ${names.length - SHOWN} more (--json lists all)`] : shown;
}

function parseNumber(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new LockstepError({
    code: "usage",
    message: `${flag} is "${text}", expected a number`,
    next: `Give a number, such as ${flag} 1.`,
  });
}
