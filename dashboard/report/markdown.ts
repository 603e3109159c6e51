// A report as Markdown (GitHub's tables).
import { datasetTitle, dateTime } from "../format.ts";
import type { ExperimentReport, ReportPart } from "./experiment.ts";
import { confusionTables, originTables, resultTables, weaknesses, type ReportTable } from "./tables.ts";

export function asMarkdown({ name, question, madeAt, parts }: ExperimentReport): string {
  const head = [`# ${escapeMarkdown(name)}`, ...(question === null ? [] : [quote(question)])];
  const made = `Written by Lockstep, ${dateTime(madeAt)} UTC.`;
  return `${[...head, ...parts.flatMap(partText), made].join("\n\n")}\n`;
}

function partText(part: ReportPart): string[] {
  return [
    `## On ${escapeMarkdown(datasetTitle(part.grid.dataset))}`,
    ...weaknesses(part).map((text) => `> **Note:** ${escapeMarkdown(text)}`),
    ...[...resultTables(part), ...confusionTables(part), ...originTables(part)].map(tableText),
  ];
}

function tableText({ title, head, rows, note }: ReportTable): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(" | ")} |`;
  const rule = `| --- | ${head
    .slice(1)
    .map(() => "---:")
    .join(" | ")} |`;
  const table = [line(head), rule, ...rows.map(line)].join("\n");
  return `### ${escapeMarkdown(title)}\n\n${table}${note === null ? "" : `\n\n${escapeMarkdown(note)}`}`;
}

/** Every character that Markdown or HTML inside it could read; a line break would end a row. */
export function escapeMarkdown(text: string): string {
  return text.replace(/\s*\r?\n\s*/g, " ").replace(/[\\`*_{}[\]<>#|~$&]/g, (sign) => `\\${sign}`);
}

function quote(text: string): string {
  return text
    .trim()
    .split(/\r?\n/)
    .map((line) => `> ${escapeMarkdown(line)}`)
    .join("  \n");
}
