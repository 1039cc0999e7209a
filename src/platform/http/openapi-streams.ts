/** The WebSocket streams in the OpenAPI document, which has no words of its own for them. */
import { CloseCode } from "../sockets/index.ts";

export interface StreamDoc {
  /** With `{name}` for what varies: `/ws/v1/queues/{queueId}`. */
  readonly path: string;
  readonly summary: string;
  /** What opens it, such as "the queue ticket". */
  readonly credential: string;
  /** What the server sends: the frame's `type`, and a sentence with its fields. */
  readonly messages: Readonly<Record<string, string>>;
}

const CLOSE_CODES: Readonly<Record<CloseCode, string>> = {
  [CloseCode.done]: "it is over, as the last message said; do not reconnect",
  [CloseCode.protocolAbuse]: "the client sent something; these streams only push",
  [CloseCode.restart]: "this server restarts; reconnect after a random part of `reconnectSpreadSeconds`",
  [CloseCode.tryAgainLater]: "it could not be opened now; reconnect with a growing delay",
  [CloseCode.badToken]: "the token is missing, expired or not for this stream; get a new one first",
  [CloseCode.wrongQueue]: "the token belongs to another queue; never reconnect by script",
  [CloseCode.tooSlow]: "too many frames could not be delivered; reconnect",
  [CloseCode.replaced]: "the account has too many tabs open; never reconnect by script",
};

const CREDENTIALS =
  "The token goes into the subprotocol, `Sec-WebSocket-Protocol: fastpass.v1, token.<jwt>`; `?token=<jwt>` works too. A refused token is answered by a close code after the handshake, because a browser cannot read the status of a refused upgrade.";

/** For tools: the `x-websockets` extension. */
export function streamsExtension(streams: readonly StreamDoc[]): object {
  return { protocol: "fastpass.v1", credentials: CREDENTIALS, closeCodes: CLOSE_CODES, streams };
}

/** For people: a part of the document's description, in Markdown. */
export function streamsText(streams: readonly StreamDoc[]): string {
  const parts = streams.map(({ path, summary, credential, messages }) =>
    [
      `### \`WS ${path}\``,
      `${summary} Opened with ${credential}.`,
      ...Object.entries(messages).map(([type, sentence]) => `- \`${type}\`: ${sentence}`),
    ].join("\n"),
  );
  const codes = Object.entries(CLOSE_CODES).map(([code, meaning]) => `| ${code} | ${meaning} |`);
  return [
    "## WebSocket streams",
    `Frames are JSON texts from the server to the client; the client sends nothing but pongs. ${CREDENTIALS}`,
    ...parts,
    ["| close code | meaning |", "|---|---|", ...codes].join("\n"),
  ].join("\n\n");
}
