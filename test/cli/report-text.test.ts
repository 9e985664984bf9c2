import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { plain } from "../../src/cli/paint.ts";
import { renderReport } from "../../src/cli/report-text.ts";
import { ascii, unicode } from "../../src/cli/tree.ts";
import type { ArtifactReport, PolicyReport, Report } from "../../src/engine/report.ts";
import { golden } from "../support/txtar.ts";
import { digest, explain, reports, signed } from "./fixtures.ts";

const goldenFile = (name: string): string => new URL(`../golden/cli/${name}`, import.meta.url).pathname;
const base = reports.get(signed) ?? assert.fail();
const alice = { id: "key:sha256:aa", name: 'KeyProvider/release-keys key "alice"' };

function render(more: Partial<Report>, glyphs = unicode): string {
  return renderReport({ ...base, ...more }, explain(signed), { paint: plain, glyphs });
}

function artifact(name: string, subject: string, more: Partial<ArtifactReport> = {}): ArtifactReport {
  return {
    digest: digest(name),
    subject: digest(subject),
    artifactType: `application/vnd.${name}`,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    size: 812,
    heldBy: ["production"],
    readFrom: "production",
    results: [{ outcome: "verified", verifier: "release", artifact: digest(name), signers: [alice] }],
    ...more,
  };
}

const policies: readonly PolicyReport[] = [
  {
    name: "Policy/signed-by-release",
    enforcement: "Enforce",
    onInconclusive: "Deny",
    outcome: "deny",
    reason: "needs 2 signers of Verifier/release, has 1 (release@acme.io)",
    requirements: [
      {
        name: "release",
        value: "false",
        leaves: [
          {
            value: "false",
            reason: "needs 2 signers of Verifier/release, has 1 (release@acme.io)",
            verifier: "release",
            atLeast: 2,
            count: "Signers",
            every: false,
            has: 1,
            signers: ["release@acme.io"],
          },
        ],
      },
      {
        name: "bill-of-materials",
        value: "true",
        leaves: [
          {
            value: "false",
            reason: "needs 1 artifact of Verifier/sbom, has 0",
            verifier: "sbom",
            atLeast: 1,
            count: "Artifacts",
            every: false,
            has: 0,
            signers: [],
          },
          { value: "true", reason: "expression holds: evidence.exists(e, e.verified)", expression: "evidence.exists(e, e.verified)" },
        ],
      },
    ],
  },
  {
    name: "Policy/legacy",
    enforcement: "Enforce",
    onInconclusive: "Deny",
    outcome: "allow",
    reason: "exempt until 2027-01-31T00:00:00.000Z: SEC-142",
    exception: { reason: "SEC-142", expirationTime: Date.UTC(2027, 0, 31) },
    requirements: [{ value: "false", leaves: [{ value: "false", reason: "expression does not hold: false", expression: "false" }] }],
  },
  {
    name: "Policy/broken",
    enforcement: "Enforce",
    onInconclusive: "Deny",
    outcome: "inconclusive",
    reason: "Policy/broken is invalid: spec.require: is empty",
    requirements: [],
  },
  {
    name: "Policy/tried-out",
    enforcement: "Warn",
    onInconclusive: "Allow",
    outcome: "inconclusive",
    reason: "expression waits for complete evidence: true",
    requirements: [
      { value: "unknown", leaves: [{ value: "unknown", reason: "expression waits for complete evidence: true", expression: "true" }] },
    ],
  },
  {
    name: "NamespacedPolicy/team-a/lenient",
    enforcement: "Enforce",
    onInconclusive: "Warn",
    outcome: "inconclusive",
    reason: "needs 1 signer of NamespacedVerifier/team-a/own, has 0 so far",
    requirements: [
      {
        value: "unknown",
        leaves: [
          {
            value: "unknown",
            reason: "needs 1 signer of NamespacedVerifier/team-a/own, has 0 so far",
            verifier: "team-a/own",
            atLeast: 1,
            count: "Signers",
            every: false,
            has: 0,
            signers: [],
          },
        ],
      },
    ],
  },
];
const denied: Partial<Report> = {
  verdict: {
    outcome: "deny",
    code: "PolicyNotSatisfied",
    reasons: [
      "denied by Policy/signed-by-release: needs 2 signers of Verifier/release, has 1 (release@acme.io)",
      "Verifier/release rejected something else",
    ],
  },
  summary:
    "acme.azurecr.io/prod/web@sha256:aaaaaaaaaaaa… denied by Policy/signed-by-release: needs 2 signers of Verifier/release, has 1 (release@acme.io)",
  policies,
  complete: true,
};

describe("renderReport()", () => {
  it("shows what each policy needs, has and makes of it, with exceptions and what a door would do", () =>
    assert.equal(render(denied), golden(goldenFile("verify-policies.txt"), render(denied))));

  it("hangs artifacts on what they refer to", () => {
    const artifacts = [
      artifact("b", "a"),
      artifact("c", "a", { heldBy: ["evidence", "production"], results: [] }),
      artifact("d", "c", { results: [{ outcome: "verified", verifier: "team-a/own", artifact: digest("d"), signers: [] }] }),
      artifact("e", "f"),
    ];
    const text = render({ artifacts });
    assert.equal(
      text.slice(text.indexOf("├─ artifacts"), text.indexOf("├─ policies")),
      `├─ artifacts
│  ├─ sha256:bbbbbbbbbbbb…  application/vnd.b
│  │  │  812 bytes, read from production
│  │  └─ ✓ Verifier/release: verified, signed by KeyProvider/release-keys key "alice"
│  ├─ sha256:cccccccccccc…  application/vnd.c
│  │  │  812 bytes, read from production, also in evidence
│  │  ├─ · no Verifier judged it
│  │  └─ sha256:dddddddddddd…  application/vnd.d
│  │     │  812 bytes, read from production
│  │     └─ ✓ NamespacedVerifier/team-a/own: verified
│  └─ on manifest sha256:ffffffffffff…
│     └─ sha256:eeeeeeeeeeee…  application/vnd.e
│        │  812 bytes, read from production
│        └─ ✓ Verifier/release: verified, signed by KeyProvider/release-keys key "alice"
`,
    );
  });

  it("shows every artifact once, whatever they say of each other", () => {
    for (const artifacts of [
      [artifact("b", "b")],
      [artifact("b", "c"), artifact("c", "b")],
      [artifact("b", "a"), artifact("c", "b"), artifact("b", "c"), artifact("a", "b")],
    ]) {
      const lines = render({ artifacts, policies: [] }).split("\n");
      for (const { artifactType } of artifacts)
        assert.equal(
          lines.filter((line) => line.endsWith(artifactType)).length,
          artifacts.filter((other) => other.artifactType === artifactType).length,
        );
    }
  });

  it("says until when a verdict stands on an exception", () =>
    assert.match(render({ validUntil: Date.UTC(2027, 0, 31) }), /\n +stands until 2027-01-31T00:00:00.000Z, when an exception ends\n/));

  for (const [onInconclusive, sentence] of [
    ["Deny", "a door turns it away (onInconclusive: Deny)"],
    ["Warn", "a door lets it in with a warning (onInconclusive: Warn)"],
    ["Allow", "a door lets it in, and leaves a trace (onInconclusive: Allow)"],
  ] as const)
    it(`says of an inconclusive verdict that ${sentence}`, () => {
      const verdict = { outcome: "inconclusive", code: "StoreFailed", causes: ["mirror failed", "another failed too"] } as const;
      const lines = render({ verdict, onInconclusive, summary: "x is inconclusive (StoreFailed): mirror failed", complete: true })
        .trimEnd()
        .split("\n")
        .slice(-4);
      assert.deepEqual(lines, [
        "└─ ? inconclusive (StoreFailed)",
        "      x is inconclusive (StoreFailed): mirror failed",
        "      another failed too",
        `      ${sentence}`,
      ]);
    });

  it("keeps to ASCII where the locale shows no more", () => assert.match(render(denied, ascii), /^[\n -~]*$/));

  it("has a verdict as its last branch, however little is known", () => {
    const bare = { digest: undefined, stores: [], artifacts: [], policies: [], complete: true } as const;
    const { digest: _digest, ...rest } = base;
    const text = renderReport({ ...rest, ...bare, digest: digest("a") }, explain(signed), { paint: plain, glyphs: unicode });
    assert.match(
      text,
      /├─ stores: none has scopes that match this image\n├─ artifacts: none that a Verifier can judge\n└─ ✓ allow\n {6}\S.*\n$/,
    );
  });
});
