// The login under which a user's own SQL runs on the embedded server: it can read our tables and nothing else, and unlike a role that
// was taken on with "set role", nothing that a statement does leads back to the login that owns everything.
import { createHmac } from "node:crypto";
import type { Sql } from "postgres";

const LOGIN = "lockstep_query";

/** The URL of the same database with that login; its password follows from the owner's, which stands in cluster.json. */
export function queryUrl(ownerUrl: string): string {
  const url = new URL(ownerUrl);
  url.password = passwordOf(url.password);
  url.username = LOGIN;
  return url.href;
}

/** Makes the login, or sets it right; several processes may do so at once. */
export async function makeQueryLogin(owner: Sql, ownerUrl: string): Promise<void> {
  const password = passwordOf(new URL(ownerUrl).password); // hexadecimal
  await owner.begin(async (sql) => {
    await sql`select pg_advisory_xact_lock(hashtext(${LOGIN}))`;
    const known = await sql`select from pg_roles where rolname = ${LOGIN}`;
    if (known.length === 0) await sql.unsafe(`create role ${LOGIN}`);
    const attributes = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls inherit";
    await sql.unsafe(`alter role ${LOGIN} with ${attributes} password '${password}'`);
    await sql.unsafe(`alter role ${LOGIN} set default_transaction_read_only = on`);
    await sql.unsafe(`grant lockstep_reader to ${LOGIN}`);
  });
}

function passwordOf(ownerPassword: string): string {
  return createHmac("sha256", ownerPassword).update("the login of queries").digest("hex");
}
