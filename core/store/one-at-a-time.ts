// A connection that asks its next question when the last is answered. postgres.js sends questions ahead, and asks for a statement's types
// by Parse, Describe, Flush before it sends the rest. PgBouncer (1.18) in transaction mode counts only what ends with a Sync: when the
// answer to an earlier question arrives it takes the server away, the types reach nobody, and the client waits for ever.
import type { Duplex } from "node:stream";

const code = (letter: string): number => letter.charCodeAt(0);
/** What ends with ReadyForQuery: Query, Sync, FunctionCall. */
const ASKS = new Set(["Q", "S", "F"].map(code));
/** Parts of a question that is being answered, or no question: a password, CopyData, CopyDone, CopyFail, Terminate. */
const PASSES = new Set(["p", "d", "c", "f", "X"].map(code));
const READY = code("Z");
const HEADER_BYTES = 5;

/** @returns the same socket, before its first byte */
export function oneAtATime<S extends Duplex>(socket: S): S {
  const write = socket.write.bind(socket) as (bytes: Buffer, done?: () => void) => boolean;
  const waiting: Buffer[] = [];
  let started = false;
  let answerDue = false;
  const send = (): boolean => {
    const messages: Buffer[] = [];
    while (waiting.length > 0 && !answerDue) {
      const message = waiting.shift()!;
      messages.push(message);
      answerDue = ASKS.has(message[0]!);
    }
    return messages.length === 0 || write(Buffer.concat(messages));
  };
  socket.write = ((bytes: Buffer, done?: () => void) => {
    if (!started || PASSES.has(bytes[0]!)) {
      started = true; // the first message has no letter
      return write(bytes, done);
    }
    waiting.push(...messagesOf(bytes));
    return send();
  }) as S["write"];
  const heard = readyListener(() => {
    answerDue = false;
    send();
  });
  socket.on("data", heard);
  return socket;
}

/** postgres.js writes whole messages, one or more at a time: a letter, the length without it, the content. */
function messagesOf(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at, end));
    at = end;
  }
  return messages;
}

/** For what comes from the server, cut anywhere. */
function readyListener(onReady: () => void): (bytes: Buffer) => void {
  const header = Buffer.alloc(HEADER_BYTES);
  let headerBytes = 0;
  let left = 0; // of the message's content
  return (bytes) => {
    for (let at = 0; at < bytes.length;) {
      if (headerBytes < HEADER_BYTES) {
        const copied = bytes.copy(header, headerBytes, at, at + HEADER_BYTES - headerBytes);
        headerBytes += copied;
        at += copied;
        if (headerBytes < HEADER_BYTES) return;
        left = header.readUInt32BE(1) - 4;
      }
      const skipped = Math.min(left, bytes.length - at);
      at += skipped;
      left -= skipped;
      if (left > 0) return;
      headerBytes = 0;
      if (header[0] === READY) onReady();
    }
  };
}
