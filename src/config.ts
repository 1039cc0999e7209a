/**
 * Every environment variable, checked once. Nothing else in the program reads `process.env`.
 *
 * The result is one frozen object; secrets leave this file as KeyObjects, because a string secret makes
 * each `jsonwebtoken` call re-derive its key (about 50 times slower) and ends up in logs too easily.
 */
import { createECDH, createHmac, createPrivateKey, createSecretKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { isAbsolute } from "node:path";
import Joi, { type CustomHelpers, type ErrorReport } from "joi";
import type { LogLevel } from "./platform/logger.ts";
import type { TracesTarget } from "./platform/tracing/index.ts";

export interface Config {
  readonly environment: "development" | "production" | "test";
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string;
  /** Connections a process may open to PostgreSQL. */
  readonly databasePoolSize: number;
  readonly redisUrl: string;
  /** `host:port` of Redis Cluster nodes; empty when Redis is a single master. */
  readonly redisCluster: readonly string[];
  /** Independent masters for Redlock; empty means the queue's own Redis. */
  readonly redlockUrls: readonly string[];
  /** `false` only in the test that shows that no seat is sold twice without the lock. */
  readonly redlock: boolean;
  readonly logLevel: LogLevel | "silent";
  readonly accessKey: KeyObject;
  readonly refreshKey: KeyObject;
  readonly ticketKey: KeyObject;
  readonly webhookKey: KeyObject;
  /** Signs the codes that are scanned at the gate. */
  readonly admissionCodeKey: KeyObject;
  /** Seals the seeds of draws until they are published. */
  readonly drawKey: KeyObject;
  /** Where the public value comes from that new queues promise to mix into their draw; '' for none. */
  readonly drawBeacon: string;
  /** How long a draw waits for that value before it goes on without. */
  readonly drawBeaconSeconds: number;
  /** Null: no real cards, only the sandbox. */
  readonly stripe: { readonly secretKey: KeyObject; readonly webhookSecret: KeyObject } | null;
  readonly passPrivateKey: KeyObject;
  readonly operator: { readonly email: string; readonly password: string } | null;
  /** 0: metrics are served on the main port (never in production). */
  readonly metricsPort: number;
  readonly trustProxy: boolean | number | string;
  /** Where workers reach a gateway, for the sandbox provider's webhooks; null: the payments are asked about instead. */
  readonly gatewayUrl: string | null;
  /** False for load tests: no limits by address or account, shorter bounds on times. */
  readonly limits: boolean;
  /** Where spans go; null: nothing is traced. */
  readonly traces: TracesTarget | null;
  /** The part of requests that are traced, 0 to 1. */
  readonly tracesShare: number;
}

/** A start that cannot work; the message is one sentence that says what to write instead. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const DEVELOPMENT_SECRET = "fast-pass-development-secret-never-for-production";

/** Kubernetes injects these for a Service named `fastpass…`; they are not ours to judge. */
const KUBERNETES_NAME =
  /^FASTPASS_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
/** It also injects an address as `…_PORT`, which for a Service named `fastpass-metrics` is our own setting's name. */
const KUBERNETES_ADDRESS = /^(tcp|udp|sctp):\/\//;

function isInjected(name: string, value = ""): boolean {
  return (
    KUBERNETES_NAME.test(name) ||
    (/^FASTPASS_([A-Z0-9_]+_)?PORT$/.test(name) && KUBERNETES_ADDRESS.test(value))
  );
}

const secret = (production: boolean) => {
  const schema = Joi.string().min(32).messages({
    "any.required": "{{#label}} is required in production; make one with openssl rand -base64 48",
    "string.min": "{{#label}} must have 32 characters or more; make one with openssl rand -base64 48",
  });
  return production ? schema.required() : schema.default(DEVELOPMENT_SECRET);
};
/** The file is read later; this is what to write when none is named. */
const MAKE_PASS_KEY = "openssl ecparam -name prime256v1 -genkey -noout -out pass.pem";
/** Comma-separated; joi has a type for lists only when they are arrays. */
const listOf = (item: (entry: string) => boolean, form: string) =>
  Joi.string()
    .allow("")
    .default("")
    .custom((value: string, helpers) => (splitList(value).every(item) ? value : helpers.error("any.invalid")))
    .messages({ "any.invalid": `{{#label}} must be ${form}, separated by commas` });
const isNode = (entry: string) => /^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:.]+\]:\d{1,5}$/.test(entry);
const isRedisUrl = (entry: string) => URL.canParse(entry) && /^rediss?:$/.test(new URL(entry).protocol);

const isBeacon = (value: string) =>
  value === "" || isAbsolute(value) || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol));

const needed = (name: string, example: string) =>
  `${name} is required, such as ${example} (npm start brings its own)`;

const schemaFor = (production: boolean) =>
  Joi.object({
    NODE_ENV: Joi.string().valid("development", "production", "test").default("development"),
    HOST: Joi.string().default("0.0.0.0"),
    PORT: Joi.number().integer().min(0).max(65_535).default(3000),
    DATABASE_URL: Joi.string()
      .uri({ scheme: ["postgres", "postgresql"] })
      .required()
      .messages({
        "any.required": needed("DATABASE_URL", "postgres://user:password@127.0.0.1:5432/fastpass"),
      }),
    REDIS_URL: Joi.string()
      .uri({ scheme: ["redis", "rediss"] })
      .required()
      .messages({ "any.required": needed("REDIS_URL", "redis://127.0.0.1:6379") }),
    LOG_LEVEL: Joi.string().valid("error", "warn", "info", "debug", "silent").default("info"),
    FASTPASS_DATABASE_POOL: Joi.number().integer().min(2).max(100).default(10),
    FASTPASS_REDIS_CLUSTER: listOf(
      (entry) => isNode(entry) || isRedisUrl(entry),
      "nodes such as redis-1:6379",
    ),
    FASTPASS_REDLOCK_URLS: listOf(isRedisUrl, "addresses such as redis://lock-1:6379"),
    FASTPASS_REDLOCK: Joi.string().valid("on", "off").default("on"),
    FASTPASS_OPERATOR_EMAIL: Joi.string().email({ tlds: false }),
    FASTPASS_OPERATOR_PASSWORD: Joi.string().min(8).max(128),
    FASTPASS_ACCESS_SECRET: secret(production),
    FASTPASS_TICKET_SECRET: secret(production),
    FASTPASS_WEBHOOK_SECRET: secret(production),
    FASTPASS_STRIPE_SECRET_KEY: Joi.string()
      .pattern(/^(sk|rk)_\w{8,}$/)
      .messages({
        "string.pattern.base": "FASTPASS_STRIPE_SECRET_KEY must be a key such as sk_live_… or rk_live_…",
      }),
    FASTPASS_STRIPE_WEBHOOK_SECRET: Joi.string()
      .pattern(/^whsec_\w{8,}$/)
      .messages({ "string.pattern.base": "FASTPASS_STRIPE_WEBHOOK_SECRET must be a secret such as whsec_…" }),
    FASTPASS_PASS_KEY_FILE: (production ? Joi.string().required() : Joi.string()).messages({
      "any.required": `FASTPASS_PASS_KEY_FILE is required in production, such as pass.pem; make one with ${MAKE_PASS_KEY}`,
    }),
    FASTPASS_METRICS_PORT: Joi.number().integer().min(0).max(65_535).default(0),
    FASTPASS_TRUST_PROXY: Joi.string().allow("").default("").custom(checkTrustProxy).messages({
      "any.invalid":
        "FASTPASS_TRUST_PROXY must be true, false, a number of proxies, or addresses and ranges such as 10.0.0.0/8,loopback",
    }),
    FASTPASS_DRAW_BEACON: Joi.string()
      .allow("")
      .default("")
      .custom((value: string, helpers) => (isBeacon(value) ? value : helpers.error("any.invalid")))
      .messages({
        "any.invalid":
          "FASTPASS_DRAW_BEACON must be an http or https address or the absolute path of a file, such as /var/lib/fastpass/beacon",
      }),
    FASTPASS_DRAW_BEACON_SECONDS: Joi.number().integer().min(5).max(3_600).default(60),
    FASTPASS_GATEWAY_URL: Joi.string().uri({ scheme: ["http", "https"] }),
    FASTPASS_LIMITS: Joi.string().valid("on", "off").default("on"),
    FASTPASS_TRACES: Joi.string().default("off").custom(checkTraces).messages({
      "any.invalid":
        "FASTPASS_TRACES must be off, an OTLP address such as http://collector:4318/v1/traces, or file:/path/to/spans.jsonl",
    }),
    FASTPASS_TRACES_SHARE: Joi.number().min(0).max(1).default(1),
  })
    .and("FASTPASS_OPERATOR_EMAIL", "FASTPASS_OPERATOR_PASSWORD")
    .and("FASTPASS_STRIPE_SECRET_KEY", "FASTPASS_STRIPE_WEBHOOK_SECRET")
    .messages({
      "object.and": "{{#missingWithLabels}} is required too when {{#presentWithLabels}} is set",
    });

const KNOWN = Object.keys(schemaFor(false).describe().keys as object);

/**
 * Reads and checks an environment.
 * @throws ConfigError naming every variable that is wrong and what it should be.
 */
export function loadConfig(environment: NodeJS.ProcessEnv): Config {
  refuseUnknown(environment);
  const present = Object.fromEntries(
    KNOWN.flatMap((name) => {
      const value = environment[name];
      return value === undefined || isInjected(name, value) ? [] : [[name, value]];
    }),
  );
  const { error, value } = schemaFor(environment.NODE_ENV === "production").validate(present, {
    abortEarly: false,
    errors: { wrap: { label: "", array: false } },
  });
  if (error) throw new ConfigError(`${error.details.map((detail) => detail.message).join("; ")}.`);
  const passKey = loadPassKey(value.FASTPASS_PASS_KEY_FILE);
  return Object.freeze({
    environment: value.NODE_ENV,
    host: value.HOST,
    port: value.PORT,
    databaseUrl: value.DATABASE_URL,
    databasePoolSize: value.FASTPASS_DATABASE_POOL,
    redisUrl: value.REDIS_URL,
    redisCluster: splitList(value.FASTPASS_REDIS_CLUSTER),
    redlockUrls: splitList(value.FASTPASS_REDLOCK_URLS),
    redlock: value.FASTPASS_REDLOCK === "on",
    logLevel: value.LOG_LEVEL,
    accessKey: derive(value.FASTPASS_ACCESS_SECRET, "access"),
    refreshKey: derive(value.FASTPASS_ACCESS_SECRET, "refresh"),
    ticketKey: derive(value.FASTPASS_TICKET_SECRET, "ticket"),
    admissionCodeKey: derive(value.FASTPASS_TICKET_SECRET, "admission-code"),
    drawKey: derive(value.FASTPASS_TICKET_SECRET, "draw"),
    drawBeacon: value.FASTPASS_DRAW_BEACON,
    drawBeaconSeconds: value.FASTPASS_DRAW_BEACON_SECONDS,
    webhookKey: createSecretKey(Buffer.from(value.FASTPASS_WEBHOOK_SECRET)),
    stripe: value.FASTPASS_STRIPE_SECRET_KEY
      ? {
          secretKey: createSecretKey(Buffer.from(value.FASTPASS_STRIPE_SECRET_KEY)),
          webhookSecret: createSecretKey(Buffer.from(value.FASTPASS_STRIPE_WEBHOOK_SECRET)),
        }
      : null,
    passPrivateKey: passKey ?? developmentPassKey(value.FASTPASS_TICKET_SECRET),
    operator: value.FASTPASS_OPERATOR_EMAIL
      ? { email: value.FASTPASS_OPERATOR_EMAIL, password: value.FASTPASS_OPERATOR_PASSWORD }
      : null,
    metricsPort: value.FASTPASS_METRICS_PORT,
    trustProxy: parseTrustProxy(value.FASTPASS_TRUST_PROXY),
    gatewayUrl: value.FASTPASS_GATEWAY_URL?.replace(/\/+$/, "") ?? null,
    limits: value.FASTPASS_LIMITS === "on",
    traces: parseTraces(value.FASTPASS_TRACES),
    tracesShare: value.FASTPASS_TRACES_SHARE,
  });
}

function refuseUnknown(environment: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith("FASTPASS_") || KNOWN.includes(name) || isInjected(name, value)) continue;
    const near = KNOWN.filter((known) => known.startsWith("FASTPASS_")).join(", ");
    throw new ConfigError(`${name} is not a setting of Fast Pass; unset it or use one of ${near}.`);
  }
}

function loadPassKey(file: string | undefined): KeyObject | null {
  if (!file) return null;
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(file));
  } catch (cause) {
    throw new ConfigError(
      `FASTPASS_PASS_KEY_FILE must name a readable PEM private key (${(cause as Error).message}); make one with ${MAKE_PASS_KEY}.`,
    );
  }
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new ConfigError(
      "FASTPASS_PASS_KEY_FILE must hold a P-256 (prime256v1) key, because passes are signed with ES256.",
    );
  }
  return key;
}

/** Outside production every process derives the same key, so that several on one machine accept each other's passes. */
function developmentPassKey(value: string): KeyObject {
  const curve = createECDH("prime256v1");
  // The top bit is cleared: the order of P-256 is just below 2^256, and a private key must be below the order.
  const d = createHmac("sha256", value).update("fastpass:pass").digest();
  d[0] = (d[0] ?? 0) & 0x7f;
  curve.setPrivateKey(d);
  const point = curve.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33, 65)].map((part) => part.toString("base64url"));
  return createPrivateKey({
    key: { kty: "EC", crv: "P-256", d: d.toString("base64url"), x, y },
    format: "jwk",
  });
}

/** One configured secret serves several purposes; a key per purpose keeps a token of one from passing as another. */
function derive(value: string, purpose: string): KeyObject {
  return createSecretKey(createHmac("sha256", value).update(`fastpass:${purpose}`).digest());
}

function splitList(value: string): readonly string[] {
  return value
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);
}

function parseTraces(value: string): TracesTarget | null {
  if (/^https?:\/\//.test(value)) return { kind: "otlp", url: value };
  if (value.startsWith("file:/")) return { kind: "file", path: value.slice("file:".length) };
  return null;
}

function checkTraces(value: string, helpers: CustomHelpers): string | ErrorReport {
  const isAddress = /^https?:\/\//.test(value) && URL.canParse(value);
  return value === "off" || value.startsWith("file:/") || isAddress ? value : helpers.error("any.invalid");
}

/** What Express understands; it would throw about anything else only when the application is made. */
function checkTrustProxy(value: string, helpers: CustomHelpers): string | ErrorReport {
  const fine = typeof parseTrustProxy(value) !== "string" || splitList(value).every(isProxy);
  return fine ? value : helpers.error("any.invalid");
}

function isProxy(entry: string): boolean {
  if (["loopback", "linklocal", "uniquelocal"].includes(entry)) return true;
  const [address = "", bits, ...more] = entry.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

function parseTrustProxy(value: string): boolean | number | string {
  if (value === "" || value === "false") return false;
  if (value === "true") return true;
  return /^\d+$/.test(value) ? Number(value) : value;
}
