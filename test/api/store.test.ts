import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeStore, type StoreSpec } from "../../src/api/store.ts";
import type { Pattern } from "../../src/oci/pattern.ts";
import { accepted, object, refusals } from "./objects.ts";

const short = { scopes: ["*"], type: "registry" } as const;

describe("decodeStore()", () => {
  it("fills in every default of `type: registry` alone", () => {
    const expected: StoreSpec = {
      scopes: [{ kind: "all" }],
      evidence: "Required",
      timeoutMs: 2000,
      healthCheck: { intervalMs: 300_000, failureThreshold: 3 },
      limits: { artifacts: 64, pages: 100, manifestBytes: 524_288, blobBytes: 16_777_216, totalBytes: 67_108_864, depth: 3 },
      suspend: false,
      type: "registry",
      config: { rewrite: [], unmatched: "Anonymous" },
    };
    assert.deepEqual(decodeStore(object("Store", short)), { ok: true, spec: expected });
  });

  it("decodes every field", () => {
    const ghcr: Pattern = { text: "docker.io/library", labels: ["docker", "io"], port: undefined, segments: ["library"], wildcards: 0 };
    const decoded = decodeStore(object("Store", { ...accepted.Store["registry, with every field"], scopes: ["docker.io/library"] }));
    const expected: StoreSpec = {
      scopes: [{ kind: "pattern", pattern: ghcr }],
      evidence: "Optional",
      timeoutMs: 1500,
      healthCheck: { intervalMs: 3_600_000, failureThreshold: 5 },
      limits: { artifacts: 8, pages: 20, manifestBytes: 65_536, blobBytes: 1_048_576, totalBytes: 8_388_608, depth: 2 },
      suspend: true,
      authProviderRefs: ["acr", "ghcr"],
      type: "registry",
      config: {
        evidenceRepository: { host: "signatures.acme.io", port: undefined, segments: ["evidence"] },
        rewrite: [{ from: ghcr, to: { host: "mirror.acme.io", port: undefined, segments: ["hub", "library"] } }],
        caBundleRef: { kind: "ConfigMap", name: "acme-ca", key: "ca.crt" },
        unmatched: "Deny",
      },
    };
    assert.deepEqual(decoded, { ok: true, spec: expected });
  });

  it("lifts an ociLayout to `config`", () => {
    const decoded = decodeStore(object("Store", accepted.Store["ociLayout"]));
    assert.deepEqual(decoded.ok && [decoded.spec.type, decoded.spec.config], ["ociLayout", { path: "evidence/layout" }]);
  });

  const refused: readonly (readonly [string, object, readonly string[]])[] = [
    [
      'a scope with "*" for a path, with what to write instead',
      { ...short, scopes: ["docker.io", "ghcr.io/acme/*"] },
      ['spec.scopes[1]: "ghcr.io/acme/*" has "*" in a path; write "ghcr.io/acme"'],
    ],
    [
      'a scope that ends in "*", without a suggestion that would be wider',
      { ...short, scopes: ["ghcr.io/acme*"] },
      ['spec.scopes[0]: "ghcr.io/acme*" has "*" in a path; "*" stands for one whole label of the host'],
    ],
    [
      "a member of another type",
      { ...short, ociLayout: { path: "a" } },
      ['spec: type is "registry" but "ociLayout" is set; remove it or change type'],
    ],
    ["a type whose member is missing", { ...short, type: "ociLayout" }, ['spec.ociLayout: Required value: type is "ociLayout"']],
    [
      "a type that does not exist",
      { ...short, type: "s3" },
      ['spec.type: Unsupported value: "s3": supported values: "registry", "ociLayout"'],
    ],
    ["no type", { scopes: ["*"] }, ["spec.type: Required value"]],
    ["no scopes", { type: "registry" }, ["spec.scopes: Required value"]],
    ["an empty list of scopes", { ...short, scopes: [] }, ["spec.scopes: spec.scopes in body should have at least 1 items"]],
    ["a scope twice", { ...short, scopes: ["*", "*"] }, ['spec.scopes[1]: Duplicate value: "*"']],
    [
      "too many scopes",
      { ...short, scopes: Array.from({ length: 65 }, (_, at) => `r${at}.acme.io`) },
      ["spec.scopes: Too many: 65: must have at most 64 items"],
    ],
    [
      "a scope that is too long",
      { ...short, scopes: [`ghcr.io/${"a".repeat(505)}`] },
      ["spec.scopes[0]: Too long: may not be more than 512 bytes"],
    ],
    ["a scope that is no text", { ...short, scopes: [1] }, ['spec.scopes[0]: spec.scopes[0] in body must be of type string: "integer"']],
    [
      "a misspelt field",
      { ...short, authProviderRef: [] },
      ['spec.authProviderRef: unknown field "spec.authProviderRef"; did you mean "authProviderRefs"?'],
    ],
    ["a field that nothing resembles", { ...short, color: "red" }, ['spec.color: unknown field "spec.color"']],
    [
      "a namespace in a reference",
      { ...short, authProviderRefs: [{ name: "a", namespace: "b" }] },
      ['spec.authProviderRefs[0].namespace: unknown field "spec.authProviderRefs[0].namespace"'],
    ],
    [
      "a reference twice",
      { ...short, authProviderRefs: [{ name: "a" }, { name: "a" }] },
      ['spec.authProviderRefs[1]: Duplicate value: {"name":"a"}'],
    ],
    [
      "no reference in a list of them",
      { ...short, authProviderRefs: [] },
      ["spec.authProviderRefs: spec.authProviderRefs in body should have at least 1 items"],
    ],
    [
      "a duration without a unit",
      { ...short, timeout: "2" },
      ['spec.timeout: must be a duration: whole numbers with units, such as "500ms", "2s" or "1m30s"'],
    ],
    ["a duration that is too long", { ...short, timeout: "1m" }, ["spec.timeout: must be between 100ms and 30s"]],
    [
      "a limit of nothing",
      { ...short, limits: { artifacts: 0 } },
      ["spec.limits.artifacts: spec.limits.artifacts in body should be greater than or equal to 1"],
    ],
    [
      "half an artifact",
      { ...short, limits: { artifacts: 1.5 } },
      ['spec.limits.artifacts: spec.limits.artifacts in body must be of type integer: "number"'],
    ],
    ["a flag in quotes", { ...short, suspend: "true" }, ['spec.suspend: spec.suspend in body must be of type boolean: "string"']],
    [
      "a rewrite without a target",
      { ...short, registry: { rewrite: [{ from: "docker.io" }] } },
      ["spec.registry.rewrite[0].to: Required value"],
    ],
    [
      "a rewrite that begins with a wildcard",
      { ...short, registry: { rewrite: [{ from: "*.azurecr.io", to: "mirror.acme.io/acr" }] } },
      ['spec.registry.rewrite[0].from: "*.azurecr.io" has "*" in it; a rewrite begins with an exact host'],
    ],
    [
      "a tag in the evidence repository",
      { ...short, registry: { evidenceRepository: "signatures.acme.io/evidence:v1" } },
      ['spec.registry.evidenceRepository: "signatures.acme.io/evidence:v1" has ":" in its path'],
    ],
    [
      "a path that leads upwards",
      { scopes: ["*"], type: "ociLayout", ociLayout: { path: "a/../../etc" } },
      ['spec.ociLayout.path: must be a path without ".." and control characters'],
    ],
    [
      "an empty path",
      { scopes: ["*"], type: "ociLayout", ociLayout: { path: "" } },
      ["spec.ociLayout.path: spec.ociLayout.path in body should be at least 1 chars long"],
    ],
  ];
  for (const [name, spec, said] of refused) it(`refuses ${name}`, () => assert.deepEqual(refusals("Store", spec), said));

  it("gives an unsupported type its own reason", () => {
    const decoded = decodeStore(object("Store", { ...short, type: "s3" }));
    assert.deepEqual(!decoded.ok && decoded.diagnostics.map(({ reason }) => reason), ["UnsupportedType"]);
  });

  const salvaged: readonly (readonly [string, unknown, object])[] = [
    [
      "the scopes, where only something else is wrong",
      { ...short, scopes: ["*"], suspend: 1, evidence: "Optional" },
      { scopes: [{ kind: "all" }], evidence: "Optional" },
    ],
    [
      "everything, where one scope does not parse",
      { ...short, scopes: ["ghcr.io", "*.io"] },
      { scopes: [{ kind: "all" }], evidence: "Required" },
    ],
    [
      "everything, where scopes are missing",
      { type: "registry", evidence: "sometimes" },
      { scopes: [{ kind: "all" }], evidence: "Required" },
    ],
    ["everything, where there is no spec", undefined, { scopes: [{ kind: "all" }], evidence: "Required" }],
  ];
  for (const [name, spec, salvage] of salvaged) {
    it(`salvages ${name}`, () => {
      const decoded = decodeStore(object("Store", spec));
      assert.deepEqual(!decoded.ok && decoded.salvage, salvage);
    });
  }
});
