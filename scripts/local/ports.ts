import { createServer } from "node:net";

/**
 * A port of 127.0.0.1 that is free now. Another process may take it before we bind it, so who uses this
 * tries again with another one when binding fails.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
