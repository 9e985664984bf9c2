import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Report } from "../../src/engine/report.ts";
import type { ViewStore } from "../../src/engine/view.ts";
import { artifact, otherSubject, subject } from "./model-artifact.ts";
import { type EntryOptions, entry, modelStore, type Script } from "./model-store.ts";
import { modelVerifier, ready } from "./model-verifier.ts";
import { verify, type VerifyOptions } from "./verify.ts";

const page = readFileSync(new URL("../../docs/reference/verdicts.md", import.meta.url), "utf8");
const signed = artifact();
const mirror = { location: "mirror.example/app" };

function store(name: string, script: Script = {}, options: EntryOptions = {}): ViewStore {
  return entry(modelStore(name, script), options);
}

/** As the page shows it: the verdict, a line for each sentence, a line for each store; digests and messages cut short. */
function sampleOf({ verdict, complete, stores }: Report): string {
  const head = verdict.outcome === "allow" ? "allow" : `${verdict.outcome} ${verdict.code}`;
  const sentences = verdict.outcome === "inconclusive" ? verdict.causes : verdict.reasons;
  const states = stores.map(
    ({ name, listing, failures }) => `  ${name}: ${[listing, ...failures.map((failure) => failure.class)].join(", ")}`,
  );
  const text = [`${head}${complete ? " (complete)" : ""}`, ...sentences.map((sentence) => `  ${sentence}`), ...states].join("\n");
  return text.replaceAll(/sha256:([0-9a-f]{6})[0-9a-f]{58}/g, "sha256:$1…").replaceAll(/(\w+\.example fails )?as it was told/g, "…");
}

describe("docs/reference/verdicts.md shows what the engine says of", () => {
  const notReady = [...ready(modelVerifier("release")), { name: "staging", problem: "KeyProvider/staging-keys does not exist" }];
  const rows: readonly (readonly [string, readonly ViewStore[], VerifyOptions?])[] = [
    [
      "a signed image beside a useless credential",
      [store("first", { referrers: "AuthenticationFailed" }), store("second", { referrers: [signed] })],
    ],
    ["an unsigned image beside a useless credential", [store("first", { referrers: "AuthenticationFailed" }), store("second")]],
    ["a bad signature", [store("second", { referrers: [artifact({ finding: "bad" })] })]],
    [
      "an unsigned image while a required location is down",
      [store("first"), store("second", { ...mirror, referrers: "ConnectionRefused" })],
    ],
    [
      "an unsigned image while an optional location is down",
      [store("first"), store("second", { ...mirror, referrers: "ConnectionRefused" }, { evidence: "Optional" })],
    ],
    ["a Verifier that is not ready", [store("first")], { verifiers: notReady }],
    ["a signature that is listed and cannot be read", [store("first", { referrers: [signed], fetch: "ServerError" })]],
    [
      "a tag that means two things",
      [store("first", { tags: { v1: subject } }), store("second", { tags: { v1: otherSubject }, target: "mirror.example/app" })],
      { image: "registry.example/app:v1" },
    ],
  ];
  for (const [situation, stores, options] of rows) {
    it(situation, async () => {
      const sample = `${situation[0]?.toUpperCase()}${situation.slice(1)}:\n\n\`\`\`text\n${sampleOf(await verify(stores, options))}\n\`\`\`\n`;
      assert.ok(page.includes(sample), `the page does not have:\n${sample}`);
    });
  }
});
