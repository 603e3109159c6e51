// exp model summary: the network layer by layer, with what torchvision and torchstat would count.
import { Option, type Command } from "commander";
import { LockstepError } from "../errors.ts";
import { trainableParameters, type Freeze } from "../model/freeze.ts";
import { mobilenetV3 } from "../model/mobilenet-v3.ts";
import type { ValueShape } from "../model/network.ts";
import { summarize, type ModelSummary, type Totals } from "../model/summary.ts";
import { printJson, printTable } from "./output.ts";

interface SummaryFlags {
  readonly size: "large" | "small";
  readonly layout: "torchvision" | "article";
  readonly width: string;
  readonly classes: string;
  readonly image: string;
  readonly freeze: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  exp model summary --layout article
  exp model summary --width 0.5 --classes 2 --image 96 --freeze backbone
  exp model summary --size small --json`;

export function registerModelCommands(program: Command): void {
  const model = program.command("model").description("Look at a network without training it");
  model
    .command("summary")
    .description("A row per layer: shapes, parameters, multiply-adds, FLOPs, memory; and totals")
    .addOption(new Option("--size <size>").choices(["large", "small"]).default("large"))
    .addOption(new Option("--layout <layout>").choices(["torchvision", "article"]).default("torchvision"))
    .option("--width <factor>", "width multiplier", "1")
    .option("--classes <n>", "number of classes", "1000")
    .option("--image <px>", "image size", "224")
    .option("--freeze <part>", "none, backbone, blocks, or the number of blocks that are frozen with the stem", "none")
    .option("--json", "JSON lines")
    .addHelpText("after", EXAMPLES)
    .action(printSummary);
}

function printSummary(flags: SummaryFlags): void {
  const network = mobilenetV3({
    size: flags.size,
    layout: flags.layout,
    widthMult: parseNumber("--width", flags.width),
    classes: parseNumber("--classes", flags.classes),
    imageSizePx: parseNumber("--image", flags.image),
    dropout: 0.2,
    batchNorm: { eps: 1e-3, momentum: 0.01 },
  });
  const summary = summarize(network, trainableParameters(network, parseFreeze(flags.freeze)));
  if (flags.json === true) printSummaryJson(summary);
  else printSummaryTable(summary);
}

function printSummaryJson({ rows, total, everyRow }: ModelSummary): void {
  for (const row of rows) printJson({ type: "layer", ...row, input: sizes(row.input), output: sizes(row.output) });
  printJson({ type: "total", ...total, definitions: DEFINITIONS, everyRow });
}

function printSummaryTable({ rows, total, everyRow }: ModelSummary): void {
  const head = ["layer", "kind", "input", "output", "params", "trainable", "MAdd", "FLOPs", "memory B"];
  const cells = rows.map((row) => [
    row.name,
    row.kind,
    sizes(row.input).join("x"),
    sizes(row.output).join("x"),
    ...[row.parameters, row.trainable, row.multiplyAdds, row.flops, 4 * row.activations].map(grouped),
  ]);
  printTable(head, cells);
  const lines = [
    "",
    ...totalLines(total),
    "",
    ...Object.entries(DEFINITIONS).map(([name, meaning]) => `${name}: ${meaning}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  if (everyRow.multiplyAdds !== total.multiplyAdds) {
    process.stdout.write(`\nSum of the rows:\n${totalLines(everyRow).join("\n")}\n${ARTICLE_NOTE}\n`);
  }
}

function totalLines(total: Totals): string[] {
  const million = (n: number) => `${(n / 1e6).toFixed(2)} M`;
  const mebibytes = (n: number) => `${(n / 1024 / 1024).toFixed(2)} MB`;
  return [
    `Total parameters:       ${grouped(total.parameters)} (trainable ${grouped(total.trainable)})`,
    `Total MAdd:             ${million(total.multiplyAdds)}`,
    `Total FLOPs:            ${million(total.flops)}`,
    `Total GFLOPs (MACs):    ${(total.macs / 1e9).toFixed(2)} (${million(total.macs)})`,
    `Total memory:           ${mebibytes(total.activationBytes)}`,
    `Total memory R+W:       ${mebibytes(total.readWriteBytes)}`,
  ];
}

const DEFINITIONS = {
  MAdd: "multiplications and additions each counted, as torchstat: 2k - 1 for a sum of k products, 4 a value for batch-norm, 1 for ReLU",
  FLOPs: "multiply-accumulates, 2 a value for batch-norm, 1 for ReLU and a convolution's bias, as torchstat",
  MACs: "multiply-accumulates of convolutions and dense layers alone: torchvision's GFLOPs",
  memory: "float32 values that the layers write for one image, in units of 1024 * 1024 bytes",
  "memory R+W":
    "float32 values read (inputs, weights) and written by convolutions, dense layers, batch-norms and ReLUs",
};

const ARTICLE_NOTE =
  "The totals above are torchstat's for the article's modules: a block's activation module is called twice and seen once, and an identity stands for each missing squeeze-excite.";

function sizes(shape: ValueShape): number[] {
  return shape.kind === "map" ? [shape.heightPx, shape.widthPx, shape.channels] : [shape.channels];
}

function grouped(n: number): string {
  return n.toLocaleString("en-US");
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

function parseFreeze(text: string): Freeze {
  if (text === "none" || text === "backbone" || text === "blocks") return text;
  return { upTo: parseNumber("--freeze", text) };
}
