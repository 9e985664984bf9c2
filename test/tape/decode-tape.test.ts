import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeTape } from "../../src/tape/decode-tape.ts";
import { TapeError } from "../../src/tape/tape-error.ts";
import { artifact, subject } from "../engine/model-artifact.ts";
import { entry, modelStore } from "../engine/model-store.ts";
import { modelVerifier, ready } from "../engine/model-verifier.ts";
import { digestImage, needs, policy } from "../engine/verify.ts";
import { make, printed } from "./play.ts";

type JSONObject = Record<string, unknown>;

const signed = artifact();
const view = {
  revision: "r1",
  stores: [entry(modelStore("one", { referrers: [signed] }))],
  verifiers: ready(modelVerifier("release")),
  policies: [policy("release", [needs("release"), { type: "expression", expression: "true" }])],
};
const recording = await make({
  image: digestImage,
  realms: { cluster: view, namespaced: view },
  more: { namespace: { name: "team-a", labels: { tier: "gold" } }, credentials: [{ store: "one", outcome: "Anonymous" }] },
});
const bytes = recording.encode({ report: printed(recording), recordedBy: "0.1.0" });
const parsed = (): JSONObject => JSON.parse(Buffer.from(bytes).toString()) as JSONObject;
const at = (root: unknown, ...path: readonly (string | number)[]): JSONObject =>
  path.reduce<unknown>((value, key) => (value as JSONObject)[key], root) as JSONObject;
const encoded = (document: unknown): Uint8Array => Buffer.from(JSON.stringify(document));
const changed = (change: (document: JSONObject) => void): Uint8Array => {
  const document = parsed();
  change(document);
  return encoded(document);
};

test("decodeTape() reads what was written", () => {
  const tape = decodeTape(bytes);
  assert.deepEqual(tape.realms.cluster.policies, view.policies);
  assert.deepEqual(tape.namespace, { name: "team-a", labels: { tier: "gold" } });
  assert.deepEqual(tape.content, new Map([[signed.descriptor.digest, Buffer.from(signed.bytes)]]));
  assert.deepEqual(tape.report, printed(recording));
  assert.equal(tape.image, digestImage);
});

const refused: readonly (readonly [what: string, bytes: Uint8Array, code: string, message: RegExp])[] = [
  ["nothing", Buffer.from(""), "TAPE_NOT_A_TAPE", /^The file is not JSON: it is no recording, or not the whole of one$/],
  ["half of a recording", bytes.subarray(0, bytes.length / 2), "TAPE_NOT_A_TAPE", /not JSON/],
  ["a picture", Buffer.from([0x89, 0x50, 0x4e, 0x47]), "TAPE_NOT_A_TAPE", /not JSON/],
  ["a list", encoded([]), "TAPE_NOT_A_TAPE", /^The file is JSON, and no recording$/],
  ["other JSON", encoded({ version: "v1" }), "TAPE_NOT_A_TAPE", /no recording/],
  ["deep JSON", Buffer.from(`${"[".repeat(100)}${"]".repeat(100)}`), "TAPE_NOT_A_TAPE", /nested deeper than 32 levels/],
  ["more than a recording may have", Buffer.alloc((64 << 20) + 1, " "), "TAPE_TOO_LARGE", /larger than 64 MiB/],
  ["another version", changed((tape) => (tape["version"] = "v2")), "TAPE_VERSION_UNKNOWN", /another version than v1/],
  ["a member that nobody knows", changed((tape) => (tape["sequel"] = 1)), "TAPE_INVALID", /has a member that this version does not know/],
  ["no events", changed((tape) => delete tape["events"]), "TAPE_INVALID", /: events is missing$/],
  ["null for a list", changed((tape) => (tape["events"] = null)), "TAPE_INVALID", /: events is no list$/],
  ["a time before 1970", changed((tape) => (tape["startTime"] = -1)), "TAPE_INVALID", /: startTime is no whole number/],
  ["an event without a time", changed((tape) => delete at(tape, "events", 0)["at"]), "TAPE_INVALID", /: events\[0\]\.at is missing$/],
  ["an endless event", changed((tape) => (at(tape, "events", 0)["at"] = 1e300)), "TAPE_INVALID", /: events\[0\]\.at is no number/],
  [
    "an outcome of another kind",
    changed((tape) => (at(tape, "events", 0)["outcome"] = { type: "allowed" })),
    "TAPE_INVALID",
    /: events\[0\]\.outcome\.type is none that this version knows$/,
  ],
  [
    "an outcome with the member of another",
    changed((tape) => (at(tape, "events", 0)["outcome"] = { type: "end", digest: subject })),
    "TAPE_INVALID",
    /events\[0\]\.outcome has a member/,
  ],
  [
    "a class of error that there is not",
    changed((tape) => (at(tape, "events", 0)["outcome"] = { type: "failed", class: "Boredom", message: "" })),
    "TAPE_INVALID",
    /outcome\.class is none of what it may be$/,
  ],
  [
    "a limit of nothing",
    changed((tape) => (at(tape, "realms", "cluster", "stores", 0, "limits")["artifacts"] = 0)),
    "TAPE_INVALID",
    /realms\.cluster\.stores\[0\]\.limits\.artifacts is no whole number/,
  ],
  [
    "a policy that needs less than one",
    changed((tape) => (at(tape, "realms", "cluster", "policies", 0, "require", 0, "anyOf", 0)["atLeast"] = 0)),
    "TAPE_INVALID",
    /atLeast is no whole number/,
  ],
  [
    "a policy that does something else",
    changed((tape) => (at(tape, "realms", "namespaced", "policies", 0)["enforcement"] = "Ignore")),
    "TAPE_INVALID",
    /realms\.namespaced\.policies\[0\]\.enforcement is none/,
  ],
  ["content under no digest", changed((tape) => (tape["content"] = { x: "" })), "TAPE_INVALID", /: content\[0\] is no digest$/],
  [
    "content of another digest",
    changed((tape) => (tape["content"] = { [subject]: "aGVsbG8=" })),
    "TAPE_ALTERED",
    /^The recording was changed: what it has for sha256:[0-9a-f]{64} are other bytes$/,
  ],
  ["a report that is none", changed((tape) => (tape["report"] = "allow")), "TAPE_INVALID", /: report is no object$/],
];
for (const [what, hostile, code, message] of refused) {
  test(`decodeTape() refuses ${what} with ${code}`, () => {
    assert.throws(
      () => decodeTape(hostile),
      (error) => {
        assert.ok(error instanceof TapeError);
        assert.deepEqual([error.code, error.remedy], [code, "fix-configuration"]);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test("decodeTape() takes a limit that was not known then for its default", () => {
  const tape = decodeTape(changed((document) => delete at(document, "realms", "cluster", "stores", 0, "limits")["pages"]));
  assert.equal(tape.realms.cluster.stores[0]?.limits.pages, 100);
});

test("decodeTape() reads names that every object has as names", () => {
  const tape = decodeTape(
    Buffer.from(Buffer.from(bytes).toString().replace('"labels":{"tier":"gold"}', '"labels":{"__proto__":"gold","constructor":"x"}')),
  );
  assert.deepEqual(Object.entries(tape.namespace?.labels ?? {}), [
    ["__proto__", "gold"],
    ["constructor", "x"],
  ]);
});
