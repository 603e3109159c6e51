// What S3 answers when it does not do what it was asked, as one line and a next step.
import { LockstepError } from "../../errors.ts";

interface Answer {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly Code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const MISSING = ["NoSuchKey", "NotFound", "NoSuchUpload"];
const CREDENTIALS = [
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "CredentialsProviderError",
  "ExpiredToken",
  "InvalidToken",
  "AuthFailure",
  "XAdminUserNotFound", // versitygw
];
const FULL = /StorageFull|QuotaExceeded|InsufficientStorage|no space left|disk full|disk quota/i;
const AWAY =
  /^(ECONN|ENOTFOUND|EAI_|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|TimeoutError|ServiceUnavailable|SlowDown)/;
const KEPT = "files are kept in EXP_HOME until then";

/** Whether the object, or an upload in parts, is not there. A missing bucket is another matter. */
export function isMissing(error: unknown): boolean {
  return MISSING.includes((error as Answer).name ?? "");
}

export function s3Error(store: string, cause: unknown): LockstepError {
  if (cause instanceof LockstepError) return cause;
  const [what, next] = explain(cause as Answer);
  return new LockstepError({ code: "storage", message: `artifact store ${store}: ${what}.`, next, cause });
}

function explain(answer: Answer): [what: string, next: string] {
  const { message = "" } = answer;
  const name = answer.name ?? answer.Code ?? "";
  const status = answer.$metadata?.httpStatusCode;
  if (name === "NoSuchBucket") return ["the bucket does not exist", "Make it, or correct ARTIFACTS_URL."];
  if (CREDENTIALS.includes(name))
    return [
      `the credentials are refused (${name})`,
      "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
    ];
  if (status === 403)
    return [
      `access is denied (${name === "403" || name === "" ? "403" : name})`,
      "Its user needs to list the bucket and to get, put and delete objects in it.",
    ];
  if (FULL.test(`${name} ${message}`) || status === 507) return ["its disk is full", `Make room there; ${KEPT}.`];
  if (/region is missing/i.test(message)) return ["no region is set", "Set AWS_REGION."];
  const code = answer.code ?? name;
  if (AWAY.test(code) || code === "EADDRNOTAVAIL")
    return [`it does not answer (${code})`, `Check ARTIFACTS_URL and ARTIFACTS_ENDPOINT; ${KEPT}.`];
  return [oneLine(`${name === "" || name === "Error" ? "" : `${name}: `}${message}`), `Files are kept in EXP_HOME.`];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").replace(/\.$/, "").slice(0, 300);
}
