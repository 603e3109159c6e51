// exp serve: a stored run behind a small HTTP endpoint, until Ctrl-C.
import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { isLoopback, listenAt } from "../../dashboard/listen.ts";
import { expHome } from "../home.ts";
import { openPredictor } from "../run/predictor.ts";
import { openWorkshop } from "../run/workshop.ts";
import { findRun, openReadyStore } from "../store/index.ts";
import { fraction, portNumber, wholeNumber } from "./flags.ts";
import { printNotice } from "./notice.ts";
import { printJson } from "./output.ts";
import { createPredictApp } from "./predict-app.ts";
import { addEngineChoice, engineOf, type EngineFlags } from "./training-flags.ts";
import { untilSignal } from "./until-signal.ts";

interface ServeFlags extends EngineFlags {
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  readonly threshold?: number;
  readonly maxMegabytes: number;
  readonly json?: boolean;
}

const EXAMPLES = `
GET / tells what is served, POST /predict takes an image and gives what exp predict says of it, GET /health is for monitors.
This is research software: it is not a medical device.

Examples:
  exp serve frozen-backbone/unfrozen/0 --threshold 0.3
  curl -H content-type:image/png --data-binary @scan.png http://127.0.0.1:4600/predict
  curl -F image=@scan.png http://127.0.0.1:4600/predict`;

export function registerServeCommand(program: Command): void {
  const command = program
    .command("serve")
    .argument("<run>", "id, the beginning of one, or experiment/variant/seed")
    .description("Answer what a stored run says of an image, over HTTP, until Ctrl-C")
    .option("--port <n>", "port; 0 takes any free one", portNumber, 4600)
    .option("--host <address>", "address to listen on; any but loopback needs the token that is printed", "127.0.0.1")
    .option("--token <text>", "ask for this token (Authorization: Bearer …)")
    .option("--threshold <probability>", "call an image positive from here on, 0 to 1", fraction("--threshold"))
    .option("--max-megabytes <n>", "largest image", wholeNumber("--max-megabytes", 1), 20);
  addEngineChoice(command)
    .option("--json", "print the address as a JSON line")
    .addHelpText("after", EXAMPLES)
    .action(serve);
}

async function serve(name: string, flags: ServeFlags): Promise<void> {
  const store = await openReadyStore({}, printNotice);
  const run = await findRun(store, name);
  const workshop = await openWorkshop(engineOf(flags, run.engine), { store, home: expHome() });
  try {
    const predictor = await openPredictor(run, workshop);
    const { host, port, threshold = null } = flags;
    const token = flags.token ?? (isLoopback(host) ? null : randomBytes(16).toString("hex"));
    const maxBytes = flags.maxMegabytes * 1e6;
    const app = createPredictApp({ predictor, threshold, maxBytes, token, host: isLoopback(host) ? null : host });
    const server = await listenAt(app, { port, host, what: "serve" });
    if (flags.json) printJson({ type: "serve", url: server.url, token });
    else tell(server.url, token);
    await untilSignal();
    await server.close();
    predictor.close();
  } finally {
    await workshop.close();
    await store.close();
  }
}

function tell(url: string, token: string | null): void {
  process.stdout.write(`${url}predict\n${token === null ? "" : `Authorization: Bearer ${token}\n`}Ctrl-C ends it.\n`);
}
