import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Report } from "../../src/engine/report.ts";
import type { ViewStore, ViewVerifier } from "../../src/engine/view.ts";
import { artifact, type ModelArtifact, signatureType } from "./model-artifact.ts";
import { entry, modelStore, type Script } from "./model-store.ts";
import { modelVerifier } from "./model-verifier.ts";
import { needs, policy, verify, wordOf } from "./verify.ts";

const noteType = "application/vnd.model.note";
const note = artifact({ type: noteType, finding: "by nobody-in-particular" });
const noted = note.descriptor.digest;
const signatureOn = (digest: typeof noted, who = "alice"): ModelArtifact => artifact({ names: digest, finding: `by ${who}` });

const release = modelVerifier("release", { types: [signatureType] });
const notes = { ...modelVerifier("notes", { types: [noteType], kind: "content" }), signedBy: ["release"] };
const verifiers: readonly ViewVerifier[] = [
  { name: "notes", verifier: notes },
  { name: "release", verifier: release },
];
const policies = [policy("p", [needs("notes")])];

function holding(signatures: Script["referrers"], script: Script = {}): Script {
  return { referrers: [note], ...(signatures !== undefined && { referrersOf: { [noted]: signatures } }), ...script };
}
async function judge(...scripts: readonly Script[]): ReturnType<typeof verify> {
  const stores = scripts.map((script, at): ViewStore => entry(modelStore(`s${at}`, { location: `host${at}.example/app`, ...script })));
  return await verify(stores, { verifiers, policies });
}

describe("a content verifier with signedBy", () => {
  it("counts an artifact that a named Verifier finds signed, by its signers", async () => {
    const report = await judge(holding([signatureOn(noted)]));
    assert.equal(wordOf(report), "allow");
    const [result] = report.artifacts.find(({ digest }) => digest === noted)?.results ?? [];
    assert.deepEqual(result?.outcome === "verified" ? result.signers.map(({ name }) => name) : result, ["alice"]);
  });

  it("shows the signature as an artifact whose subject is the artifact", async () => {
    const report = await judge(holding([signatureOn(noted)]));
    const signature = report.artifacts.find(({ subject }) => subject === noted);
    assert.equal(signature?.digest, signatureOn(noted).descriptor.digest);
  });

  it("counts nothing that is not signed: whoever may push may attach anything", async () => {
    const report = await judge(holding([]));
    assert.equal(wordOf(report), "deny PolicyNotSatisfied");
    const [result] = report.artifacts[0]?.results ?? [];
    assert.equal(result?.outcome === "rejected" ? result.reason : result, "Unsigned");
  });

  it("does not take a signature on the image for one on the artifact", async () => {
    assert.equal(wordOf(await judge(holding([], { referrers: [note, artifact()] }))), "deny PolicyNotSatisfied");
  });

  it("does not take a signature of another subject that is listed for the artifact", async () => {
    assert.equal(wordOf(await judge(holding([artifact()]))), "deny PolicyNotSatisfied");
  });

  it("finds the signature in another Store than the artifact", async () => {
    assert.equal(wordOf(await judge(holding([]), { referrersOf: { [noted]: [signatureOn(noted)] } })), "allow");
  });

  it("is inconclusive where the artifact's signatures cannot be listed", async () => {
    const report = await judge(holding("ServerError"));
    assert.equal(wordOf(report), "inconclusive VerifierInconclusive");
  });

  it("counts the signature that one Store shows while another fails", async () => {
    assert.equal(wordOf(await judge(holding([signatureOn(noted)]), { referrersOf: { [noted]: "ServerError" } })), "allow");
  });

  it("goes no deeper than every Store's limit, and says which", async () => {
    const store = entry(modelStore("shallow", holding([signatureOn(noted)])), { limits: { depth: 1 } });
    const report = await verify([store], { verifiers, policies });
    assert.equal(wordOf(report), "inconclusive VerifierInconclusive");
    assert.match(JSON.stringify(report.verdict), /limits\.depth of Store\/shallow: 1/);
  });

  it("is not ready while a Verifier that it names is missing", async () => {
    const alone = [{ name: "notes", verifier: notes }];
    const report = await verify([entry(modelStore("s", holding([signatureOn(noted)])))], { verifiers: alone, policies });
    assert.equal(report.verdict.outcome, "inconclusive");
  });

  it("takes no content for a signature, whatever its Verifier finds of it", async () => {
    // A Verifier of content that counts unsigned: anybody could attach what it believes.
    const claims = modelVerifier("claims", { types: ["application/vnd.model.claim"], kind: "content" });
    const fooled = { ...modelVerifier("notes", { types: [noteType], kind: "content" }), signedBy: ["claims"] };
    const claim = artifact({ type: "application/vnd.model.claim", names: noted });
    const report = await verify([entry(modelStore("s", holding([claim])))], {
      verifiers: [
        { name: "claims", verifier: claims },
        { name: "notes", verifier: fooled },
      ],
      policies,
    });
    assert.notEqual(report.verdict.outcome, "allow");
  });

  for (const signatures of [
    [signatureOn(noted, "alice"), signatureOn(noted, "bob")],
    [artifact({ names: noted, finding: "by alice bob" })],
  ])
    it(`counts everybody who signed it, in ${signatures.length} signature(s)`, async () => {
      const two = [policy("p", [needs("notes", { atLeast: 2 })])];
      const report = await verify([entry(modelStore("s", holding(signatures)))], { verifiers, policies: two });
      assert.equal(wordOf(report), "allow");
      const three = [policy("p", [needs("notes", { atLeast: 3 })])];
      assert.equal(
        wordOf(await verify([entry(modelStore("s", holding(signatures)))], { verifiers, policies: three })),
        "deny PolicyNotSatisfied",
      );
    });

  it("does not say that too few signed it while a Store does not show who did", async () => {
    const two = [policy("p", [needs("notes", { atLeast: 2 })])];
    const stores = [
      entry(modelStore("a", holding([signatureOn(noted, "alice")]))),
      entry(modelStore("b", { location: "b.example/app", referrersOf: { [noted]: "ServerError" } })),
    ];
    const report = await verify(stores, { verifiers, policies: two });
    assert.equal(report.verdict.outcome, "inconclusive");
  });

  it("is not unsigned, to an expression, because an Optional Store did not show the signature", async () => {
    const judgeWith = async (signatures: NonNullable<Script["referrers"]>): Promise<Report> =>
      await verify(
        [
          entry(modelStore("a", holding([]))),
          entry(modelStore("b", { location: "b.example/app", referrersOf: { [noted]: signatures } }), { evidence: "Optional" }),
        ],
        {
          verifiers,
          policies: [policy("p", [{ type: "expression", expression: "no note stands" }])],
          expressions: {
            evaluate: (_, { evidence }) => Promise.resolve(!evidence.some((one) => one.verifier === "notes" && one.verified)),
          },
        },
      );
    assert.equal(wordOf(await judgeWith([signatureOn(noted)])), "deny PolicyNotSatisfied");
    assert.equal(wordOf(await judgeWith([])), "allow");
    const report = await judgeWith("ServerError");
    assert.deepEqual([wordOf(report), report.complete], ["inconclusive ExpressionFailed", false]);
  });

  it("ends where an artifact and its signature name each other", async () => {
    // A content type that must itself be signed by itself: a loop, if nobody counted.
    const loop = { ...modelVerifier("loop", { types: [noteType], kind: "content" }), signedBy: ["loop"] };
    const store = entry(modelStore("s", { referrers: [note], referrersOf: { [noted]: [artifact({ type: noteType, names: noted })] } }));
    const report = await verify([store], { verifiers: [{ name: "loop", verifier: loop }], policies: [policy("p", [needs("loop")])] });
    assert.notEqual(report.verdict.outcome, "allow");
  });
});

describe("a content verifier without signedBy", () => {
  const plain = { name: "notes", verifier: modelVerifier("notes", { types: [noteType], kind: "content" }) };
  const judgePlain = (atLeast: number): ReturnType<typeof verify> =>
    verify([entry(modelStore("s", { referrers: [note, artifact({ type: noteType, salt: 2 })] }))], {
      verifiers: [plain],
      policies: [policy("p", [needs("notes", { atLeast })])],
    });
  it("believes whoever attached it, as one", async () => {
    assert.equal(wordOf(await judgePlain(1)), "allow");
  });
  it("never counts two artifacts as two signers", async () => {
    assert.equal(wordOf(await judgePlain(2)), "deny PolicyNotSatisfied");
  });
});
