import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { refusals } from "./objects.ts";

const host = "acme-registry.cn-hangzhou.cr.aliyuncs.com";
const instances = [{ host, instanceID: "cri-xkx6vujuhay0tnwr" }];
const at = "spec.alibabaAcr";
const complete = {
  serviceAccountRef: { name: "reader" },
  roleARN: "acs:ram::1234567890123456:role/registry-reader",
  oidcProviderARN: "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1a2b3",
  instances,
};

function said(kind: "AuthProvider" | "NamespacedAuthProvider", alibabaAcr: object | undefined): readonly string[] {
  return refusals(kind, { registries: ["*.*.cr.aliyuncs.com"], type: "alibabaAcr", ...(alibabaAcr !== undefined && { alibabaAcr }) });
}

describe("alibabaAcr", () => {
  const refused: readonly (readonly [string, object, readonly string[]])[] = [
    ["no instance at all", { instances: [] }, [`${at}.instances: ${at}.instances in body should have at least 1 items`]],
    [
      "a host twice",
      { instances: [...instances, ...instances] },
      [`${at}.instances[1]: Duplicate value: {"host":"acme-registry.cn-hangzhou.cr.aliyuncs.com"}`],
    ],
    [
      "a host of somebody else",
      { instances: [{ host: "acme-registry.cn-hangzhou.cr.aliyuncs.com.evil.example", instanceID: "cri-acme1" }] },
      [`${at}.instances[0].host: "acme-registry.cn-hangzhou.cr.aliyuncs.com.evil.example" is no host of Container Registry, as ${host}`],
    ],
    [
      "an instance of the Enterprise Edition without its id",
      { instances: [{ host }] },
      [`${at}.instances[0].instanceID: Required value: an instance of the Enterprise Edition has an id`],
    ],
    [
      "an instance of the Personal Edition",
      { instances: [{ host: "registry.cn-hangzhou.aliyuncs.com", instanceID: "cri-acme1" }] },
      [`${at}.instances[0]: the Personal Edition has no instances: remove instanceID`],
    ],
    [
      "the name of an instance in the place of its id",
      { instances: [{ host, instanceID: "acme" }] },
      [`${at}.instances[0].instanceID: "acme" is not the id of an instance, as cri-xkx6vujuhay0tnwr`],
    ],
    [
      "the ARN of a role as Amazon has them",
      { instances, roleARN: "arn:aws:iam::123456789012:role/reader" },
      [
        `${at}.roleARN: "arn:aws:iam::123456789012:role/reader" is not the ARN of a role, as acs:ram::1234567890123456:role/registry-reader`,
      ],
    ],
    [
      "the ARN of a user as a provider's",
      { instances, oidcProviderARN: "acs:ram::1234567890123456:user/me" },
      [
        `${at}.oidcProviderARN: "acs:ram::1234567890123456:user/me" is not the ARN of an OIDC provider, as acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1a2b3`,
      ],
    ],
    [
      "an endpoint",
      { instances, endpoints: "evil.example" },
      [`${at}.endpoints: Unsupported value: "evil.example": supported values: "Public", "VPC"`],
    ],
  ];
  for (const [what, config, expected] of refused) it(`refuses ${what}`, () => assert.deepEqual(said("AuthProvider", config), expected));

  it("is complete with its instances, where RRSA's webhook says the rest", () => {
    assert.deepEqual(said("AuthProvider", { instances }), []);
    assert.deepEqual(said("AuthProvider", { instances: [{ host: "registry-vpc.cn-hangzhou.aliyuncs.com" }] }), []);
    assert.deepEqual(said("AuthProvider", { ...complete, endpoints: "VPC" }), []);
    assert.deepEqual(said("AuthProvider", undefined), [`${at}: Required value: type is "alibabaAcr"`]);
  });

  it("wants a tenant to write whose token is shown for which role, and lets none choose endpoints", () => {
    assert.deepEqual(said("NamespacedAuthProvider", complete), []);
    assert.deepEqual(said("NamespacedAuthProvider", { instances }), [
      `${at}.serviceAccountRef: Required value`,
      `${at}.roleARN: Required value`,
      `${at}.oidcProviderARN: Required value`,
    ]);
    assert.deepEqual(said("NamespacedAuthProvider", { ...complete, endpoints: "Public" }), [
      `${at}.endpoints: unknown field "${at}.endpoints"`,
    ]);
  });
});
