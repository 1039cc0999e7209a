/**
 * Baselines: Express as its guide shows it, with one Redis command a request and nothing else.
 *
 * `native` constructs requests and responses with Express's prototypes, which is the one trick of ours it knows.
 */
import { createServer as createPlainServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { Redis } from "ioredis";
import { createServer } from "../../../src/platform/http/server.ts";
import { answerQuestions } from "../frame/child.ts";
import { processorMs } from "./usage.ts";

answerQuestions({
  async start({ redisUrl, native }: { redisUrl: string; native: boolean }): Promise<number> {
    const redis = new Redis(redisUrl);
    await redis.ping();
    const app = express();
    app.post("/count", express.json(), async (_request, response) => {
      response.status(201).json({ count: await redis.incr("count") });
    });
    app.get("/value/:name", async (request, response) => {
      response.type("json").send(await redis.get(request.params.name));
    });
    const server = native ? createServer(app) : createPlainServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4_096, resolve));
    return (server.address() as AddressInfo).port;
  },
  "processor ms": processorMs,
});
