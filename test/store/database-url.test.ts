// What DATABASE_URL says beside the address: TLS as libpq names it, against a server with a certificate of its own, and the schema.
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, chownSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createRun, openStore } from "../../core/store/index.ts";
import { findCluster } from "../../core/store/embedded/cluster.ts";
import { runQuery } from "../../core/store/sql-query.ts";
import { createApp } from "../../dashboard/app.ts";
import { createTestDatabase } from "../postgres.ts";
import { newRun } from "./sample-run.ts";

const withOpenssl = spawnSync("openssl", ["version"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "lockstep-tls-"));
const file = (name: string): string => join(folder, name);
let url: string;

beforeAll(async () => {
  url = await createTestDatabase(inject("postgresUrl"));
  if (withOpenssl) await switchTlsOn();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** An authority, a certificate for "localhost" alone, one for a client, and an authority that signed neither. */
function makeCertificates(): void {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  for (const authority of ["ca", "other-ca"])
    openssl(
      "req",
      "-x509",
      ...key,
      "-keyout",
      `${authority}.key`,
      "-out",
      `${authority}.crt`,
      "-subj",
      `/CN=${authority}`,
    );
  writeFileSync(file("names"), "subjectAltName=DNS:localhost\n");
  for (const name of ["server", "client"]) {
    openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"];
    openssl("x509", "-req", "-in", `${name}.csr`, ...signed, "-out", `${name}.crt`, "-days", "2");
  }
}

/** On the test run's server, without a restart; connections without TLS go on as before. */
async function switchTlsOn(): Promise<void> {
  makeCertificates();
  const { place, user } = findCluster(inject("postgresHome"))!;
  const data = join(place, "data");
  for (const name of ["server.crt", "server.key", "ca.crt"]) {
    copyFileSync(file(name), join(data, name));
    if (user !== null) chownSync(join(data, name), user.uid, user.gid);
  }
  const hba = join(data, "pg_hba.conf");
  const name = new URL(url).pathname.slice(1);
  const own = `hostssl ${name}_client all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n`;
  writeFileSync(hba, own + readFileSync(hba, "utf8"));
  appendFileSync(join(data, "postgresql.conf"), "ssl = on\nssl_ca_file = 'ca.crt'\n");
  const admin = postgres(inject("postgresUrl"), { max: 1, onnotice: () => undefined });
  await admin.unsafe(`create database ${name}_client`);
  await admin`select pg_reload_conf()`;
  while ((await admin`show ssl`)[0]!["ssl"] !== "on") await new Promise((done) => setTimeout(done, 50));
  await admin.end();
}

const at = (host: string, query: string, base = url): string => base.replace("127.0.0.1", host) + query;

async function usesTls(databaseUrl: string): Promise<boolean> {
  const store = await openStore({ databaseUrl });
  try {
    const [row] = await store.sql<{ ssl: boolean }[]>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
    return row!.ssl;
  } finally {
    await store.close();
  }
}

describe.skipIf(!withOpenssl)("TLS", () => {
  test("is used where sslmode asks for it, and checked as far as it says", async () => {
    expect(await usesTls(at("127.0.0.1", ""))).toBe(false);
    expect(await usesTls(at("127.0.0.1", "?sslmode=prefer"))).toBe(true);
    expect(await usesTls(at("127.0.0.1", "?sslmode=require"))).toBe(true);
    expect(await usesTls(at("127.0.0.1", `?sslmode=verify-ca&sslrootcert=${file("ca.crt")}`))).toBe(true);
    expect(await usesTls(at("localhost", `?sslmode=verify-full&sslrootcert=${file("ca.crt")}`))).toBe(true);
  });

  test.each([
    ["another host's name", "127.0.0.1", "verify-full", "ca.crt", /certificate is not accepted: .*127\.0\.0\.1/],
    ["another authority", "localhost", "verify-full", "other-ca.crt", /certificate is not accepted/],
    ["another authority for verify-ca", "127.0.0.1", "verify-ca", "other-ca.crt", /certificate is not accepted/],
    ["another authority for require", "127.0.0.1", "require", "other-ca.crt", /certificate is not accepted/],
    ["no authority that is known", "localhost", "verify-full", null, /certificate is not accepted/],
    ["no such file", "localhost", "verify-full", "none.crt", /sslrootcert cannot be read.*none\.crt/],
    ["no such mode", "localhost", "sometimes", null, /sslmode is "sometimes"/],
  ])("%s is refused in one line without the password", async (_, host, mode, ca, message) => {
    const databaseUrl = at(host, `?sslmode=${mode}${ca === null ? "" : `&sslrootcert=${file(ca)}`}`);
    const error = await openStore({ databaseUrl }).then(
      () => null,
      (reason: Error) => reason,
    );
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toMatch(/\n/);
    expect(error?.message).not.toContain(new URL(url).password);
  });

  test("a server that asks for a client's certificate gets it", async () => {
    const client = `${url}_client`;
    const own = `&sslcert=${file("client.crt")}&sslkey=${file("client.key")}`;
    expect(await usesTls(at("127.0.0.1", `?sslmode=require${own}`, client))).toBe(true);
    await expect(usesTls(at("127.0.0.1", "?sslmode=require", client))).rejects.toThrow(/certificate/);
  });
});

test("a server without TLS is refused where sslmode demands it", async () => {
  const net = await import("node:net");
  const server = net.createServer((socket) =>
    socket.on("error", () => undefined).once("data", () => socket.write("N")),
  );
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as { port: number };
  await expect(openStore({ databaseUrl: `postgres://me:x@127.0.0.1:${port}/x?sslmode=require` })).rejects.toThrow(
    /offers no TLS, which sslmode demands/,
  );
  server.close();
});

test.each(["lab", 'Odd "name" ü'])(
  "?schema=%s holds tables of its own, for queries and the dashboard too",
  async (name) => {
    const store = await openStore({ databaseUrl: `${url}?schema=${encodeURIComponent(name)}` });
    expect(await store.sql`select current_schema() as schema, (select count(*) from runs) as runs`).toEqual([
      { schema: name, runs: 0 },
    ]);
    await createRun(store, newRun({ variant: "in a schema" }));
    const rows: unknown[] = [];
    await runQuery(store, { text: "select variant from v_runs", onRows: (part) => rows.push(...part.rows.flat()) });
    expect(rows).toEqual(["in a schema"]);
    const app = createApp({ store, home: folder });
    expect(await (await app.request("/api/v1/sql?q=select+count(*)+from+v_runs")).json()).toMatchObject({
      rows: [[1]],
    });
    expect(await (await app.request("/")).text()).toContain("in a schema");
    await store.close();
  },
);
