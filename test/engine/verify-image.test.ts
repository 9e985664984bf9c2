import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { artifact, malformed, type ModelArtifact, otherSubject } from "./model-artifact.ts";
import { type EntryOptions, entry, modelStore, type Script } from "./model-store.ts";
import { modelVerifier, ready } from "./model-verifier.ts";
import { listings, verify, wordOf } from "./verify.ts";
import type { ViewStore } from "../../src/engine/view.ts";

const signed = artifact();
const optional = { evidence: "Optional" } as const;
const elsewhere = { location: "mirror.example/app" };
const refused = { referrers: "AuthenticationFailed", tagged: "AuthenticationFailed" } as const;
const down = { referrers: "ConnectionRefused", tagged: "ConnectionRefused" } as const;

function store(name: string, script: Script = {}, options: EntryOptions = {}): ViewStore {
  return entry(modelStore(name, script), options);
}

describe("verifyImage() over stores", () => {
  const rows: readonly (readonly [string, readonly ViewStore[], string, Readonly<Record<string, string>>])[] = [
    ["allows what one store holds a signature of", [store("a", { referrers: [signed] })], "allow", { a: "Complete" }],
    ["denies what is listed to the end with nothing", [store("a")], "deny NoValidSignature", { a: "Complete" }],
    [
      "denies what only has a bad signature",
      [store("a", { referrers: [artifact({ finding: "bad" })] })],
      "deny NoValidSignature",
      { a: "Complete" },
    ],
    [
      "allows what is signed although the store beside it fails",
      [store("a", { ...down, ...elsewhere }), store("b", { referrers: [signed] })],
      "allow",
      { a: "Failed ConnectionRefused", b: "Complete" },
    ],
    [
      "allows what is signed although a credential for the same location is refused",
      [store("a", refused), store("b", { referrers: [signed] })],
      "allow",
      { a: "Failed AuthenticationFailed", b: "Complete" },
    ],
    [
      "denies what is unsigned although a credential for the same location is refused: it was listed",
      [store("a", refused), store("b")],
      "deny NoValidSignature",
      { a: "Failed AuthenticationFailed", b: "Complete" },
    ],
    [
      "is inconclusive where a required location is down",
      [store("a", { ...down, ...elsewhere }), store("b")],
      "inconclusive StoreFailed",
      { a: "Failed ConnectionRefused", b: "Complete" },
    ],
    [
      "denies where the location that is down is optional",
      [store("a", { ...down, ...elsewhere }, optional), store("b")],
      "deny NoValidSignature",
      { a: "Failed ConnectionRefused", b: "Complete" },
    ],
    [
      "allows by what an optional store holds though the required one is down",
      [store("a", { ...down, ...elsewhere }), store("b", { referrers: [signed] }, optional)],
      "allow",
      { a: "Failed ConnectionRefused", b: "Complete" },
    ],
    [
      "is inconclusive where every store is refused",
      [store("a", refused)],
      "inconclusive StoreFailed",
      { a: "Failed AuthenticationFailed" },
    ],
    [
      "is inconclusive where cosign's tag cannot be asked for: the listing is not whole",
      [store("a", { tagged: "ServerError" })],
      "inconclusive StoreFailed",
      { a: "Failed ServerError" },
    ],
    [
      "is inconclusive where a listing is cut after what is no signature",
      [store("a", { referrers: [artifact({ finding: "bad" }), artifact({ salt: 1, finding: "bad" })], cutAfter: 1 })],
      "inconclusive StoreFailed",
      { a: "Failed ConnectionReset" },
    ],
    [
      "allows by what a listing named before it was cut",
      [store("a", { referrers: [signed, artifact({ salt: 1 })], cutAfter: 1 })],
      "allow",
      { a: "Failed ConnectionReset" },
    ],
    [
      "takes what the port does not allow for a failure of that store",
      [store("a", { referrers: "defect" })],
      "inconclusive StoreFailed",
      { a: "Failed Internal" },
    ],
    ["allows by cosign's tag, which names no subject", [store("a", { tagged: [artifact({ names: null })] })], "allow", { a: "Complete" }],
  ];
  for (const [sentence, stores, word, listed] of rows) {
    it(sentence, async () => {
      const report = await verify(stores);
      assert.deepEqual([wordOf(report), listings(report)], [word, listed]);
    });
  }
});

describe("verifyImage() over artifacts", () => {
  const typed = artifact({ type: "application/vnd.other" });
  const rows: readonly (readonly [string, Script, string, string])[] = [
    ["allows with a good one among bad ones", { referrers: [artifact({ finding: "bad" }), signed] }, "allow", "Complete"],
    [
      "denies one that names another subject, conclusively",
      { referrers: [artifact({ names: otherSubject })] },
      "deny NoValidSignature",
      "Complete ProtocolError",
    ],
    [
      "denies one that names no subject, conclusively",
      { referrers: [artifact({ names: null })] },
      "deny NoValidSignature",
      "Complete ProtocolError",
    ],
    ["denies one that is no manifest, conclusively", { referrers: [malformed()] }, "deny NoValidSignature", "Complete ProtocolError"],
    ["allows beside one that is no manifest", { referrers: [malformed(), signed] }, "allow", "Complete ProtocolError"],
    [
      "is inconclusive where a verifier throws",
      { referrers: [artifact({ finding: "throws" })] },
      "inconclusive VerifierInconclusive",
      "Complete",
    ],
    [
      "is inconclusive where a verifier could not find out",
      { referrers: [artifact({ finding: "unclear" })] },
      "inconclusive VerifierInconclusive",
      "Complete",
    ],
    ["allows beside one of which a verifier throws", { referrers: [artifact({ finding: "throws" }), signed] }, "allow", "Complete"],
    [
      "is inconclusive where what is listed cannot be read",
      { referrers: [signed], fetch: "ServerError" },
      "inconclusive ArtifactUnreadable",
      "Complete ServerError",
    ],
    [
      "is inconclusive where other bytes are served under the digest",
      { referrers: [signed], fetch: "ProtocolError" },
      "inconclusive ArtifactUnreadable",
      "Complete ProtocolError",
    ],
    ["does not ask for what no verifier can judge", { referrers: [typed], fetch: "ServerError" }, "deny NoValidSignature", "Complete"],
    [
      "judges by the artifact's own type where the listing does not say",
      { referrers: [artifact({ type: "application/vnd.other", listedType: null })] },
      "deny NoValidSignature",
      "Complete",
    ],
    ["allows what is listed without a type and has one", { referrers: [artifact({ listedType: null })] }, "allow", "Complete"],
    [
      "does not let one be judged as what the listing says it is and its bytes do not",
      { referrers: [{ ...typed, listed: { ...typed.descriptor, artifactType: signed.descriptor.artifactType ?? "" } }] },
      "deny NoValidSignature",
      "Complete",
    ],
    [
      "is inconclusive where a layer cannot be read",
      { referrers: [{ ...artifact({ finding: "layer" }), layers: new Map() }] },
      "inconclusive ArtifactUnreadable",
      "Complete NotFound",
    ],
    ["allows by the bytes of a layer", { referrers: [artifact({ finding: "layer" })] }, "allow", "Complete"],
    [
      "does not read a manifest that is larger than limits.manifestBytes",
      { referrers: [artifact({ listedSize: (1 << 19) + 1 })] },
      "inconclusive LimitExceeded",
      "Complete LimitExceeded",
    ],
  ];
  for (const [sentence, script, word, listed] of rows) {
    it(sentence, async () => {
      const report = await verify([store("a", script)]);
      assert.deepEqual([wordOf(report), listings(report)], [word, { a: listed }]);
    });
  }

  it("asks nobody about an artifact that names another subject, and rejects it for every verifier that could have judged it", async () => {
    const verifier = modelVerifier("release");
    const wrong = artifact({ names: otherSubject });
    const report = await verify([store("a", { referrers: [wrong] })], { verifiers: ready(verifier) });
    assert.deepEqual(verifier.asked, []);
    assert.deepEqual(
      report.artifacts.flatMap(({ results }) => results.map((result) => [result.outcome, result.outcome === "rejected" && result.reason])),
      [["rejected", "WrongSubject"]],
    );
  });
});

describe("verifyImage() with limits.artifacts", () => {
  const limits = { limits: { artifacts: 2 } };
  const many = (count: number, finding: "bad" | "by alice"): readonly ModelArtifact[] =>
    Array.from({ length: count }, (_, salt) => artifact({ salt, finding }));

  it("is inconclusive where more are listed than may be", async () => {
    const report = await verify([store("a", { referrers: many(3, "bad") }, limits)]);
    assert.deepEqual([wordOf(report), listings(report)], ["inconclusive LimitExceeded", { a: "Failed LimitExceeded" }]);
  });
  it("denies where exactly as many are listed", async () => {
    assert.equal(wordOf(await verify([store("a", { referrers: many(2, "bad") }, limits)])), "deny NoValidSignature");
  });
  it("allows by one of those that are within the limit", async () => {
    assert.equal(wordOf(await verify([store("a", { referrers: [signed, ...many(9, "bad")] }, limits)])), "allow");
  });
  it("does not count what no verifier can judge: 30,000 of them in front of a signature", async () => {
    const junk = Array.from({ length: 30_000 }, (_, salt) => artifact({ salt, type: "application/vnd.junk" }));
    const model = modelStore("a", { referrers: [...junk, signed] });
    const report = await verify([entry(model, limits)]);
    assert.equal(wordOf(report), "allow");
    assert.deepEqual(model.calls, ["list", `fetch ${signed.descriptor.digest}`]);
  });
  it("denies with 20,000 a page that no verifier can judge, and is inconclusive with more: a listing has an end", async () => {
    const junk = Array.from({ length: 20_001 }, (_, salt) => artifact({ salt, type: "application/vnd.junk" }));
    const one = { limits: { pages: 1 } };
    assert.equal(wordOf(await verify([store("a", { referrers: junk.slice(1) }, one)])), "deny NoValidSignature");
    assert.equal(wordOf(await verify([store("a", { referrers: junk }, one)])), "inconclusive LimitExceeded");
  });
  it("counts what is listed twice once", async () => {
    const [one, two] = many(2, "bad");
    assert.ok(one !== undefined && two !== undefined);
    assert.equal(wordOf(await verify([store("a", { referrers: [one, one, two, two, one] }, limits)])), "deny NoValidSignature");
  });
});
