/** Requests as the bytes that go over the wire, made before the clock runs. */

export interface RequestPlan {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** All requests in one buffer; `ends[i]` is where the i-th ends. */
export interface Requests {
  readonly bytes: Buffer;
  readonly ends: Uint32Array;
}

export function encodeRequests(plans: readonly RequestPlan[]): Requests {
  const texts = plans.map(toText);
  const ends = new Uint32Array(texts.length);
  let end = 0;
  texts.forEach((text, index) => {
    end += Buffer.byteLength(text);
    ends[index] = end;
  });
  return { bytes: Buffer.from(texts.join("")), ends };
}

function toText({ method, path, token, headers, body }: RequestPlan): string {
  const payload = body === undefined ? "" : JSON.stringify(body);
  const lines = [`${method} ${path} HTTP/1.1`, "Host: 127.0.0.1"];
  if (token) lines.push(`Authorization: Bearer ${token}`);
  for (const [name, value] of Object.entries(headers ?? {})) lines.push(`${name}: ${value}`);
  if (body !== undefined)
    lines.push("Content-Type: application/json", `Content-Length: ${Buffer.byteLength(payload)}`);
  return `${lines.join("\r\n")}\r\n\r\n${payload}`;
}

export const countOf = ({ ends }: Requests): number => ends.length;

export function requestAt({ bytes, ends }: Requests, index: number): Buffer {
  return bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index]);
}
