import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { CodedError } from "../../src/kernel/error.ts";
import type { LogFields } from "../../src/kernel/logger.ts";
import { createJsonLogger, type LogLevel, withFields } from "../../src/telemetry/logger.ts";
import { ManualClock } from "../support/clock.ts";

class SceneError extends CodedError<"SCENE_FAILED"> {}

function scene(level: LogLevel = "debug") {
  let written = "";
  const stream = new PassThrough().on("data", (chunk: Buffer) => (written += chunk.toString("utf8")));
  const logger = createJsonLogger({ level, stream, clock: new ManualClock() });
  /** What was written since the last call; winston and the stream hand lines on in later turns of the event loop. */
  const text = async (): Promise<string> => {
    await new Promise((resolve) => setImmediate(resolve));
    const taken = written;
    written = "";
    return taken;
  };
  const lines = async (): Promise<Record<string, unknown>[]> =>
    (await text())
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, lines, text };
}

/** What one event with these fields says beside its time and level. */
async function fieldsOf(fields: LogFields): Promise<Record<string, unknown>> {
  const { logger, lines } = scene();
  logger.info("said", fields);
  const [line = {}] = await lines();
  const { time: _, level: __, msg: ___, ...others } = line;
  return others;
}

test("createJsonLogger() writes one line of JSON an event, with the clock's time", async () => {
  const { logger, lines } = scene();
  logger.warn("first", { kind: "Store", count: 2, names: ["a", "b"], absent: undefined });
  logger.error("second\nline");
  assert.deepEqual(await lines(), [
    { time: "2026-01-01T00:00:00.000Z", level: "warn", msg: "first", kind: "Store", count: 2, names: ["a", "b"] },
    { time: "2026-01-01T00:00:00.000Z", level: "error", msg: "second\nline" },
  ]);
});

test("createJsonLogger() leaves out what is less important than its level", async () => {
  const { logger, lines } = scene("warn");
  logger.debug("d");
  logger.info("i");
  logger.warn("w");
  logger.error("e");
  assert.deepEqual(
    (await lines()).map((line) => line["msg"]),
    ["w", "e"],
  );
});

for (const row of [
  { name: "a field named message stays a field", fields: { message: "x" }, expected: { message: "x" } },
  {
    name: "a field named as one of ours gets an underscore",
    fields: { level: "x", msg: "y", time: 3 },
    expected: { level_: "x", msg_: "y", time_: 3 },
  },
  {
    name: "a number that JSON cannot say becomes text",
    fields: { n: Number.NaN, i: Number.POSITIVE_INFINITY },
    expected: { n: "NaN", i: "Infinity" },
  },
  {
    name: "an error of ours has its code, and no stack",
    fields: { error: new SceneError("SCENE_FAILED", "no luck") },
    expected: { error: "SceneError: no luck", errorCode: "SCENE_FAILED" },
  },
  {
    name: "causes are written with their codes, and nothing else of them",
    fields: {
      error: new SceneError("SCENE_FAILED", "no luck", {
        cause: new TypeError("fetch failed", { cause: Object.assign(new Error("connect"), { code: "ECONNREFUSED", request: "canary" }) }),
      }),
    },
    expected: {
      error: "SceneError: no luck",
      errorCode: "SCENE_FAILED",
      errorCauses: ["TypeError: fetch failed", "Error: connect (ECONNREFUSED)"],
    },
  },
  {
    name: "several causes are written one after another",
    fields: { error: new SceneError("SCENE_FAILED", "all", { cause: new AggregateError([new Error("one"), new Error("two")], "both") }) },
    expected: { error: "SceneError: all", errorCode: "SCENE_FAILED", errorCauses: ["AggregateError: both", "Error: one", "Error: two"] },
  },
  { name: "an Authorization value is blanked", fields: { header: "Bearer canary-canary" }, expected: { header: "Bearer [redacted]" } },
  {
    name: "a JSON web token is blanked",
    fields: { t: "got eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0. back" },
    expected: { t: "got [redacted] back" },
  },
  {
    name: "user information in a URL is blanked",
    fields: { url: "https://user:canary@registry.example/v2/" },
    expected: { url: "https://[redacted]@registry.example/v2/" },
  },
  {
    name: "a digest in a reference stays",
    fields: { ref: "https://r.example/a@sha256:00" },
    expected: { ref: "https://r.example/a@sha256:00" },
  },
  {
    name: "a private key is blanked",
    fields: { pem: "-----BEGIN EC PRIVATE KEY-----\ncanary\n-----END EC PRIVATE KEY-----\n" },
    expected: { pem: "[redacted]\n" },
  },
] as readonly { readonly name: string; readonly fields: LogFields; readonly expected: Record<string, unknown> }[]) {
  test(`createJsonLogger(): ${row.name}`, async () => {
    assert.deepEqual(await fieldsOf(row.fields), row.expected);
  });
}

test("createJsonLogger() shows where an error that none of our rooms made came from, without its message twice", async () => {
  const { errorStack } = await fieldsOf({ error: new TypeError("x is not a function") });
  assert.match(String(errorStack), /^at .*logger\.test\.ts/);
  assert.doesNotMatch(String(errorStack), /not a function/);
});

test("createJsonLogger() cuts what is long, and ends with circular causes", async () => {
  const loop = new SceneError("SCENE_FAILED", "x".repeat(10_000));
  Object.assign(loop, { cause: loop });
  const { error, errorCauses } = await fieldsOf({ error: loop });
  assert.deepEqual([String(error).length, errorCauses], [4097, undefined]);
  assert.equal(((await fieldsOf({ names: Array.from({ length: 100 }, () => "n") }))["names"] as string[]).length, 32);
});

test("createJsonLogger() survives a reader that went away", async () => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })) });
  const logger = createJsonLogger({ level: "info", stream, clock: new ManualClock() });
  const closed = new Promise((resolve) => stream.once("close", resolve));
  logger.info("one");
  await closed;
  logger.info("two");
});

test("createJsonLogger() gives one line that parses for any message and any fields, own members only", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: "binary" }),
      fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: "binary" }), fc.double(), fc.boolean())),
      async (message, fields) => {
        const { logger, lines } = scene();
        logger.info(message, fields);
        assert.equal((await lines()).length, 1);
      },
    ),
    { numRuns: 200, interruptAfterTimeLimit: 2000 },
  );
  const { logger, text } = scene();
  logger.info("said", JSON.parse('{"__proto__":"x"}') as LogFields);
  assert.match(await text(), /"__proto__":"x"/);
});

test("withFields() puts its fields on every line, and a call's own win", async () => {
  const { logger, lines } = scene();
  const pass = withFields(logger, { reconcileID: "pass-1", key: "a" });
  pass.debug("d");
  pass.info("i", { key: "b" });
  pass.warn("w");
  pass.error("e");
  assert.deepEqual(
    (await lines()).map((line) => [line["msg"], line["reconcileID"], line["key"]]),
    [
      ["d", "pass-1", "a"],
      ["i", "pass-1", "b"],
      ["w", "pass-1", "a"],
      ["e", "pass-1", "a"],
    ],
  );
});
