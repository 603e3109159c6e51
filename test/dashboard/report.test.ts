// exp compare and exp report: files that hold everything themselves, with the numbers of the compare page, and honest refusals.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readExperimentReport } from "../../dashboard/report/experiment.ts";
import { asLatex, escapeLatex } from "../../dashboard/report/latex.ts";
import { fitted } from "../../dashboard/report/latex-fit.ts";
import { asMarkdown, escapeMarkdown } from "../../dashboard/report/markdown.ts";
import { meanText } from "../../dashboard/report/tables.ts";
import { meanInterval } from "../../dashboard/statistics/interval.ts";
import { makeHome, type Home } from "../cli/exp-process.ts";
import { openSampleDashboard, textOf, type SampleDashboard } from "./sample-dashboard.ts";

let dashboard: SampleDashboard;
let home: Home;
beforeAll(async () => {
  dashboard = await openSampleDashboard();
  home = makeHome();
});
afterAll(async () => {
  await dashboard.close();
  await home.remove();
});

const exp = (...args: string[]) => home.exp(args, { DATABASE_URL: dashboard.store.url });
const written = (name: string) => readFile(join(home.folder, name), "utf8");
const idOf = (variant: string, seed: number) => dashboard.run(variant, seed).runId;

/** What a table says, row by row. */
function tableText(html: string, id: string): string {
  const from = html.indexOf(`id="${id}"`);
  if (from < 0) throw new Error(`no table ${id}`);
  return textOf(html.slice(from, html.indexOf("</table>", from)));
}

/** Nothing in it is fetched, run or leads away. */
function expectSelfContained(html: string): void {
  expect(html.match(/<script|<link|<img|<iframe|<form|<button|\shref=|\ssrc=|url\(|https?:|@import/gi)).toBeNull();
  expect(html).toContain("<svg");
}

describe("exp compare", () => {
  it("writes one file with the numbers of the compare page", async () => {
    const [a, b, c] = [idOf("frozen", 0), idOf("unfrozen", 0), idOf("unfrozen", 1)];
    const { code, stderr } = await exp(
      "compare",
      a.slice(0, 8),
      b.slice(0, 8),
      c,
      "--html",
      join(home.folder, "c.html"),
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const [file, page] = [await written("c.html"), await dashboard.page(`/compare?runs=${a},${b},${c}`)];
    expectSelfContained(file);
    for (const id of ["pair-tests", "score-table", "difference-table"])
      if (page.includes(`id="${id}"`)) expect(tableText(file, id)).toBe(tableText(page, id));
    expect(numbersOf(tableText(file, "metric-table"))).toEqual(numbersOf(tableText(page, "metric-table")));
    expect(confusions(file)).toEqual(confusions(page));
    expect(confusions(file)).toHaveLength(3);
    expect(textOf(file)).toContain(/Of \d+ images, B gets[^.]*\./.exec(textOf(page))?.[0]);
    for (const id of [a, b, c]) expect(file).toContain(id);
  });

  it("prints and gives as JSON what the page says", async () => {
    const [a, b] = [idOf("frozen", 0), idOf("unfrozen", 0)];
    const page = textOf(await dashboard.page(`/compare?runs=${a},${b}`));
    const printed = await exp("compare", a, b);
    expect(printed.stdout).toContain(/Of \d+ images, B gets[^.]*\./.exec(page)?.[0]);
    const json = JSON.parse((await exp("compare", a, b, "--json")).stdout) as {
      pair: { mcnemarP: number; sentence: string; confusion: { a: number[][]; b: number[][]; difference: number[][] } };
    };
    expect(page).toContain(json.pair.sentence);
    const { confusion } = json.pair;
    expect(confusion.difference).toEqual(confusion.b.map((row, i) => row.map((n, j) => n - confusion.a[i]![j]!)));
  });

  it("refuses one run, an unknown run and a file that cannot be written", async () => {
    const [a, b] = [idOf("frozen", 0), idOf("unfrozen", 0)];
    const one = await exp("compare", a, a.slice(0, 8));
    expect([one.code, one.stderr]).toEqual([1, expect.stringContaining("all of one run")]);
    const unknown = await exp("compare", a, "ffffffff");
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('begins with "ffffffff"')]);
    const folder = await exp("compare", a, b, "--html", home.folder);
    expect([folder.code, folder.stderr]).toEqual([1, expect.stringContaining(`cannot write ${home.folder}`)]);
  });

  it("does not pretend where the test sets differ", async () => {
    const { sql } = dashboard.store;
    const [a, b] = [idOf("frozen", 1), idOf("unfrozen", 1)];
    await sql`delete from predictions where run_id = ${a} and phase = 'test' and position > 60`;
    const { stdout } = await exp("compare", a, b, "--html", join(home.folder, "differ.html"), "--json");
    const file = textOf(await written("differ.html"));
    expect(file).toContain("Their test sets differ");
    expect(file).not.toContain("McNemar mid-p");
    expect((JSON.parse(stdout) as { pair: object }).pair).toMatchObject({ mcnemarP: null, differences: null });
  });
});

describe("exp report", () => {
  it("holds each variant's mean and interval over its finished runs in HTML, LaTeX and Markdown", async () => {
    const files = ["r.html", "r.tex", "r.md"].map((name) => join(home.folder, name));
    const { code, stderr } = await exp("report", "frozen-backbone", ...files.flatMap((file) => ["-o", file]));
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const [html, tex, markdown] = await Promise.all(["r.html", "r.tex", "r.md"].map(written));
    expectSelfContained(html!);
    const rows = await dashboard.store.sql<{ variant: string; values: number[] }[]>`
      select variant, array_agg(test_accuracy order by seed) as values from runs
      where experiment = 'frozen-backbone' and status = 'done' group by variant`;
    for (const { variant, values } of rows) {
      const text = meanText(meanInterval(values));
      expect(tableText(html!, "results")).toContain(`${variant} ${values.length} ${text}`);
      expect(texCells(tex!, "test accuracy")[texCells(tex!, "variant").indexOf(variant)]).toBe(escapeLatex(text));
      expect(markdown).toContain(`| ${variant} | ${values.length} | ${text} |`);
    }
    const digests = await dashboard.store.sql<{ digest: string }[]>`
      select digest from runs where experiment = 'frozen-backbone' and status = 'done'`;
    const unbroken = tex!.replaceAll("\\allowbreak{}", "");
    for (const { digest } of digests) for (const text of [html, unbroken, markdown]) expect(text).toContain(digest);
  });

  it("refuses an unknown experiment and a kind of file that it does not write", async () => {
    const unknown = await exp("report", "frozen-backbon");
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('Did you mean "frozen-backbone"?')]);
    const kind = await exp("report", "frozen-backbone", "-o", "report.docx");
    expect([kind.code, kind.stderr]).toEqual([1, expect.stringContaining(".html, .tex, .md")]);
  });

  it("says what is missing where no run has finished", async () => {
    const empty = await openSampleDashboard();
    try {
      await empty.store.sql`update runs set status = 'failed'`;
      const report = await readExperimentReport(empty.store.sql, "frozen-backbone", new Date(0));
      expect(asMarkdown(report!)).toContain("No run has finished");
      expect(asLatex(report!)).toContain("% Note: No run has finished");
    } finally {
      await empty.close();
    }
  });

  it("cuts LaTeX tables to a page, each part with the columns that name its rows", () => {
    const table = { id: "t", title: "T", keys: 1, note: null };
    const narrow = fitted({ ...table, head: ["a", "b"], rows: [["x", "1"]] });
    expect(narrow).toMatchObject([{ size: "small", wrapped: [null, null], title: "T" }]);
    const numbers = Array.from({ length: 12 }, (_, i) => `metric ${i}`);
    const row = (name: string) => [name, ...numbers.map(() => "0.812 ± 0.031")];
    const wide = { ...table, head: ["variant", ...numbers], rows: [row("frozen"), row("unfrozen")] };
    const parts = fitted(wide);
    expect(parts.map(({ head }) => head[0])).toEqual(parts.map(() => "variant"));
    expect(parts.flatMap(({ head }) => head.slice(1))).toEqual(numbers);
    expect(parts.map(({ title }) => title)).toEqual(parts.map((_, i) => `T, part ${i + 1} of ${parts.length}`));
    expect(fitted({ ...wide, turns: true })).toMatchObject([{ head: ["variant", "frozen", "unfrozen"], keys: 1 }]);
    const rows = Array.from({ length: 100 }, (_, i) => [String(i), "1"]);
    expect(fitted({ ...table, head: ["a", "b"], rows }).flatMap((part) => part.rows)).toEqual(rows);
    expect(fitted({ ...table, head: ["a", "b"], rows })).toHaveLength(3);
    const [long] = fitted({ ...table, head: ["what", "value"], rows: [["data", "x/".repeat(200)]] });
    expect(long?.wrapped[1]).toBeLessThan(345);
  });

  it("escapes what LaTeX and Markdown would read", () => {
    expect(escapeLatex("a_b & 50% #1 $x$ {y} ~z^2 \\end <b>")).toBe(
      "a\\_b \\& 50\\% \\#1 \\$x\\$ \\{y\\} \\textasciitilde{}z\\textasciicircum{}2 \\textbackslash{}end \\textless{}b\\textgreater{}",
    );
    expect(escapeMarkdown("a|b *c* _d_ `e` <f> [g]\nh")).toBe("a\\|b \\*c\\* \\_d\\_ \\`e\\` \\<f\\> \\[g\\] h");
  });
});

/** Of the first row with this name: its variants are columns, so that the table is no wider than a page. */
function texCells(tex: string, name: string): string[] {
  const row = tex.split("\n").find((line) => line.trim().startsWith(`${name} & `)) ?? "";
  return row
    .trim()
    .replace(/ \\\\$/, "")
    .split(" & ");
}

function numbersOf(text: string): string[] {
  return text.match(/[+−±]?\d+\.\d+/g) ?? [];
}

/** The numbers of each matrix. */
function confusions(html: string): string[][] {
  return [...html.matchAll(/<table class="confusion"[\s\S]*?<\/table>/g)].map(([table]) =>
    [...table.matchAll(/>([−+]?\d+)<\/(?:a|span)>/g)].map((match) => match[1] as string),
  );
}
