// Fits a weights file to a network and says by name what came of it. Nothing is left out in silence: a backbone that does not load is
// an error, whatever else did.
import { basename } from "node:path";
import type { Network, Parameter } from "../network.ts";
import { weightsError, type Tensor } from "./tensor.ts";
import { openWeights, type WeightsFile } from "./weights-file.ts";

export interface ImportOptions {
  /** Whether the classifier's parameters are loaded too. */
  readonly includeClassifier: boolean;
  /** Smallest share of the backbone's parameters and statistics that must load, 0 to 1; none at all is always an error. */
  readonly minLoaded: number;
}

export interface ImportReport {
  readonly path: string;
  readonly format: WeightsFile["format"];
  readonly sha256: string;
  /** Entries in the file. */
  readonly entries: number;
  readonly loaded: readonly string[];
  /** In the network, not in the file. */
  readonly missing: readonly string[];
  /** In the file, not in the network. */
  readonly unexpected: readonly string[];
  readonly mismatched: readonly {
    readonly name: string;
    readonly expected: readonly number[];
    readonly received: readonly number[];
  }[];
  /** The classifier's, where it is left out on purpose. */
  readonly leftOut: readonly string[];
  /** In the file, known and not needed: num_batches_tracked of batch-norms, optimizer moments. */
  readonly ignored: readonly string[];
  /** Of parameters and statistics outside the classifier. */
  readonly backbone: {
    readonly loaded: number;
    readonly total: number;
    /** Entries of the file that are loaded or known and not needed. */
    readonly entries: number;
  };
  readonly warnings: readonly string[];
}

export interface Imported {
  /** Loaded parameters and statistics; lay them over an initial state. */
  readonly state: Map<string, Float32Array>;
  readonly report: ImportReport;
}

/**
 * Reads, fits and checks a file.
 * @throws LockstepError "weights-invalid" where too little of the backbone loads, or a classifier that was asked for does not
 */
export async function importWeights(network: Network, path: string, options: ImportOptions): Promise<Imported> {
  const file = await openWeights(path, network);
  const imported = fitWeights(network, file, options.includeClassifier);
  checkImport(network, imported.report, options.minLoaded);
  if (options.includeClassifier) checkClassifier(network, imported.report);
  return imported;
}

/** Fits without judging. */
export function fitWeights(network: Network, file: WeightsFile, includeClassifier: boolean): Imported {
  const wanted = network.parameters.filter((p) => includeClassifier || p.part.kind !== "classifier");
  const leftOut = network.parameters.filter((p) => !wanted.includes(p) && file.tensors.has(p.name));
  const fits = (p: Parameter) => sameShape(p.shape, file.tensors.get(p.name)?.shape);
  const loaded = wanted.filter(fits);
  const mismatched = wanted.filter((p) => file.tensors.has(p.name) && !fits(p));
  const known = new Set(network.parameters.map((p) => p.name));
  const others = [...file.tensors.keys()].filter((name) => !known.has(name));
  const ignored = others.filter((name) => isIgnored(name, known));
  const isBackbone = (p: Parameter) => p.part.kind !== "classifier";
  const backboneLoaded = loaded.filter(isBackbone).length;
  const counters = ignored.filter((name) => name.endsWith(COUNTER));
  const report: ImportReport = {
    path: file.path,
    format: file.format,
    sha256: file.sha256,
    entries: file.tensors.size,
    loaded: names(loaded),
    missing: names(wanted.filter((p) => !file.tensors.has(p.name))),
    unexpected: others.filter((name) => !ignored.includes(name)),
    mismatched: mismatched.map((p) => describeMismatch(p, file.tensors)),
    leftOut: names(leftOut),
    ignored,
    backbone: {
      loaded: backboneLoaded,
      total: network.parameters.filter(isBackbone).length,
      entries: backboneLoaded + counters.length,
    },
    warnings: file.warnings,
  };
  const state = new Map(loaded.map((p) => [p.name, (file.tensors.get(p.name) as Tensor).values]));
  return { state, report };
}

/** @throws LockstepError where no backbone layer loaded, or a smaller share than `minLoaded` */
export function checkImport(network: Network, report: ImportReport, minLoaded: number): void {
  const { loaded, total } = report.backbone;
  if (loaded > 0 && loaded >= minLoaded * total) return;
  const where = basename(report.path);
  const what = `${network.family}, ${network.layout} layout, width ${network.widthMult}`;
  throw weightsError(
    `${where} loads ${loaded} of ${total} backbone parameters into ${what}; expected at least ${Math.ceil(minLoaded * total) || 1}: ${reason(network, report)}`,
    advice(network, report),
  );
}

function checkClassifier(network: Network, report: ImportReport): void {
  const classifier = network.parameters.filter((p) => p.part.kind === "classifier").map((p) => p.name);
  const absent = classifier.find((name) => !report.loaded.includes(name));
  if (absent === undefined) return;
  const mismatch = report.mismatched.find(({ name }) => name === absent);
  const why = mismatch
    ? `expected [${mismatch.expected.join(", ")}], received [${mismatch.received.join(", ")}]`
    : "missing";
  throw weightsError(
    `${basename(report.path)}: the classifier does not load into ${network.classes} classes: "${absent}": ${why}`,
    "Leave the classifier out (classifier: false), so that it starts from random weights.",
  );
}

/** "308 of 312 entries are the backbone's: 262 loaded, 46 counters not needed; …" */
export function summariseReport(report: ImportReport): string {
  const { backbone, entries } = report;
  const counters = backbone.entries - backbone.loaded;
  const classifier = report.loaded.length - backbone.loaded;
  const parts = [
    `${backbone.entries} backbone entries of ${entries} fit: ${backbone.loaded} of ${backbone.total} parameters and statistics loaded` +
      (counters > 0 ? `, ${counters} num_batches_tracked known and not needed` : ""),
    classifier > 0 ? `classifier: ${classifier} loaded` : "",
    report.leftOut.length > 0 ? `classifier left out: ${report.leftOut.length}` : "",
    report.missing.length > 0 ? `missing: ${report.missing.length}` : "",
    report.unexpected.length > 0 ? `unexpected: ${report.unexpected.length}` : "",
    report.mismatched.length > 0 ? `shape mismatches: ${report.mismatched.length}` : "",
  ];
  return parts.filter((part) => part !== "").join("; ");
}

const COUNTER = ".num_batches_tracked";

function isIgnored(name: string, known: ReadonlySet<string>): boolean {
  if (name.startsWith("optimizer.")) return true;
  return name.endsWith(COUNTER) && known.has(`${name.slice(0, -COUNTER.length)}.running_mean`);
}

function reason(network: Network, report: ImportReport): string {
  const [mismatch] = report.mismatched;
  const all = [...report.unexpected, ...report.loaded];
  const theirs = all.some((name) => name.startsWith("features.")) ? "torchvision" : null;
  if (report.backbone.loaded === 0 && theirs !== null && network.layout === "article") {
    return `the file has torchvision's names (such as "${report.unexpected[0]}"), and its squeeze-excites have biases and other sizes; the article's layout has none of them (its names are such as "${network.parameters[0]?.name}")`;
  }
  if (mismatch !== undefined) {
    return `${report.mismatched.length} shapes differ, the first "${mismatch.name}": expected [${mismatch.expected.join(", ")}], received [${mismatch.received.join(", ")}]`;
  }
  if (report.unexpected.length > 0) {
    return `the file has other names, such as "${report.unexpected[0]}"; expected such as "${report.missing[0]}"`;
  }
  return `missing in the file: "${report.missing[0]}"${report.missing.length > 1 ? ` and ${report.missing.length - 1} more` : ""}`;
}

function advice(network: Network, report: ImportReport): string {
  if (network.layout === "article" && report.unexpected.some((name) => name.startsWith("features."))) {
    return 'Use layout: "torchvision" for weights of torchvision.';
  }
  if (report.mismatched.length > 0) return "Set size and widthMult to those of the file.";
  return "Use weights of this network, or lower minLoaded where a part is enough (exp weights check FILE shows the names).";
}

function describeMismatch(p: Parameter, tensors: ReadonlyMap<string, Tensor>) {
  return { name: p.name, expected: p.shape, received: tensors.get(p.name)?.shape ?? [] };
}

function sameShape(expected: readonly number[], received: readonly number[] | undefined): boolean {
  return (
    received !== undefined && expected.length === received.length && expected.every((size, i) => size === received[i])
  );
}

function names(parameters: readonly Parameter[]): string[] {
  return parameters.map((p) => p.name);
}
