import type { PolicyReport, Report } from "../../src/engine/report.ts";
import type { CheckEntry, ObjectRow } from "../../src/cli/ports.ts";
import { type Digest, parseDigest } from "../../src/oci/digest.ts";
import type { Explanation } from "../../src/snapshot/explanation.ts";

/** 2026-01-01T12:00:00Z: when every fixture is looked at. */
export const now = Date.UTC(2026, 0, 1, 12);
const at = (secondsAgo: number): string => `${new Date(now - secondsAgo * 1000).toISOString().slice(0, 19)}Z`;
const day = 86_400;

export function digest(character: string): Digest {
  const parsed = parseDigest(`sha256:${character.repeat(64)}`);
  if (parsed === undefined) throw new TypeError(`${character} is no hexadecimal digit`);
  return parsed;
}

export const signed = "acme.azurecr.io/prod/web:1.4";
export const unsigned = "acme.azurecr.io/prod/web:nightly";
export const unknown = "mirror.acme.io/hub/nginx:1.27";

const failedMirror = {
  name: "mirror",
  location: "mirror.acme.io/hub/nginx",
  evidence: "Required",
  listing: "Failed",
  artifacts: 0,
  failures: [
    {
      class: "AuthenticationFailed",
      message: 'sent without a credential: no AuthProvider matches mirror.acme.io (nearest pattern: "*.acme.com" of AuthProvider/acme)',
    },
  ],
} as const;
const completeProduction = {
  name: "production",
  location: "acme.azurecr.io/prod/web",
  evidence: "Required",
  listing: "Complete",
  artifacts: 1,
  failures: [],
  durationMs: 17,
} as const;

function builtIn(outcome: Report["verdict"]["outcome"]): PolicyReport {
  const value = ({ allow: "true", deny: "false", inconclusive: "unknown" } as const)[outcome];
  const reason =
    outcome === "allow"
      ? '1 signer of Verifier/release-signature (KeyProvider/release key "alice")'
      : "needs 1 signer of Verifier/release-signature, has 0";
  const signers = outcome === "allow" ? ['KeyProvider/release key "alice"'] : [];
  const leaf = {
    value,
    reason,
    verifier: "release-signature",
    atLeast: 1,
    count: "Signers",
    every: false,
    has: signers.length,
    signers,
  } as const;
  return {
    name: "built-in policy",
    enforcement: "Enforce",
    onInconclusive: "Deny",
    outcome,
    reason: outcome === "allow" ? reason : "needs a valid signature by a trusted key",
    requirements: [{ value, leaves: [leaf] }],
  };
}

export const reports: ReadonlyMap<string, Report> = new Map<string, Report>([
  [
    signed,
    {
      image: signed,
      digest: digest("a"),
      verdict: { outcome: "allow", reasons: [`Verifier/release-signature verified ${digest("b")}`] },
      complete: false,
      stores: [
        {
          name: "anonymous",
          location: "acme.azurecr.io/prod/web",
          evidence: "Required",
          listing: "CoveredByOther",
          artifacts: 0,
          failures: [{ class: "AuthenticationFailed", message: "acme.azurecr.io answered 401" }],
        },
        completeProduction,
      ],
      summary: `acme.azurecr.io/prod/web@sha256:aaaaaaaaaaaa… allowed by built-in policy: Verifier/release-signature verified ${digest("b")}`,
      policies: [builtIn("allow")],
      artifacts: [
        {
          digest: digest("b"),
          subject: digest("a"),
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          artifactType: "application/vnd.dev.cosign.artifact.sig.v1+json",
          size: 812,
          heldBy: ["production"],
          readFrom: "production",
          results: [
            {
              outcome: "rejected",
              verifier: "old-signature",
              artifact: digest("b"),
              reason: "NoTrustedKey",
              message: "signed by none of 1 key",
            },
            {
              outcome: "verified",
              verifier: "release-signature",
              artifact: digest("b"),
              signers: [{ id: `key:sha256:${"c".repeat(64)}`, name: 'KeyProvider/release-keys key "alice"' }],
            },
          ],
        },
      ],
      viewRevision: "5b1c",
      durationMs: 41,
    },
  ],
  [
    unsigned,
    {
      image: unsigned,
      digest: digest("d"),
      verdict: { outcome: "deny", code: "NoValidSignature", reasons: ["No signature was found at acme.azurecr.io/prod/web"] },
      complete: true,
      stores: [{ ...completeProduction, artifacts: 0 }],
      summary: "acme.azurecr.io/prod/web@sha256:dddddddddddd… denied: No signature was found at acme.azurecr.io/prod/web",
      policies: [builtIn("deny")],
      artifacts: [],
      viewRevision: "5b1c",
      durationMs: 38,
    },
  ],
  [
    unknown,
    {
      image: unknown,
      verdict: { outcome: "inconclusive", code: "StoreFailed", causes: ["Store/mirror: AuthenticationFailed"] },
      complete: false,
      stores: [failedMirror],
      summary: "mirror.acme.io/hub/nginx:1.27 is inconclusive (StoreFailed): mirror failed",
      policies: [builtIn("inconclusive")],
      artifacts: [
        {
          digest: digest("e"),
          subject: digest("a"),
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
          size: 5120,
          heldBy: ["mirror"],
          results: [
            {
              outcome: "inconclusive",
              verifier: "release-signature",
              artifact: digest("e"),
              cause: "its content could be read from no store",
            },
          ],
        },
      ],
      viewRevision: "77aa",
      durationMs: 12,
    },
  ],
]);

export function explain(image: string): Explanation {
  const [path = "", tag] = image.split(/:(?=[^/]*$)/);
  const [registry = "", ...rest] = path.split("/");
  const repository = rest.join("/");
  if (repository === "" || /[^ -~]/.test(image)) {
    return {
      image,
      reference: null,
      error: { code: "REFERENCE_INVALID", message: "no repository after the registry" },
      stores: [],
      policies: [],
    };
  }
  const acme = registry === "acme.azurecr.io";
  return {
    image,
    reference: { registry, repository, ...(tag !== undefined && { tag }) },
    stores: [
      {
        name: "anonymous",
        asked: acme,
        reason: acme ? "AllImages" : "ScopesDoNotMatch",
        ...(acme && { resolvedRepository: `${registry}/${repository}`, outcome: "Anonymous" }),
        candidates: [],
      },
      acme
        ? { name: "mirror", asked: false, reason: "ScopesDoNotMatch", candidates: [] }
        : {
            name: "mirror",
            asked: true,
            reason: "ScopeMatches",
            resolvedRepository: `${registry}/${repository}`,
            outcome: "Denied",
            candidates: [{ name: "acme", pattern: "*.acme.com", reason: "NoMatch" }],
          },
      acme
        ? {
            name: "production",
            asked: true,
            reason: "ScopeMatches",
            resolvedRepository: `${registry}/${repository}`,
            outcome: "Selected",
            authProvider: { name: "acr", pattern: "acme.azurecr.io" },
            candidates: [
              { name: "acr", pattern: "acme.azurecr.io", reason: "Selected" },
              { name: "every-acr", pattern: "*.azurecr.io", reason: "MoreWildcards" },
              { name: "acr-copy", pattern: "acme.azurecr.io", reason: "PatternConflict" },
            ],
          }
        : { name: "production", asked: false, reason: "ScopesDoNotMatch", candidates: [] },
    ],
    policies: acme
      ? [
          {
            name: "Policy/signed-by-release",
            applies: true,
            reason: "ScopeMatches",
            enforcement: "Enforce",
            exceptions: [{ expirationTime: "2027-01-31T00:00:00Z", reason: "SEC-142" }],
          },
          { name: "Policy/elsewhere", applies: false, reason: "ScopesDoNotMatch", enforcement: "Warn", exceptions: [] },
        ]
      : [{ name: "built-in policy", applies: true, reason: "BuiltIn", enforcement: "Enforce", exceptions: [] }],
  };
}

export const accepted: readonly CheckEntry[] = [
  { kind: "AuthProvider", name: "acr", accepted: true, reason: "Accepted" },
  { kind: "Store", name: "production", accepted: true, reason: "Accepted" },
];
export const refused: readonly CheckEntry[] = [
  ...accepted,
  {
    kind: "AuthProvider",
    name: "wide",
    accepted: false,
    reason: "InvalidSpec",
    path: "spec.registries[0]",
    message: '"*.io" is too wide: "*" may not stand for one of the last two labels',
  },
];

function store(
  name: string,
  status: {
    readonly ready: "True" | "False";
    readonly reason: string;
    readonly message: string;
    readonly registry: string;
    readonly auth: string;
    readonly checked: number;
  },
): ObjectRow {
  return {
    kind: "Store",
    name,
    creationTime: now - 3 * day * 1000,
    object: {
      apiVersion: "countersign.dev/v1alpha1",
      kind: "Store",
      metadata: { name, creationTimestamp: at(3 * day), managedFields: [{ manager: "countersign" }] },
      spec: { scopes: [status.registry.split(" ")[0]], type: "registry" },
      status: {
        registry: status.registry,
        auth: status.auth,
        lastCheckTime: at(status.checked),
        consecutiveFailures: status.ready === "True" ? 0 : 3,
        ...(status.ready === "True" && { lastSuccessTime: at(status.checked), latencyMilliseconds: 41 }),
        conditions: [
          { type: "Accepted", status: "True", reason: "Accepted", message: "" },
          { type: "Ready", status: status.ready, reason: status.reason, message: status.message },
        ],
      },
    },
  };
}

/** The table of design section 5. */
export const stores: readonly ObjectRow[] = [
  store("production", {
    ready: "True",
    reason: "Succeeded",
    message: "4 of 4 registries answered",
    registry: "acme.azurecr.io (+3)",
    auth: "acr",
    checked: 125,
  }),
  store("mirror", {
    ready: "False",
    reason: "AuthenticationFailed",
    message: "mirror.acme.io answered 401",
    registry: "mirror.acme.io",
    auth: "-",
    checked: 9,
  }),
];
