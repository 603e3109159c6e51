// Who may talk to the dashboard: known Host names only (a foreign page could otherwise rebind its own name to us),
// a token where one is set, no writes from other sites, and a content policy without inline scripts or styles.
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { csrf } from "hono/csrf";
import { secureHeaders } from "hono/secure-headers";
import type { Store } from "../core/store/index.ts";
import { findUser, ownUser, type User } from "../core/store/users.ts";
import { sameText } from "./same-text.ts";
import { asViewer } from "./viewer.ts";

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const COOKIE = "lockstep_token";

/** @param host a further name to accept, or null */
export function checkHost(host: string | null): MiddlewareHandler {
  const accepted = new Set(host === null ? LOOPBACK : [...LOOPBACK, host.toLowerCase()]);
  return async (c, next) => {
    if (!accepted.has(hostName(c))) return c.text("This host name is not served here.\n", 403);
    return next();
  };
}

function hostName(c: Context): string {
  const host = c.req.header("host") ?? new URL(c.req.url).host;
  return host.toLowerCase().replace(/:\d+$/, "");
}

/**
 * A token is taken from the address once (then kept in a cookie), from the cookie, or from an Authorization header. The rest of the
 * request is made as the user whose it is, and whoever may only read changes nothing.
 * @param token of whoever started the server; null: none @param users where named users are found; null: there are none
 */
export function checkToken(token: string | null, users: Pick<Store, "sql"> | null = null): MiddlewareHandler {
  const open = token === null && users === null;
  const userOf = async (given: string | undefined): Promise<User | null> => {
    if (given === undefined) return null;
    if (token !== null && sameText(given, token)) return { name: ownUser(), role: "write" };
    return users === null ? null : findUser(users, given);
  };
  return async (c, next) => {
    if (open) return next();
    const given = c.req.query("token");
    if (given !== undefined && (await userOf(given)) !== null) return keepToken(c, given);
    const bearer = c.req.header("authorization")?.replace(/^Bearer /, "");
    const user = await userOf(getCookie(c, COOKIE) ?? bearer);
    if (user === null) return c.text(`${users === null ? PRINTED : NAMED}\n`, 401);
    if (user.role === "read" && !["GET", "HEAD"].includes(c.req.method)) return refuseChange(c, user);
    return asViewer(user, next);
  };
}

const PRINTED = "Open the address that `exp dashboard` printed: it carries the token.";
const NAMED = "Add ?token=TOKEN to the address, with the token that `exp user add` printed for you.";

function refuseChange(c: Context, { name }: User): Response {
  const message = `${name} may read and not change anything`;
  const next = "Whoever runs the dashboard gives the role write: exp user add NAME --role write.";
  if (c.req.path.startsWith("/api/")) return c.json({ type: "error", code: "usage", message, next }, 403);
  return c.text(`${message}. ${next}\n`, 403);
}

function keepToken(c: Context, token: string): Response {
  setCookie(c, COOKIE, token, { httpOnly: true, sameSite: "Strict", path: "/" });
  const url = new URL(c.req.url);
  url.searchParams.delete("token");
  return c.redirect(`${url.pathname}${url.search}`);
}

/** Refuses form posts from other sites. No form can send an Authorization header, and a script of another site is not let to. */
export function checkOrigin(): MiddlewareHandler {
  const guard = csrf({
    origin: (origin, c) => new URL(origin).host === (c.req.header("host") ?? new URL(c.req.url).host),
  });
  return async (c, next) => (c.req.header("authorization") === undefined ? guard(c, next) : next());
}

/** Headers of every answer: nothing inline, nothing from elsewhere, no framing. */
export function contentPolicy(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", "data:", "blob:"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    referrerPolicy: "same-origin",
    xFrameOptions: "DENY",
    strictTransportSecurity: false,
  });
}
