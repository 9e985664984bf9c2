import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { refusals } from "./objects.ts";

const pool = { serviceAccountRef: { name: "reader" }, projectNumber: 1, poolID: "pool", providerID: "provider" };
const at = "spec.googleArtifactRegistry";
const wif = `${at}.workloadIdentityFederation`;

function said(kind: "AuthProvider" | "NamespacedAuthProvider", config: object | undefined): readonly string[] {
  const spec = {
    registries: ["*.pkg.dev"],
    type: "googleArtifactRegistry",
    ...(config !== undefined && { googleArtifactRegistry: config }),
  };
  return refusals(kind, spec);
}

describe("googleArtifactRegistry", () => {
  const emails = [
    "https://iamcredentials.googleapis.com/v1",
    "reader@acme.iam.gserviceaccount.com.evil.example",
    "reader@evil.example",
    "reader@gserviceaccount.com",
    "../../tokens@acme.iam.gserviceaccount.com",
    "reader@acme.iam.gserviceaccount.com:signJwt?x=",
    "reader%2f@acme.iam.gserviceaccount.com",
    "Reader@acme.iam.gserviceaccount.com",
    "reader@acme.iam.gserviceaccount.com\n",
  ];
  for (const email of emails) {
    it(`refuses ${JSON.stringify(email)} as a service account: it becomes a part of a URL`, () => {
      const [only = "", ...others] = said("AuthProvider", { serviceAccountEmail: email });
      assert.match(
        only,
        /^spec\.googleArtifactRegistry\.serviceAccountEmail: .* is no service account's address, as reader@acme-prod\.iam/,
      );
      assert.deepEqual(others, []);
    });
  }

  it("takes every form of address that Google gives out", () => {
    for (const email of [
      "reader@acme-prod.iam.gserviceaccount.com",
      "123456789012-compute@developer.gserviceaccount.com",
      "acme-prod@appspot.gserviceaccount.com",
      "reader@acme-prod.acme.com.iam.gserviceaccount.com",
    ])
      assert.deepEqual(said("AuthProvider", { serviceAccountEmail: email }), []);
  });

  const refused: readonly (readonly [string, object, readonly string[]])[] = [
    [
      "an id of a project",
      { ...pool, projectNumber: "acme-prod" },
      [`${wif}.projectNumber: ${wif}.projectNumber in body must be of type integer: "string"`],
    ],
    [
      "a project 0",
      { ...pool, projectNumber: 0 },
      [`${wif}.projectNumber: ${wif}.projectNumber in body should be greater than or equal to 1`],
    ],
    [
      "a path as an id",
      { ...pool, poolID: "pool/providers/x" },
      [`${wif}.poolID: "pool/providers/x" is no id: 4 to 32 lower-case letters, digits and "-"`],
    ],
    [
      "an id that is too short",
      { ...pool, providerID: "abc" },
      [`${wif}.providerID: "abc" is no id: 4 to 32 lower-case letters, digits and "-"`],
    ],
    ["federation without a ServiceAccount", { ...pool, serviceAccountRef: undefined }, [`${wif}.serviceAccountRef: Required value`]],
    ["an endpoint", { ...pool, tokenURL: "https://evil.example" }, [`${wif}.tokenURL: unknown field "${wif}.tokenURL"`]],
  ];
  for (const [what, workloadIdentityFederation, expected] of refused)
    it(`refuses ${what}`, () => assert.deepEqual(said("AuthProvider", { workloadIdentityFederation }), expected));

  it("is not complete without federation for a tenant, who has no part in the identity of the machine", () => {
    assert.deepEqual(said("AuthProvider", undefined), []);
    assert.deepEqual(said("NamespacedAuthProvider", undefined), [`${at}: Required value: type is "googleArtifactRegistry"`]);
    assert.deepEqual(said("NamespacedAuthProvider", { serviceAccountEmail: "a@b.iam.gserviceaccount.com" }), [`${wif}: Required value`]);
    assert.deepEqual(said("NamespacedAuthProvider", { workloadIdentityFederation: pool }), []);
  });
});
