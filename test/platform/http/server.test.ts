import { once } from "node:events";
import { createServer as createPlainServer, IncomingMessage, type Server, ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import express from "express";
import request from "supertest";
import { createServer, endConnections, letIn } from "../../../src/platform/http/server.ts";

describe("server · D6", () => {
  it("requests and responses · before Express runs · have Express's own prototypes", async () => {
    const app = express();
    app.get("/", (_request, response) => void response.json({ fine: true }));
    const server = createServer(app);
    const seen: unknown[] = [];
    server.prependListener("request", (incoming, outgoing) => {
      seen.push(
        Object.getPrototypeOf(incoming) === app.request,
        Object.getPrototypeOf(outgoing) === app.response,
      );
    });
    const response = await request(server).get("/");
    expect(response.body).to.deep.equal({ fine: true });
    expect(seen).to.deep.equal([true, true]);
  });

  it("a request · through the application · has its prototype set to nothing new", async () => {
    const app = express();
    app.get("/", (_request, response) => void response.end());
    const changes: unknown[] = [];
    const original = Object.setPrototypeOf;
    const server = createServer(app);
    server.prependListener("request", () => {
      Object.setPrototypeOf = <T>(target: T, prototype: object | null): T => {
        if (target instanceof IncomingMessage || target instanceof ServerResponse) {
          if (Object.getPrototypeOf(target) !== prototype) changes.push(target);
        }
        return original(target, prototype);
      };
    });
    server.on("request", () => {
      Object.setPrototypeOf = original;
    });
    try {
      await request(server).get("/");
    } finally {
      Object.setPrototypeOf = original;
    }
    expect(changes).to.deep.equal([]);
  });

  it("a plain server · in the same experiment · shows that it would be noticed", async () => {
    const app = express();
    app.get("/", (_request, response) => void response.end());
    const server = createPlainServer(app);
    const seen: unknown[] = [];
    server.prependListener("request", (incoming) =>
      seen.push(Object.getPrototypeOf(incoming) === app.request),
    );
    await request(server).get("/");
    expect(seen).to.deep.equal([false]);
  });

  it("what is constructed · is still what node:http knows", async () => {
    const app = express();
    const kinds: boolean[] = [];
    app.get("/", (incoming, outgoing) => {
      kinds.push(incoming instanceof IncomingMessage, outgoing instanceof ServerResponse);
      outgoing.send("fine");
    });
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect([response.status, await response.text(), ...kinds]).to.deep.equal([200, "fine", true, true]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("server · the end of its connections", () => {
  it("a kept connection · is ended by the next answer, which says so", async () => {
    const app = express();
    app.get("/", (_request, response) => void response.send("fine"));
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const next = async () => {
      client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      return String((await once(client, "data"))[0]);
    };
    try {
      expect(await next()).to.match(/^HTTP\/1\.1 200 .*Connection: keep-alive/s);
      endConnections(server);
      const ended = once(client, "end");
      expect(await next()).to.match(/^HTTP\/1\.1 200 .*Connection: close.*fine$/s);
      await ended;
    } finally {
      client.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe("server · those at the door", () => {
  it("a crowd that is connected but was not taken yet · is let in before the server closes", async () => {
    const app = express();
    app.get("/", (_request, response) => void response.send("fine"));
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const answers = Array.from({ length: 64 }, () => {
      const client = connect(port, "127.0.0.1");
      client.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      return text(client);
    });
    await letIn(server);
    const closed = new Promise((resolve) => server.close(resolve));
    for (const answer of await Promise.all(answers)) expect(answer).to.match(/fine$/);
    await closed;
  });
});

describe("server · the time a request may take", () => {
  const TIMES = { headersMs: 50, requestMs: 10_000, lookEveryMs: 10 };
  let server: Server;
  let client: Socket;

  async function connected(): Promise<void> {
    const app = express();
    app.get("/", (_request, response) => void response.end("fine"));
    server = createServer(app, TIMES);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const accepted = once(server, "connection");
    client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    await Promise.all([accepted, once(client, "connect")]);
  }
  const answer = async () => String((await once(client, "data"))[0]).split("\r\n")[0];
  afterEach(() => {
    client.destroy();
    server.close();
  });

  it("a request that came in time to a process that stood still · is answered", async () => {
    await connected();
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const until = performance.now() + 3 * TIMES.headersMs;
    while (performance.now() < until);
    expect(await answer()).to.equal("HTTP/1.1 200 OK");
  });

  it("a client that says nothing, or never ends its headers · is told 408", async () => {
    for (const said of ["", "GET / HTTP/1.1\r\nHost: x\r\n"]) {
      await connected();
      client.write(said);
      expect(await answer(), said).to.equal("HTTP/1.1 408 Request Timeout");
      client.destroy();
      server.close();
    }
  });
});
