import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { kindTable } from "../../src/api/kinds.ts";
import type { ResourceKind } from "../../src/api/object.ts";
import { object, refusals } from "./objects.ts";

const registries = ["*.dkr.ecr.*.amazonaws.com"];
const roleARN = "arn:aws:iam::123456789012:role/countersign";
const serviceAccountRef = { name: "puller" };
const spec = (awsEcr: object): object => ({ registries, type: "awsEcr", awsEcr });

describe("awsEcr", () => {
  const refused: readonly (readonly [string, ResourceKind, object, readonly string[]])[] = [
    [
      "a ServiceAccount without a role",
      "AuthProvider",
      { serviceAccountRef },
      ["spec.awsEcr.roleARN: Required value: serviceAccountRef is set"],
    ],
    [
      "a ServiceAccount beside an identity of the pod",
      "AuthProvider",
      { roleARN, serviceAccountRef, source: "WebIdentity" },
      ["spec.awsEcr: source is an identity of the operator's pod; leave it out where serviceAccountRef is set"],
    ],
    [
      "a ServiceAccount beside an identity that there is not, once",
      "AuthProvider",
      { roleARN, serviceAccountRef, source: "IRSA" },
      ['spec.awsEcr.source: Unsupported value: "IRSA": supported values: "Auto", "WebIdentity", "PodIdentity", "InstanceRole"'],
    ],
    [
      "a role to assume for an identity that has one",
      "AuthProvider",
      { roleARN, source: "PodIdentity" },
      ["spec.awsEcr: roleARN is assumed with a web identity; PodIdentity and InstanceRole have a role of their own"],
    ],
    [
      "an identity that there is not",
      "AuthProvider",
      { source: "Profile" },
      ['spec.awsEcr.source: Unsupported value: "Profile": supported values: "Auto", "WebIdentity", "PodIdentity", "InstanceRole"'],
    ],
    [
      "a region that is a host",
      "AuthProvider",
      { stsRegion: "evil.example" },
      ['spec.awsEcr.stsRegion: "evil.example" is not an AWS region, as eu-west-1'],
    ],
    [
      "a region that is a path",
      "AuthProvider",
      { stsRegion: "eu-west-1/x" },
      ['spec.awsEcr.stsRegion: "eu-west-1/x" is not an AWS region, as eu-west-1'],
    ],
    ["an end of hosts without its dot", "AuthProvider", { trustedHostSuffixes: ["acme.example"] }, []],
    ["a tenant without a ServiceAccount", "NamespacedAuthProvider", { roleARN }, ["spec.awsEcr.serviceAccountRef: Required value"]],
    ["a tenant without a role", "NamespacedAuthProvider", { serviceAccountRef }, ["spec.awsEcr.roleARN: Required value"]],
    [
      "a tenant that wants the operator's identity",
      "NamespacedAuthProvider",
      { roleARN, serviceAccountRef, source: "InstanceRole" },
      ['spec.awsEcr.source: unknown field "spec.awsEcr.source"'],
    ],
    [
      "a tenant that chooses an endpoint",
      "NamespacedAuthProvider",
      { roleARN, serviceAccountRef, stsRegion: "eu-west-1" },
      ['spec.awsEcr.stsRegion: unknown field "spec.awsEcr.stsRegion"'],
    ],
  ];
  for (const [what, kind, awsEcr, expected] of refused) {
    it(`refuses ${what}`, () => {
      const said = refusals(kind, spec(awsEcr));
      if (expected.length > 0) assert.deepEqual(said, expected);
      else assert.equal(said.length, 1);
    });
  }

  const arns: readonly (readonly [string, boolean])[] = [
    [roleARN, true],
    ["arn:aws-cn:iam::123456789012:role/countersign", true],
    ["arn:aws-us-gov:iam::123456789012:role/a/b/countersign", true],
    ["arn:aws-iso-b:iam::123456789012:role/c", true],
    ["arn:aws-eusc:iam::123456789012:role/service-role/c+=,.@-_", true],
    ["arn:aws-evil:iam::123456789012:role/c", false],
    ["arn:aws:iam::12345678901:role/c", false],
    ["arn:aws:iam::123456789012:user/c", false],
    ["arn:aws:iam::123456789012:role/", false],
    ["arn:aws:iam::123456789012:role//c", false],
    ["arn:aws:sts::123456789012:assumed-role/c/d", false],
    ["arn:aws:iam:eu-west-1:123456789012:role/c", false],
    [` ${roleARN}`, false],
    [`${roleARN}\n`, false],
    [`arn:aws:iam::123456789012:role/${"x".repeat(65)}`, false],
    ["countersign", false],
  ];
  for (const [arn, isGood] of arns) {
    it(`${isGood ? "takes" : "refuses"} the role ${JSON.stringify(arn).slice(0, 80)}`, () => {
      assert.equal(kindTable.AuthProvider.decode(object("AuthProvider", spec({ roleARN: arn }))).ok, isGood);
    });
  }
});
