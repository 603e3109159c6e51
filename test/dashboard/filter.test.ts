// The runs filter: its grammar, and its errors.
import { describe, expect, it } from "vitest";
import { parseFilter } from "../../dashboard/filter/parse.ts";
import { columnNamed } from "../../dashboard/queries/columns.ts";

describe("runs filter", () => {
  it("and binds more tightly than or, parentheses more than both", () => {
    const one = (name: string) => ({ kind: "compare", name, operator: "=", value: "1" });
    expect(parseFilter("a = 1 or b = 1 and c = 1")).toEqual({
      kind: "any",
      parts: [one("a"), { kind: "all", parts: [one("b"), one("c")] }],
    });
    expect(parseFilter("(a = 1 or b = 1) and not c = 1")).toEqual({
      kind: "all",
      parts: [
        { kind: "any", parts: [one("a"), one("b")] },
        { kind: "not", part: one("c") },
      ],
    });
  });

  it("takes numbers, quoted text, lists and the names of grid variants", () => {
    expect(parseFilter('note ~ "first \\"try\\"" and lr >= 1e-4')).toMatchObject({
      parts: [{ value: 'first "try"' }, { operator: ">=", value: "1e-4" }],
    });
    expect(parseFilter("status in (failed, lost)")).toMatchObject({ kind: "in", values: ["failed", "lost"] });
    expect(parseFilter("variant = lr=0.001+widthMult=0.5")).toMatchObject({ value: "lr=0.001+widthMult=0.5" });
    expect(parseFilter("variant=frozen")).toMatchObject({ name: "variant", value: "frozen" });
    expect(parseFilter("  ")).toBeNull();
  });

  it("an error says where it stopped and what it expected", () => {
    expect(() => parseFilter("variant frozen")).toThrow('character 9, "frozen" expected =');
    expect(() => parseFilter("variant =")).toThrow("the end expected a value");
    expect(() => parseFilter("(a = 1")).toThrow("the end expected )");
    expect(() => parseFilter("a = 1 b = 2")).toThrow("expected and, or, or the end");
  });

  it("columns are known by several spellings and by no other", () => {
    expect(columnNamed("test.recall").key).toBe("test_recall");
    expect(columnNamed("batchSize").key).toBe("batch_size");
    expect(columnNamed("config.optimizer.kind").key).toBe("config.optimizer.kind");
    expect(() => columnNamed("test.recal")).toThrow('Did you mean "test_recall"?');
    expect(() => columnNamed("r.run_id; drop table runs")).toThrow("no column");
  });
});
