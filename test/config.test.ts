import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { temporaryPlace } from "../scripts/local/places.ts";
import { type Config, ConfigError, loadConfig } from "../src/config.ts";

const NEEDED = { DATABASE_URL: "postgres://u:p@db:5432/fastpass", REDIS_URL: "redis://cache:6379" };
const SECRET = "0123456789abcdef0123456789abcdef";

const load = (more: NodeJS.ProcessEnv = {}): Config => loadConfig({ ...NEEDED, ...more });
const faultOf = (environment: NodeJS.ProcessEnv): string => {
  try {
    loadConfig(environment);
  } catch (fault) {
    expect(fault).to.be.instanceOf(ConfigError);
    return (fault as Error).message;
  }
  return "no fault";
};

describe("config", () => {
  describe("defaults", () => {
    it("with only the two addresses · is a development on port 3000", () => {
      const config = load();
      expect(config).to.include({
        environment: "development",
        host: "0.0.0.0",
        port: 3000,
        databaseUrl: NEEDED.DATABASE_URL,
        databasePoolSize: 10,
        redisUrl: NEEDED.REDIS_URL,
        redlock: true,
        logLevel: "info",
        operator: null,
        metricsPort: 0,
        trustProxy: false,
        limits: true,
        gatewayUrl: null,
      });
      expect([config.redisCluster, config.redlockUrls]).to.deep.equal([[], []]);
    });

    it("the result · cannot be changed", () => {
      expect(load()).to.satisfy(Object.isFrozen);
    });

    it("without an address · says which one is missing", () => {
      const fault = faultOf({});
      expect(fault).to.match(
        /DATABASE_URL is required, such as postgres:.*; REDIS_URL is required, such as redis:/,
      );
    });
  });

  describe("each variable · given a good value · is taken", () => {
    const taken: Record<string, [value: string, field: keyof Config, expected: unknown]> = {
      NODE_ENV: ["test", "environment", "test"],
      HOST: ["127.0.0.1", "host", "127.0.0.1"],
      PORT: ["8080", "port", 8080],
      DATABASE_URL: ["postgresql://h/x", "databaseUrl", "postgresql://h/x"],
      REDIS_URL: ["rediss://h:1", "redisUrl", "rediss://h:1"],
      LOG_LEVEL: ["debug", "logLevel", "debug"],
      FASTPASS_DATABASE_POOL: ["25", "databasePoolSize", 25],
      FASTPASS_REDIS_CLUSTER: [
        "a:1, [::1]:2 ,redis://c:3,",
        "redisCluster",
        ["a:1", "[::1]:2", "redis://c:3"],
      ],
      FASTPASS_REDLOCK_URLS: ["redis://a,redis://b", "redlockUrls", ["redis://a", "redis://b"]],
      FASTPASS_REDLOCK: ["off", "redlock", false],
      FASTPASS_METRICS_PORT: ["9100", "metricsPort", 9100],
      FASTPASS_LIMITS: ["off", "limits", false],
      FASTPASS_DRAW_BEACON: ["/var/lib/beacon", "drawBeacon", "/var/lib/beacon"],
      FASTPASS_DRAW_BEACON_SECONDS: ["90", "drawBeaconSeconds", 90],
      FASTPASS_GATEWAY_URL: ["http://gateway:3000/", "gatewayUrl", "http://gateway:3000"],
    };
    for (const [name, [value, field, expected]] of Object.entries(taken)) {
      it(`${name}=${value}`, () => expect(load({ [name]: value })[field]).to.deep.equal(expected));
    }

    it("FASTPASS_OPERATOR_EMAIL and FASTPASS_OPERATOR_PASSWORD", () => {
      const operator = {
        FASTPASS_OPERATOR_EMAIL: "o@example.com",
        FASTPASS_OPERATOR_PASSWORD: "long enough",
      };
      expect(load(operator).operator).to.deep.equal({ email: "o@example.com", password: "long enough" });
    });

    it("FASTPASS_STRIPE_SECRET_KEY and FASTPASS_STRIPE_WEBHOOK_SECRET, both or none", () => {
      const stripe = {
        FASTPASS_STRIPE_SECRET_KEY: "sk_test_12345678",
        FASTPASS_STRIPE_WEBHOOK_SECRET: "whsec_12345678",
      };
      expect(load().stripe).to.equal(null);
      const loaded = load(stripe).stripe;
      expect(loaded?.secretKey.export().toString()).to.equal(stripe.FASTPASS_STRIPE_SECRET_KEY);
      expect(JSON.stringify(load(stripe)))
        .to.not.include("sk_test")
        .and.not.include("whsec");
      expect(faultOf({ ...NEEDED, FASTPASS_STRIPE_SECRET_KEY: "sk_test_12345678" })).to.include(
        "WEBHOOK_SECRET",
      );
    });

    it("FASTPASS_TRACES · off, an address, a file", () => {
      const traces = (value: string) => load({ FASTPASS_TRACES: value }).traces;
      expect([load().traces, traces("off")]).to.deep.equal([null, null]);
      expect(traces("https://c:4318/v1/traces")).to.deep.equal({
        kind: "otlp",
        url: "https://c:4318/v1/traces",
      });
      expect(traces("file:/tmp/spans.jsonl")).to.deep.equal({ kind: "file", path: "/tmp/spans.jsonl" });
    });

    const proxies: Record<string, Config["trustProxy"]> = {
      "": false,
      false: false,
      true: true,
      2: 2,
      loopback: "loopback",
      "10.0.0.0/8, fd00::/8, 192.168.1.1": "10.0.0.0/8, fd00::/8, 192.168.1.1",
    };
    for (const [value, expected] of Object.entries(proxies)) {
      it(`FASTPASS_TRUST_PROXY=${value}`, () =>
        expect(load({ FASTPASS_TRUST_PROXY: value }).trustProxy).to.equal(expected));
    }
  });

  describe("each variable · given a bad value · is named with what it must be", () => {
    const refused: Record<string, [value: string, sentence: RegExp]> = {
      NODE_ENV: ["staging", /must be one of development, production, test/],
      HOST: ["", /not allowed to be empty/],
      PORT: ["70000", /less than or equal to 65535/],
      DATABASE_URL: ["mysql://h", /postgres\|postgresql/],
      REDIS_URL: ["localhost:6379", /redis\|rediss/],
      LOG_LEVEL: ["loud", /must be one of/],
      FASTPASS_DATABASE_POOL: ["1", /greater than or equal to 2/],
      FASTPASS_REDIS_CLUSTER: ["redis-1:6379,redis-2", /nodes such as redis-1:6379, separated by commas/],
      FASTPASS_REDLOCK_URLS: [
        "redis://a,b:6379",
        /addresses such as redis:\/\/lock-1:6379, separated by commas/,
      ],
      FASTPASS_DRAW_BEACON: ["beacon.txt", /http or https address or the absolute path of a file/],
      FASTPASS_DRAW_BEACON_SECONDS: ["1", /greater than or equal to 5/],
      FASTPASS_GATEWAY_URL: ["gateway:3000", /http\|https/],
      FASTPASS_REDLOCK: ["no", /must be one of on, off/],
      FASTPASS_OPERATOR_EMAIL: ["nobody", /must be a valid email/],
      FASTPASS_OPERATOR_PASSWORD: ["short", /at least 8/],
      FASTPASS_ACCESS_SECRET: ["too-short", /32 characters or more; make one with openssl rand/],
      FASTPASS_TICKET_SECRET: ["too-short", /32 characters or more; make one with openssl rand/],
      FASTPASS_WEBHOOK_SECRET: ["too-short", /32 characters or more; make one with openssl rand/],
      FASTPASS_PASS_KEY_FILE: ["/nowhere/pass.pem", /readable PEM private key.*openssl/],
      FASTPASS_METRICS_PORT: ["many", /must be a number/],
      FASTPASS_TRUST_PROXY: ["everyone", /true, false, a number of proxies, or addresses/],
      FASTPASS_LIMITS: ["maybe", /must be one of on, off/],
      FASTPASS_TRACES: ["on", /off, an OTLP address such as http.*or file:/],
      FASTPASS_TRACES_SHARE: ["2", /less than or equal to 1/],
      FASTPASS_STRIPE_SECRET_KEY: ["secret", /must be a key such as sk_live_/],
      FASTPASS_STRIPE_WEBHOOK_SECRET: ["secret", /must be a secret such as whsec_/],
    };
    for (const [name, [value, sentence]] of Object.entries(refused)) {
      it(`${name}=${value}`, () => {
        const fault = faultOf({ ...NEEDED, [name]: value });
        expect(fault).to.include(name).and.match(sentence).and.match(/\.$/);
      });
    }

    it("none is left out here", () => {
      const told = faultOf({ ...NEEDED, FASTPASS_NOTHING: "" }).match(/FASTPASS_[A-Z_]+/g) ?? [];
      expect(told.filter((name) => name !== "FASTPASS_NOTHING" && !(name in refused))).to.deep.equal([]);
      expect(told.length).to.be.above(10);
    });

    it("a proxy that Express would throw about · is refused here", () => {
      for (const value of [
        "10.0.0.0/33",
        "10.0.0.0/0",
        "::1/129",
        "1.5",
        "a.example",
        "10.0.0.1/8/8",
        "loopback,x",
      ]) {
        expect(faultOf({ ...NEEDED, FASTPASS_TRUST_PROXY: value }), value).to.include("FASTPASS_TRUST_PROXY");
      }
    });

    it("several at once · are all named, in one sentence, and no secret is repeated", () => {
      const fault = faultOf({ PORT: "x", FASTPASS_ACCESS_SECRET: "my-short-secret" });
      expect(fault).to.include("PORT").and.include("DATABASE_URL").and.include("FASTPASS_ACCESS_SECRET");
      expect(fault).to.not.include("my-short-secret").and.not.include("\n");
    });

    it("an operator with only one of the two · is refused with the name of the other", () => {
      expect(faultOf({ ...NEEDED, FASTPASS_OPERATOR_EMAIL: "o@example.com" })).to.include(
        "FASTPASS_OPERATOR_PASSWORD",
      );
    });
  });

  describe("names", () => {
    it("an unknown FASTPASS_ name · is refused with those that exist", () => {
      const fault = faultOf({ ...NEEDED, FASTPASS_METRIC_PORT: "9100" });
      expect(fault)
        .to.match(/^FASTPASS_METRIC_PORT is not a setting/)
        .and.include("FASTPASS_METRICS_PORT");
    });

    it("any other name · is none of our business", () => {
      expect(load({ PATH: "/bin", FASTPASSX: "1", fastpass_port: "1" }).port).to.equal(3000);
    });

    it("what Kubernetes injects for Services named fastpass… · is passed over", () => {
      const injected = {
        FASTPASS_SERVICE_HOST: "10.0.0.1",
        FASTPASS_SERVICE_PORT: "80",
        FASTPASS_SERVICE_PORT_HTTP: "80",
        FASTPASS_PORT: "tcp://10.0.0.1:80",
        FASTPASS_PORT_80_TCP: "tcp://10.0.0.1:80",
        FASTPASS_PORT_80_TCP_PROTO: "tcp",
        FASTPASS_PORT_80_TCP_PORT: "80",
        FASTPASS_PORT_80_TCP_ADDR: "10.0.0.1",
        FASTPASS_PORT_53_UDP: "udp://10.0.0.1:53",
        FASTPASS_GATEWAY_SERVICE_HOST: "10.0.0.2",
        FASTPASS_GATEWAY_PORT_80_TCP_ADDR: "10.0.0.2",
      };
      expect(load(injected).port).to.equal(3000);
    });

    it("the address of a Service named fastpass-metrics · is not taken for our port", () => {
      expect(load({ FASTPASS_METRICS_PORT: "tcp://10.0.0.1:9100" }).metricsPort).to.equal(0);
    });
  });

  describe("secrets and keys", () => {
    let folder: string;
    before(async () => {
      folder = await temporaryPlace("keys");
      await mkdir(folder, { recursive: true });
    });
    after(() => rm(folder, { recursive: true }));

    const pem = (key: KeyObject) =>
      key.export({ type: key.type === "public" ? "spki" : "pkcs8", format: "pem" });
    async function fileOf(text: string | Buffer): Promise<string> {
      const file = path.join(folder, `${Math.random()}.pem`);
      await writeFile(file, text);
      return file;
    }
    const p256 = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const bytes = (key: KeyObject) => key.export().toString("hex");

    it("in production · none has a default, and each that is missing is named", () => {
      const fault = faultOf({ ...NEEDED, NODE_ENV: "production" });
      for (const name of ["ACCESS_SECRET", "TICKET_SECRET", "WEBHOOK_SECRET", "PASS_KEY_FILE"]) {
        expect(fault).to.match(
          new RegExp(`FASTPASS_${name} is required in production[^;]*; make one with openssl`),
        );
      }
      expect(faultOf({ ...NEEDED, FASTPASS_OPERATOR_EMAIL: "a@example.org" })).to.equal(
        "FASTPASS_OPERATOR_PASSWORD is required too when FASTPASS_OPERATOR_EMAIL is set.",
      );
    });

    it("in production · with all of them · starts", async () => {
      const config = load({
        NODE_ENV: "production",
        FASTPASS_ACCESS_SECRET: SECRET,
        FASTPASS_TICKET_SECRET: SECRET,
        FASTPASS_WEBHOOK_SECRET: SECRET,
        FASTPASS_PASS_KEY_FILE: await fileOf(pem(p256())),
      });
      expect(config.environment).to.equal("production");
    });

    it("one secret for several purposes · makes another key for each", () => {
      const { accessKey, refreshKey, ticketKey, admissionCodeKey, webhookKey } = load({
        FASTPASS_ACCESS_SECRET: SECRET,
        FASTPASS_TICKET_SECRET: SECRET,
        FASTPASS_WEBHOOK_SECRET: SECRET,
      });
      const all = [accessKey, refreshKey, ticketKey, admissionCodeKey, webhookKey];
      expect(new Set(all.map(bytes)).size).to.equal(all.length);
      for (const key of all) expect(key.type).to.equal("secret");
      // Whoever sends webhooks signs with the secret as it was handed out.
      expect(webhookKey.export().toString()).to.equal(SECRET);
    });

    it("the same secret · makes the same keys in every process", () => {
      const [first, second] = [
        load({ FASTPASS_ACCESS_SECRET: SECRET }),
        load({ FASTPASS_ACCESS_SECRET: SECRET }),
      ];
      expect(bytes(first.accessKey)).to.equal(bytes(second.accessKey));
      expect(pem(createPublicKey(first.passPrivateKey))).to.equal(
        pem(createPublicKey(second.passPrivateKey)),
      );
    });

    it("the development pass key · is on P-256 and follows the secret", () => {
      const keys = [load(), load({ FASTPASS_TICKET_SECRET: SECRET })].map(
        ({ passPrivateKey }) => passPrivateKey,
      );
      for (const key of keys) expect(key.asymmetricKeyDetails?.namedCurve).to.equal("prime256v1");
      expect(new Set(keys.map((key) => pem(createPublicKey(key)))).size).to.equal(2);
    });

    it("a pass key from a file · is that key", async () => {
      const key = p256();
      const config = load({ FASTPASS_PASS_KEY_FILE: await fileOf(pem(key)) });
      expect(pem(config.passPrivateKey)).to.equal(pem(key));
    });

    it("a pass key that can't sign passes · is refused", async () => {
      const bad = {
        "no PEM": Buffer.from("hello"),
        "a public key": pem(createPublicKey(p256())),
        "another curve": pem(generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey),
        RSA: pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey),
        Ed25519: pem(generateKeyPairSync("ed25519").privateKey),
      };
      for (const [what, text] of Object.entries(bad)) {
        const fault = faultOf({ ...NEEDED, FASTPASS_PASS_KEY_FILE: await fileOf(text) });
        expect(fault, what).to.include("FASTPASS_PASS_KEY_FILE");
      }
    });

    it("a config that is logged by mistake · shows no secret", () => {
      const config = load({ FASTPASS_ACCESS_SECRET: SECRET, FASTPASS_WEBHOOK_SECRET: SECRET });
      expect(JSON.stringify(config)).to.not.include(SECRET);
    });
  });
});
