// A report as LaTeX: tables with booktabs, to be read with \input, none wider than a page; what is not text of a table is a comment.
import { datasetTitle, dateTime } from "../format.ts";
import type { ExperimentReport, ReportPart } from "./experiment.ts";
import { fitted, type FittedTable } from "./latex-fit.ts";
import { confusionTables, originTables, resultTables, weaknesses } from "./tables.ts";

export function asLatex({ name, question, madeAt, parts }: ExperimentReport): string {
  const head = [
    comment(`${name}: written by Lockstep, ${dateTime(madeAt)} UTC. Needs \\usepackage{booktabs}.`),
    ...(question === null ? [] : [comment(question)]),
  ];
  return `${[...head, ...parts.flatMap((part) => partText(name, part))].join("\n\n")}\n`;
}

function partText(name: string, part: ReportPart): string[] {
  const dataset = datasetTitle(part.grid.dataset);
  const tables = [...resultTables(part), ...confusionTables(part), ...originTables(part)];
  return [
    comment(`On ${dataset}`),
    ...weaknesses(part).map((text) => comment(`Note: ${text}`)),
    ...tables.flatMap(fitted).map((table) => tableText(table, `${name} on ${dataset}`)),
  ];
}

function tableText({ id, title, head, rows, note, keys, size, wrapped }: FittedTable, of: string): string {
  const cell = (text: string, i: number) => (wrapped[i] === null ? escapeLatex(text) : breakable(escapeLatex(text)));
  const line = (cells: readonly string[]) => `    ${cells.map(cell).join(" & ")} \\\\`;
  const columns = wrapped.map((pt, i) => (pt === null ? (i < keys ? "l" : "r") : `p{${pt}pt}`));
  const caption = `${title} (${of}).${note === null ? "" : ` ${note}`}`;
  return [
    "\\begin{table}[htbp]",
    `  \\centering\\${size}\\setlength{\\tabcolsep}{4pt}`,
    `  \\caption{${escapeLatex(caption)}}`,
    `  \\label{tab:${label(`${of} ${id}`)}}`,
    `  \\begin{tabular}{${columns.join("")}}`,
    "    \\toprule",
    line(head),
    "    \\midrule",
    ...rows.map(line),
    "    \\bottomrule",
    "  \\end{tabular}",
    "\\end{table}",
  ].join("\n");
}

/** Lets lines end after a sign, and within words that no line holds, such as digests. */
function breakable(escaped: string): string {
  return escaped.replace(/[/:,;=+-](?=[A-Za-z0-9])|[A-Za-z0-9]{16}(?=[A-Za-z0-9]{16})/g, "$&\\allowbreak{}");
}

const SIGNS: Readonly<Record<string, string>> = {
  ...{ "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", $: "\\$", "&": "\\&", "#": "\\#", _: "\\_", "%": "\\%" },
  ...{ "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}" },
  ...{ "|": "\\textbar{}", "[": "{[}", "]": "{]}" },
  ...{ "±": "$\\pm$", "−": "$-$", "–": "--", "×": "$\\times$", "→": "$\\rightarrow$" },
};

/** Every character that LaTeX reads, and those of our own that plain fonts lack. */
export function escapeLatex(text: string): string {
  return text.replace(/\s*\r?\n\s*/g, " ").replace(/[\\{}$&#_%~^<>|[\]±−–×→]/g, (sign) => SIGNS[sign] as string);
}

function comment(text: string): string {
  return text
    .trim()
    .split(/\r\n|\r|\n/)
    .map((line) => `% ${line}`)
    .join("\n");
}

function label(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}
