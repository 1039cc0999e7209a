/** Spans as JSON lines in a file, for a look without a collector. Several processes may append to one. */
import { closeSync, openSync, writeSync } from "node:fs";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";

const OK = 0;

export function createFileExporter(path: string): SpanExporter {
  const file = openSync(path, "a", 0o600);
  let open = true;
  return {
    export(spans, told) {
      // One write, which appends whole however many processes do.
      if (open) writeSync(file, spans.map(lineOf).join(""));
      told({ code: OK });
    },
    async shutdown() {
      if (open) closeSync(file);
      open = false;
    },
  };
}

function lineOf(span: ReadableSpan): string {
  const { traceId, spanId } = span.spanContext();
  const line = {
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId,
    service: span.resource.attributes["service.name"],
    name: span.name,
    startMs: millis(span.startTime),
    durationMs: millis(span.duration),
    failed: span.status.code === 2 || undefined,
    attributes: span.attributes,
  };
  return `${JSON.stringify(line)}\n`;
}

const millis = ([seconds, nanos]: readonly [number, number]): number => seconds * 1_000 + nanos / 1e6;
