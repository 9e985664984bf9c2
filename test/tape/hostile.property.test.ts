import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Verdict } from "../../src/engine/report.ts";
import { decodeTape } from "../../src/tape/decode-tape.ts";
import { TapeError } from "../../src/tape/tape-error.ts";
import { artifact, subject } from "../engine/model-artifact.ts";
import { entry, modelStore } from "../engine/model-store.ts";
import { modelVerifier, ready } from "../engine/model-verifier.ts";
import { needs, policy } from "../engine/verify.ts";
import { make, play, printed, unaborted } from "./play.ts";

/** Time-boxed: on a slow machine fewer recordings are tried, and the seed is printed with a failure. */
const box: fc.Parameters<unknown> = { numRuns: 1500, interruptAfterTimeLimit: 12_000 };

const attached = [artifact({ finding: "bad" }), artifact({ finding: "layer", salt: 1 }), artifact({ finding: "by mallory", salt: 2 })];

/** Of an image that nobody who is trusted has signed, from two Stores, of which one has failed. */
async function denied(): Promise<string> {
  const trusting = modelVerifier("release", { trusts: ["bob"] });
  const view = {
    revision: "r1",
    stores: [
      entry(
        modelStore("one", { referrers: attached, tagged: [artifact({ finding: "bad", names: null, salt: 4 })], tags: { v1: subject } }),
      ),
      entry(modelStore("two", { location: "two.example/app", referrers: "AuthenticationFailed", tags: { v1: subject } }), {
        evidence: "Optional",
      }),
    ],
    verifiers: ready(trusting),
    policies: [policy("release", [needs("release")])],
  };
  const recording = await make({ image: "registry.example/app:v1", realms: { cluster: view } });
  assert.equal(recording.report.verdict.outcome, "deny");
  return Buffer.from(recording.encode({ report: printed(recording), recordedBy: "0.1.0" })).toString();
}
const text = await denied();

type Path = readonly string[];
type Node = { readonly path: Path; readonly value: unknown };
function nodesOf(value: unknown, path: Path = []): readonly Node[] {
  const below = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [{ path, value }, ...below.flatMap(([key, child]) => nodesOf(child, [...path, key]))];
}
const nodes = nodesOf(JSON.parse(text)).slice(1);

const replacement: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...nodes).map(({ value }) => value),
  fc.constantFrom(null, undefined, true, "", 0, -1, 1e308, [], {}, "lost", "x".repeat(5000)),
  fc.json({ maxDepth: 3 }).map((json) => JSON.parse(json) as unknown),
);
/** What stands elsewhere under the same name: it has the right shape, and is wrong all the same. */
const namesakes = Map.groupBy(nodes, ({ path }) => path.findLast((key) => !/^[0-9]+$/.test(key)));
const change = fc.constantFrom(...nodes).chain((node) => {
  const like = namesakes.get(node.path.findLast((key) => !/^[0-9]+$/.test(key))) ?? [node];
  const value = fc.oneof(
    { weight: 15, arbitrary: fc.constantFrom(...like).map((one) => one.value) },
    { weight: 1, arbitrary: replacement },
  );
  return fc.record({ node: fc.constant(node), replacement: value });
});
/** Whoever may write these may say what is to be allowed. */
const decisive = ["realms", "verifiers", "keyProviders", "image", "startTime"];

function put(root: unknown, path: Path, value: unknown): void {
  const parent = path.slice(0, -1).reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], root);
  const key = path.at(-1);
  if (typeof parent !== "object" || parent === null || key === undefined) return;
  if (value === undefined) Reflect.deleteProperty(parent, key);
  else Reflect.set(parent, key, structuredClone(value));
}

async function outcomeOf(document: unknown): Promise<Verdict["outcome"] | "refused"> {
  try {
    const tape = decodeTape(Buffer.from(JSON.stringify(document)));
    const { report } = await play(tape, { verifier: (name) => modelVerifier(name, { trusts: ["bob"] }), patienceMs: 5 });
    return report.verdict.outcome;
  } catch (error) {
    if (error instanceof TapeError) return "refused";
    throw error;
  }
}

test("a recording of which anything was changed comes to an end, and to no other error than ours", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const document: unknown = JSON.parse(text);
      for (const one of changes) put(document, one.node.path, one.replacement);
      const outcome = await outcomeOf(document);
      if (changes.every(({ node }) => !decisive.includes(node.path[0] ?? ""))) assert.notEqual(outcome, "allow");
    }),
    box,
  );
});

test("a recording whose events were left out, repeated or put in another order allows nothing that it did not", async () => {
  const events = (JSON.parse(text) as { readonly events: readonly unknown[] }).events.length;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(events - 1), { maxLength: events * 2 }), async (order) => {
      const document = JSON.parse(text) as { events: unknown[] };
      const all = document.events;
      document.events = order.map((at) => all[at]);
      assert.notEqual(await outcomeOf(document), "allow");
    }),
    { ...box, numRuns: 500 },
  );
});

test("a replay that waits for a Verifier that does not answer gives up, and is inconclusive", async () => {
  const tape = decodeTape(Buffer.from(text));
  const { report } = await play(tape, { verifier: (name) => modelVerifier(name, { silent: true }), patienceMs: 5 });
  assert.equal(report.verdict.outcome, "inconclusive");
});

test("a replay that is stopped ends with the reason", async () => {
  const tape = decodeTape(Buffer.from(text));
  const stopped = new AbortController();
  const playing = play(tape, { verifier: (name) => modelVerifier(name, { silent: true }), signal: stopped.signal });
  const reason = new DOMException("Stopped", "AbortError");
  stopped.abort(reason);
  await assert.rejects(playing, reason);
  assert.equal(unaborted.aborted, false);
});

test("what a Verifier comes to now is what counts, and a difference is named", async () => {
  const tape = decodeTape(Buffer.from(text));
  const { report, differences } = await play(tape, { verifier: (name) => modelVerifier(name, { trusts: ["mallory"] }) });
  assert.equal(report.verdict.outcome, "allow");
  assert.match(
    differences.join("\n"),
    /^release verify sha256:[0-9a-f]{64} of sha256:[0-9a-f]{64} #1: was "rejected: NoTrustedKey" and is "verified by key:mallory"$/,
  );
});
