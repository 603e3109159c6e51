// exp dashboard: serves what the database holds until Ctrl-C.
import type { Command } from "commander";
import { expHome } from "../home.ts";
import { portNumber } from "./flags.ts";
import { printJson } from "./output.ts";
import { untilSignal } from "./until-signal.ts";

interface DashboardFlags {
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  readonly users?: boolean;
  readonly json?: boolean;
}

export function registerDashboardCommand(program: Command): void {
  program
    .command("dashboard")
    .description("Serve the dashboard until Ctrl-C")
    .option("--port <n>", "port; 0 takes any free one", portNumber, 4500)
    .option("--host <address>", "address to listen on; any but loopback needs the token that is printed", "127.0.0.1")
    .option("--token <text>", "ask for this token")
    .option("--users", "ask for the token of a named user (exp user add NAME)")
    .option("--json", "print the address as a JSON line")
    .action(serve);
}

async function serve({ port, host, token, users, json }: DashboardFlags): Promise<void> {
  const { openReadyStore } = await import("../store/index.ts");
  const { withUploads } = await import("../store/artifacts/uploader.ts");
  const { startDashboard } = await import("../../dashboard/server.ts");
  const home = expHome();
  const store = await openReadyStore({ home }, (text) => process.stderr.write(`${text}\n`));
  try {
    const onNotice = (text: string): void => void process.stderr.write(`${text}\n`);
    await withUploads({ store, home, onNotice }, async () => {
      const dashboard = await startDashboard({ store, home, port, host, token: token ?? null, users: users ?? false });
      if (json) printJson({ type: "dashboard", url: dashboard.url });
      else process.stdout.write(`${dashboard.url}\nCtrl-C ends it.\n`);
      await untilSignal();
      await dashboard.close();
    });
  } finally {
    await store.close();
  }
}
