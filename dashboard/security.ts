// Who may talk to the dashboard: known Host names only (a foreign page could otherwise rebind its own name to us),
// a token where one is set, no writes from other sites, and a content policy without inline scripts or styles.
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { csrf } from "hono/csrf";
import { secureHeaders } from "hono/secure-headers";
import { sameText } from "./same-text.ts";

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

/** A token is taken from the address once (then kept in a cookie), from the cookie, or from an Authorization header. */
export function checkToken(token: string | null): MiddlewareHandler {
  return async (c, next) => {
    if (token === null) return next();
    const given = c.req.query("token");
    if (given !== undefined && sameText(given, token)) return keepToken(c, token);
    const bearer = c.req.header("authorization")?.replace(/^Bearer /, "");
    const kept = getCookie(c, COOKIE) ?? bearer;
    if (kept !== undefined && sameText(kept, token)) return next();
    return c.text("Open the address that `exp dashboard` printed: it carries the token.\n", 401);
  };
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
