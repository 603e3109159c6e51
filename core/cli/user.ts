// exp user: who may use the dashboard where it asks for a token.
import type { Command } from "commander";
import { openReadyStore, type Store } from "../store/index.ts";
import { addUser, listUsers, removeUser, rotateToken, type Role } from "../store/users.ts";
import { oneOf } from "./flags.ts";
import { printNotice } from "./notice.ts";
import { printJson, printTable } from "./output.ts";

interface Flags {
  readonly role: Role;
  readonly json?: boolean;
}

const EXAMPLES = `
A token is shown once; the database keeps its digest alone. Whoever has the role read sees everything and changes nothing.

Examples:
  exp user add ann --role write
  exp user list
  exp user rotate ann
  exp user remove ann
  exp dashboard --host 0.0.0.0 --users`;

export function registerUserCommands(program: Command): void {
  const user = program.command("user").description("Named users of the dashboard").addHelpText("after", EXAMPLES);
  user
    .command("add")
    .argument("<name>", "letters, digits, dot, @, - and _")
    .description("A new user; prints its token")
    .option("--role <role>", "read or write", oneOf("--role", ["read", "write"]), "read")
    .option("--json", "one JSON object")
    .action((name: string, { role, json }: Flags) =>
      within(async (store) => {
        const token = await addUser(store, { name, role });
        if (json) printJson({ type: "user", name, role, token });
        else printToken(name, token);
      }),
    );
  user
    .command("list")
    .description("Names, roles, and when they were last seen")
    .option("--json", "one JSON object a user")
    .action(({ json }: Flags) => within((store) => list(store, json ?? false)));
  user
    .command("rotate")
    .argument("<name>", "as exp user list shows it")
    .description("Another token for a user; the one before ends at once")
    .option("--json", "one JSON object")
    .action((name: string, { json }: Flags) =>
      within(async (store) => {
        const token = await rotateToken(store, name);
        if (json) printJson({ type: "user", name, token });
        else printToken(name, token);
      }),
    );
  user
    .command("remove")
    .argument("<name>", "as exp user list shows it")
    .description("Its token ends at once")
    .action((name: string) =>
      within(async (store) => {
        await removeUser(store, name);
        process.stdout.write(`${name} is removed; its token ends now.\n`);
      }),
    );
}

function printToken(name: string, token: string): void {
  process.stdout.write(`${token}\nThe token of ${name}, shown this once: open the dashboard with ?token=TOKEN.\n`);
}

async function list(store: Store, json: boolean): Promise<void> {
  const users = await listUsers(store);
  if (json) for (const user of users) printJson({ type: "user", ...user });
  else if (users.length === 0) process.stdout.write("There are no users. exp user add NAME makes one.\n");
  else
    printTable(
      ["name", "role", "since", "last seen"],
      users.map(({ name, role, createdAt, lastSeenAt }) => [
        ...[name, role, createdAt.toISOString().slice(0, 10), lastSeenAt?.toISOString().slice(0, 16) ?? "-"],
      ]),
    );
}

async function within(work: (store: Store) => Promise<void>): Promise<void> {
  const store = await openReadyStore({}, printNotice);
  try {
    await work(store);
  } finally {
    await store.close();
  }
}
