// Writes docs/files.md: every source file with the first sentence of its header. `npm run files`; a test keeps it true.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = ["experiments", "core", "dashboard", "test", "bench"];
const extensions = [".ts", ".tsx", ".mjs", ".js", ".c", ".h", ".py"];

/** The text that docs/files.md must have. */
export function fileList() {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", ...folders], {
    cwd: root,
    encoding: "utf8",
  });
  const files = listed.split("\n").filter((file) => extensions.includes(extname(file)));
  const lines = [
    "# Every file and its purpose",
    "",
    "Written by `npm run files` from the first sentence of each file's header.",
  ];
  let folder = "";
  for (const file of [...new Set(files)].sort(byFolder)) {
    if (dirname(file) !== folder) lines.push("", `## ${(folder = dirname(file))}/`);
    lines.push(`- \`${file.slice(folder.length + 1)}\`: ${purpose(readFileSync(root + file, "utf8"))}`);
  }
  return `${lines.join("\n")}\n`;
}

/** A folder's own files before those of its subfolders. */
function byFolder(a, b) {
  const [left, right] = [dirname(a), dirname(b)];
  return left === right ? (a < b ? -1 : 1) : left < right ? -1 : 1;
}

/** The first sentence of a file's header comment; of an experiment's docstring, its question. */
function purpose(text) {
  const question = /\* Question: ([^\n]+)/.exec(text)?.[1];
  if (question !== undefined) return question;
  const header = [];
  for (const line of text.split("\n")) {
    const words = /^(?:\/\/|\/\*\*?|#(?!pragma|include|!)|"""| \*(?!\/))\s?(.*)$/.exec(line)?.[1];
    if (words !== undefined && !words.startsWith("@jsx")) header.push(words.replace(/\*\/$|"""$/, "").trim());
    else if (header.join("") !== "") break;
  }
  const sentence = header.join(" ").trim();
  return (
    /^.*?\.(?= [A-Z(\[]|$)/.exec(sentence)?.[0] ??
    (sentence || `tests: ${/(?:describe|it)\("([^"]+)"/.exec(text)?.[1]}`)
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) writeFileSync(`${root}docs/files.md`, fileList());
