// Artifacts in S3 or what speaks its language (MinIO, Ceph, R2, …), by the official client. An object appears only when it is complete;
// each body and each part carries its sha256, which the server checks. Large files go in parts, and an interrupted upload goes on where it
// was: the client's own lib-storage cannot do that, so the parts are sent here.
import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type CompletedPart,
} from "@aws-sdk/client-s3";
import { fileDigest } from "../../file-digest.ts";
import { receiveInto } from "./content.ts";
import { changedFile, damagedObject, keyOf, type FileToPut, type ObjectStore } from "./object-store.ts";
import { isMissing, s3Error } from "./s3-errors.ts";

export interface S3Place {
  readonly name: string;
  readonly bucket: string;
  readonly prefix: readonly string[];
}

/** Larger files are sent in parts of this size, or of what makes 10,000 parts, the most that S3 takes. */
export const PART_BYTES = 8 << 20;
const MOST_PARTS = 10_000;

export function openS3({ name, bucket, prefix }: S3Place): ObjectStore {
  const client = connect();
  const Key = (sha256: string) => [...prefix, keyOf(sha256)].join("/");
  const at = (sha256: string) => ({ Bucket: bucket, Key: Key(sha256) });
  const told = async <T>(work: () => Promise<T>): Promise<T> =>
    work().catch((cause: unknown) => {
      throw s3Error(name, cause);
    });
  const has = (sha256: string): Promise<boolean> =>
    told(async () => {
      // not HEAD, whose refusals have no words
      const { Contents = [] } = await client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: Key(sha256), MaxKeys: 1 }),
      );
      return Contents.some(({ Key: found }) => found === Key(sha256));
    });
  return {
    name,
    has,
    put: (file) =>
      told(async () => {
        if (await has(file.sha256)) return;
        if (file.bytes <= PART_BYTES) await putWhole(client, at(file.sha256), file);
        else await putParts(client, at(file.sha256), file);
      }),
    get: (sha256, path, onBytes) =>
      told(async () => {
        const body = await client.send(new GetObjectCommand(at(sha256))).then(
          ({ Body }) => Body as AsyncIterable<Uint8Array> | undefined,
          (error: unknown) => {
            if (isMissing(error)) return undefined;
            throw error;
          },
        );
        if (body === undefined) return false;
        const received = await receiveInto(path, body, { sha256, onBytes });
        if (received !== sha256) throw damagedObject(name, sha256, received);
        return true;
      }),
    list: async function* () {
      try {
        for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: `${prefix.join("/")}/` }))
          yield (page.Contents ?? []).flatMap(({ Key: key = "", Size = 0 }) => {
            const sha256 = /\/([0-9a-f]{64})$/.exec(key)?.[1];
            return sha256 === undefined ? [] : [{ sha256, bytes: Size }];
          });
      } catch (cause) {
        throw s3Error(name, cause);
      }
    },
    remove: (sha256) =>
      told(async () => {
        await client.send(new DeleteObjectCommand(at(sha256)));
      }),
    check: () =>
      told(async () => {
        await client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 1 })); // says NoSuchBucket, where HEAD has no words
        const probe = { Bucket: bucket, Key: [...prefix, `probe-${process.pid}`].join("/") };
        await client.send(new PutObjectCommand({ ...probe, Body: Buffer.from("probe") }));
        await client.send(new DeleteObjectCommand(probe));
      }),
    close: () => client.destroy(),
  };
}

/** Credentials and region as the official client reads them (environment, files, roles). Another endpoint has buckets in its path. */
function connect(): S3Client {
  const { env } = process;
  env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true"; // that later versions of the client need Node 22 is our matter
  const endpoint = env["ARTIFACTS_ENDPOINT"] || env["AWS_ENDPOINT_URL_S3"] || env["AWS_ENDPOINT_URL"] || null;
  const region = env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"] ?? (endpoint === null ? undefined : "us-east-1");
  return new S3Client({
    ...(endpoint !== null && { endpoint, forcePathStyle: true }),
    ...(region !== undefined && { region }),
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3000, requestTimeout: 30_000, throwOnRequestTimeout: true },
    // digests are given here; streamed ones are not understood by all servers
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
}

interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

async function putWhole(client: S3Client, target: Target, { path, sha256, bytes }: FileToPut): Promise<void> {
  const file = await open(path);
  try {
    const body = await readPart(file, 0, bytes);
    const received = createHash("sha256").update(body).digest("hex");
    if (received !== sha256) throw changedFile(path, sha256, received);
    const digest = Buffer.from(sha256, "hex").toString("base64");
    await client.send(new PutObjectCommand({ ...target, Body: body, ChecksumSHA256: digest }));
  } finally {
    await file.close();
  }
}

async function putParts(client: S3Client, target: Target, file: FileToPut): Promise<void> {
  const received = await fileDigest(file.path);
  if (received !== file.sha256) throw changedFile(file.path, file.sha256, received);
  const begun = await partsThere(client, target, file.uploadId);
  const UploadId = begun?.uploadId ?? (await beginParts(client, target));
  file.keepUploadId(UploadId);
  const size = Math.max(PART_BYTES, Math.ceil(file.bytes / MOST_PARTS));
  const parts: CompletedPart[] = [];
  const handle = await open(file.path);
  try {
    for (let number = 1, from = 0; from < file.bytes; number++, from += size) {
      const body = await readPart(handle, from, Math.min(size, file.bytes - from));
      const ChecksumSHA256 = createHash("sha256").update(body).digest("base64");
      const known = begun?.parts.find(({ PartNumber }) => PartNumber === number);
      if (known?.ChecksumSHA256 === ChecksumSHA256) {
        parts.push(known);
        continue;
      }
      const part = { ...target, UploadId, PartNumber: number };
      const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: body, ChecksumSHA256 }));
      parts.push({ PartNumber: number, ETag, ChecksumSHA256 });
    }
  } finally {
    await handle.close();
  }
  await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } }));
}

async function beginParts(client: S3Client, target: Target): Promise<string> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: "SHA256" }));
  if (UploadId === undefined) throw new Error("the server began an upload without an id");
  return UploadId;
}

/** What an interrupted upload has sent; null where the server does not know it any more. */
async function partsThere(
  client: S3Client,
  target: Target,
  uploadId: string | null,
): Promise<{ uploadId: string; parts: CompletedPart[] } | null> {
  if (uploadId === null) return null;
  try {
    const parts: CompletedPart[] = [];
    for (let after: string | undefined; ;) {
      const asked = { ...target, UploadId: uploadId, PartNumberMarker: after };
      const page = await client.send(new ListPartsCommand(asked));
      for (const { PartNumber, ETag, ChecksumSHA256 } of page.Parts ?? [])
        parts.push({ PartNumber, ETag, ChecksumSHA256 });
      if (page.IsTruncated !== true) return { uploadId, parts };
      after = page.NextPartNumberMarker;
    }
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function readPart(file: FileHandle, from: number, bytes: number): Promise<Buffer> {
  const part = Buffer.allocUnsafe(bytes);
  const { bytesRead } = await file.read(part, 0, bytes, from);
  return part.subarray(0, bytesRead);
}
