/** k6's WebSocket as it is: it takes subprotocols and tells close codes, which its published types do not know. */
import { WebSocket } from "k6/websockets";

export interface Socket {
  onmessage: (event: { readonly data: string }) => void;
  onclose: (event: { readonly code?: number }) => void;
  onerror: () => void;
  close(): void;
}

type Constructor = new (
  url: string,
  protocols: readonly string[],
  options: { readonly tags: Readonly<Record<string, string>> },
) => Socket;

export const Socket = WebSocket as unknown as Constructor;
