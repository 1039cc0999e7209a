/** The API as a benchmark's operator calls it: any answer but success ends the run. */

export type Call = <Answer = Record<string, unknown>>(
  method: string,
  path: string,
  body?: object,
  token?: string,
) => Promise<Answer>;

export function createCall(port: number): Call {
  return async <Answer>(method: string, path: string, body?: object, token?: string): Promise<Answer> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: {
        ...(body ? { "Content-Type": "application/json" } : {}),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return (text === "" ? {} : JSON.parse(text)) as Answer;
  };
}
