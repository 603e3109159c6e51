// A report as LaTeX: tables with booktabs, to be read with \input; what is not text of a table is a comment.
import { datasetTitle, dateTime } from "../format.ts";
import type { ExperimentReport, ReportPart } from "./experiment.ts";
import { confusionTables, originTables, resultTables, weaknesses, type ReportTable } from "./tables.ts";

export function asLatex({ name, question, madeAt, parts }: ExperimentReport): string {
  const head = [
    comment(
      `${name}: written by Lockstep, ${dateTime(madeAt)} UTC. Needs \\usepackage{booktabs} and \\usepackage{graphicx}.`,
    ),
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
    ...tables.map((table) => tableText(table, `${name} on ${dataset}`)),
  ];
}

function tableText({ id, title, head, rows, note }: ReportTable, of: string): string {
  const line = (cells: readonly string[]) => `    ${cells.map(escapeLatex).join(" & ")} \\\\`;
  const caption = `${title} (${of}).${note === null ? "" : ` ${note}`}`;
  return [
    "\\begin{table}[htbp]",
    "  \\centering",
    `  \\caption{${escapeLatex(caption)}}`,
    `  \\label{tab:${label(`${of} ${id}`)}}`,
    "  \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%",
    `  \\begin{tabular}{l${"r".repeat(head.length - 1)}}`,
    "    \\toprule",
    line(head),
    "    \\midrule",
    ...rows.map(line),
    "    \\bottomrule",
    "  \\end{tabular}}",
    "\\end{table}",
  ].join("\n");
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
