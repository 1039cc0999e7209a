/** A socket for which nothing has to be opened, where only what is asked of Redis counts. */
import type { Stream } from "../../src/platform/sockets/index.ts";

export interface FakeStream extends Stream {
  readonly frames: string[];
}

export function fakeStream(): FakeStream {
  const frames: string[] = [];
  const ended: (() => void)[] = [];
  let isOpen = true;
  return {
    frames,
    send(text) {
      frames.push(text.toString());
      return true;
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      for (const listener of ended) listener();
    },
    onClose: (listener) => void ended.push(listener),
    confirm: () => undefined,
    get isOpen() {
      return isOpen;
    },
  } as FakeStream;
}
