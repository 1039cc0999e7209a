/** The half of tracing that needs OpenTelemetry; loaded only when it is on. */
import {
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { ClientBase } from "pg";
import { createFileExporter } from "./file-exporter.ts";
import type { Attributes, RequestSpan, TracesTarget } from "./index.ts";

export interface Spans {
  request(): RequestSpan;
  within<T>(name: string, work: () => T): T;
  continued<T>(parent: string, name: string, work: () => Promise<T>): Promise<T>;
  traceparent(): string | undefined;
  traceQueries(connection: ClientBase): void;
  /** Sends what is left; gives up after some seconds. */
  close(): Promise<void>;
}

/** More are dropped: a collector that is away must not fill the memory. */
const MOST_WAITING = 8_192;
const EXPORT_EVERY_MS = 1_000;

export function openSpans(target: TracesTarget, service: string, share: number): Spans {
  const exporter: SpanExporter =
    target.kind === "file" ? createFileExporter(target.path) : new OTLPTraceExporter({ url: target.url });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": `fastpass-${service}` }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: MOST_WAITING,
        scheduledDelayMillis: EXPORT_EVERY_MS,
      }),
    ],
  });
  const manager = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(manager);
  const tracer = provider.getTracer("fast-pass");

  return {
    request() {
      const root = tracer.startSpan("request", { kind: SpanKind.SERVER, root: true });
      const inside = trace.setSpan(ROOT_CONTEXT, root);
      return {
        run: (work) => context.with(inside, work),
        end(name: string, attributes: Attributes, failed: boolean) {
          root.updateName(name);
          root.setAttributes(attributes);
          if (failed) root.setStatus({ code: SpanStatusCode.ERROR });
          root.end();
        },
      };
    },
    within(name, work) {
      const around = context.active();
      if (!trace.getSpan(around)) return work();
      return runIn(tracer, name, around, work);
    },
    continued: (parent, name, work) => runIn(tracer, name, contextOf(parent), work),
    traceparent() {
      const running = trace.getSpanContext(context.active());
      if (!running) return undefined;
      const { traceId, spanId, traceFlags } = running;
      return `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`;
    },
    traceQueries: (connection) => wrapQueries(tracer, connection),
    async close() {
      await provider.shutdown();
      manager.disable();
      context.disable();
    },
  };
}

function runIn<T>(tracer: Tracer, name: string, around: Context, work: () => T): T {
  const inner = tracer.startSpan(name, {}, around);
  try {
    const outcome = context.with(trace.setSpan(around, inner), work);
    if (!(outcome instanceof Promise)) {
      inner.end();
      return outcome;
    }
    return outcome.then(
      (value) => {
        inner.end();
        return value;
      },
      (fault) => {
        fail(inner);
        throw fault;
      },
    ) as T;
  } catch (fault) {
    fail(inner);
    throw fault;
  }
}

/** That it failed, not how: messages of faults may quote what a client sent. */
function fail(broken: Span): void {
  broken.setStatus({ code: SpanStatusCode.ERROR });
  broken.end();
}

/** https://www.w3.org/TR/trace-context/#traceparent-header */
function contextOf(parent: string): Context {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])$/.exec(parent) ?? [];
  if (!traceId || !spanId) return ROOT_CONTEXT;
  const traceFlags = flags === "01" ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

type Query = (...args: unknown[]) => unknown;

/** At the driver, where BEGIN and COMMIT pass too; knex tells of neither's end. */
function wrapQueries(tracer: Tracer, connection: ClientBase): void {
  const query = connection.query.bind(connection) as unknown as Query;
  const traced: Query = (...args) => {
    const done = args.at(-1);
    if (typeof done !== "function" || !trace.getSpan(context.active())) return query(...args);
    const statement = tracer.startSpan(`sql ${nameOf(args[0])}`, { kind: SpanKind.CLIENT });
    const ended = (fault: unknown, answer: unknown) => {
      if (fault) fail(statement);
      else statement.end();
      done(fault, answer);
    };
    return query(...args.slice(0, -1), ended);
  };
  Object.assign(connection, { query: traced });
}

/** A prepared statement has the name of its file and a hash; of any other the first word is enough. */
function nameOf(asked: unknown): string {
  const { name, text = "" } = (typeof asked === "string" ? { text: asked } : asked) as {
    name?: string;
    text?: string;
  };
  return name?.replace(/_[0-9a-f]{10}$/, "") ?? /\w+/.exec(text)?.[0]?.toUpperCase() ?? "statement";
}
