/** A WebSocket as a fan's page has it: frames come in, nothing goes out. */
import { WebSocket } from "ws";
import type { Ledger } from "./ledger.ts";

export interface StreamHandlers {
  onFrame(frame: Record<string, unknown>): void;
  /** Once, however it ended; `ours` when we closed it. */
  onClose(code: number, ours: boolean): void;
}

export interface ClientStream {
  /** Resolves at the first frame, or with false when it closed before one came. */
  readonly opened: Promise<boolean>;
  readonly isOpen: boolean;
  close(): void;
}

const OPEN_WITHIN_MS = 15_000;

/** @param name counts its frames in the report. */
export function openStream(
  url: string,
  credential: string,
  name: string,
  ledger: Ledger,
  handlers: StreamHandlers,
): ClientStream {
  const socket = new WebSocket(url, ["fastpass.v1", `token.${credential}`], {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    handshakeTimeout: OPEN_WITHIN_MS,
  });
  const startedAt = performance.now();
  let ours = false;
  let first = true;
  let settle: (opened: boolean) => void = () => undefined;
  const opened = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  socket.on("message", (data: Buffer) => {
    if (ours) return;
    if (first) ledger.sample(`stream:${name}`, performance.now() - startedAt);
    first = false;
    const frame = JSON.parse(data.toString("utf8")) as Record<string, unknown>;
    ledger.count(`frame:${name} ${String(frame.type)}`);
    handlers.onFrame(frame);
    settle(true);
  });
  // Whatever went wrong, a close follows.
  socket.on("error", () => undefined);
  socket.on("close", (code) => {
    if (!ours) ledger.count(`close:${code}`);
    handlers.onClose(code, ours);
    settle(false);
  });
  return {
    opened,
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    close() {
      ours = true;
      // A tab that is shut says nothing more; waiting for the other side's goodbye would only keep it open.
      if (socket.readyState === WebSocket.OPEN) socket.close(1000);
      else socket.terminate();
    },
  };
}
