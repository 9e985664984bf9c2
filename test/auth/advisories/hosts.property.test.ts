/** What each provider takes for a registry of its cloud, against what the clouds' documents say, spelt out by hand without a regular expression. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { AuthProviderType } from "../../../src/api/auth-provider.ts";
import type { AuthProviderSpec } from "../../../src/api/auth-provider.ts";
import { buildAuthProvider } from "../../../src/auth/catalog.ts";
import { CredentialUnavailableError } from "../../../src/keychain/ports.ts";
import type { Pattern } from "../../../src/oci/pattern.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { registryOf } from "../../../src/oci/repository.ts";
import { pattern } from "../../oci/support.ts";
import { awsConfig } from "../../support/cloud/aws.ts";
import { alibabaConfig } from "../../support/cloud/alibaba.ts";
import { assertSilentWire, attack, never } from "./scene.ts";
import { cloudTypes, subjects } from "./subjects.ts";

const digits = "0123456789";
const letters = "abcdefghijklmnopqrstuvwxyz";
const made = (text: string, alphabet: string): boolean => text !== "" && Array.from(text).every((each) => alphabet.includes(each));

/** `eu-west-1`, `us-gov-east-1`: words, then a number. */
function isAwsRegion(text: string): boolean {
  const parts = text.split("-");
  const number = parts.pop() ?? "";
  return made(number, digits) && number.length <= 2 && parts.length >= 2 && parts.length <= 4 && parts.every((part) => made(part, letters));
}

/** Ends of private registries by the beginning of their regions (docs.aws.amazon.com, "Service endpoints"). */
const awsEnds: readonly (readonly [partition: string, begin: string, ends: readonly string[], dual: readonly string[]])[] = [
  ["aws-cn", "cn-", ["amazonaws.com.cn"], ["on.amazonwebservices.com.cn"]],
  ["aws-us-gov", "us-gov-", ["amazonaws.com"], ["on.aws"]],
  ["aws-iso-b", "us-isob-", ["sc2s.sgov.gov"], []],
  ["aws-iso-f", "us-isof-", ["csp.hci.ic.gov"], []],
  ["aws-iso", "us-iso-", ["c2s.ic.gov"], []],
  ["aws-iso-e", "eu-isoe-", ["cloud.adc-e.uk"], []],
  ["aws-eusc", "eusc-", ["amazonaws.eu"], ["on.amazonwebservices.eu"]],
  ["aws", "", ["amazonaws.com"], ["on.aws"]],
];

/** A role is known in its own partition only. */
function isECR(of: string, labels: readonly string[]): boolean {
  const host = labels.join(".");
  if (host === "public.ecr.aws" || host === "ecr-public.aws.com") return of === "aws";
  const [account = "", first = "", second = "", ...rest] = labels;
  if (!made(account, digits) || account.length !== 12) return false;
  const isDual = first === "dkr-ecr" || first === "dkr-ecr-fips";
  if (!isDual && !(first === "dkr" && (second === "ecr" || second === "ecr-fips"))) return false;
  const [region = "", ...end] = isDual ? [second, ...rest] : rest;
  const [partition, , single, dual] = awsEnds.find(([, begin]) => region.startsWith(begin)) ?? ["", "", [], []];
  return partition === of && isAwsRegion(region) && (isDual ? dual : single).includes(end.join("."));
}

function isACR(labels: readonly string[]): boolean {
  const [name = "", ...rest] = labels;
  const [own = "", label, ...more] = name.split("-");
  const isName = made(own, letters + digits) && own.length >= 5 && own.length <= 50 && more.length === 0;
  if (!isName || (label !== undefined && !made(label, letters + digits))) return false;
  if (rest.join(".") === "azurecr.io") return true;
  return rest.length === 4 && made(rest[0] ?? "", letters + digits) && rest.slice(1).join(".") === "geo.azurecr.io";
}

function isGAR(labels: readonly string[]): boolean {
  const host = labels.join(".");
  if (["gcr.io", "us.gcr.io", "eu.gcr.io", "asia.gcr.io"].includes(host)) return true;
  const [first = "", ...rest] = labels;
  if (rest.join(".") !== "pkg.dev" || !first.endsWith("-docker")) return false;
  const [area = "", place, ...more] = first.slice(0, -"-docker".length).split("-");
  if (!made(area, letters) || more.length > 0) return false;
  // A place is a direction or a name, and a number.
  const name = Array.from(place ?? "a1")
    .filter((each) => letters.includes(each))
    .join("");
  const number = (place ?? "a1").slice(name.length);
  return name !== "" && (place ?? "a1").startsWith(name) && made(number, digits);
}

const isAlibaba = (labels: readonly string[]): boolean => alibabaConfig.instances.some(({ host }) => host === labels.join("."));

/** Every cloud; and AWS as roles of three partitions see it. */
const cases: readonly {
  readonly type: AuthProviderType;
  readonly config?: object;
  readonly as?: string;
  readonly isOwn: (labels: readonly string[]) => boolean;
}[] = [
  { type: "azureWorkloadIdentity", isOwn: isACR },
  { type: "azureManagedIdentity", isOwn: isACR },
  { type: "googleArtifactRegistry", isOwn: isGAR },
  { type: "alibabaAcr", isOwn: isAlibaba },
  ...["aws", "aws-cn", "aws-us-gov"].map((partition) => ({
    type: "awsEcr" as const,
    as: ` of ${partition}`,
    config: awsConfig({ roleARN: `arn:${partition}:iam::123456789012:role/countersign` }),
    isOwn: (labels: readonly string[]) => isECR(partition, labels),
  })),
];

const good = [
  ...cloudTypes.map((type) => subjects[type].host),
  ...alibabaConfig.instances.map(({ host }) => host),
  "acmeregistry.westeurope.geo.azurecr.io",
  "acmeregistry-a1b2.azurecr.io",
  "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
  "123456789012.dkr-ecr.us-west-2.on.aws",
  "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
  "public.ecr.aws",
  "gcr.io",
  "eu.gcr.io",
  "us-docker.pkg.dev",
];
const label = fc.oneof(
  fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/),
  fc.constantFrom("evil", "dkr", "ecr", "azurecr", "pkg", "gcr", "cr", "aliyuncs", "amazonaws", "geo", "data", "com", "io", "dev", "cn"),
);
function withoutDot(labels: readonly string[], fromEnd: number, glue: string): string {
  const at = Math.max(1, labels.length - 1 - fromEnd);
  return `${labels.slice(0, at).join(".")}${glue}${labels.slice(at).join(".")}`;
}

/** One change to a host, of the kinds that careless checks do not see. */
const mutation: fc.Arbitrary<(host: string) => string> = fc.oneof(
  fc.constant((host: string) => host),
  label.map((text) => (host: string) => `${host}.${text}.example`),
  label.map((text) => (host: string) => `${text}.${host}`),
  label.map((text) => (host: string) => `${text}${host}`),
  fc.tuple(fc.nat(6), label).map(
    ([at, text]) =>
      (host: string) =>
        host.split(".").toSpliced(at, 1, text).join("."),
  ),
  fc.tuple(fc.nat(6), label).map(
    ([at, text]) =>
      (host: string) =>
        host.split(".").toSpliced(at, 0, text).join("."),
  ),
  fc.nat(6).map((at) => (host: string) => host.split(".").toSpliced(at, 1).join(".")),
  // A dot that becomes another character, or nothing: of the last ones first.
  fc.tuple(fc.nat(4), fc.constantFrom("-", "x", "")).map(
    ([at, text]) =>
      (host: string) =>
        withoutDot(host.split("."), at, text),
  ),
  fc.nat(40).map((at) => (host: string) => host.slice(0, at) + host.slice(at + 1)),
  fc.tuple(fc.nat(40), fc.constantFrom("-", "0", "a", ".", "%2e", "_", "@", "\\", "а", "。", "\t", "xn--")).map(
    ([at, text]) =>
      (host: string) =>
        host.slice(0, at) + text + host.slice(at),
  ),
  fc.tuple(fc.nat(6), fc.constantFrom("xn--mgbaam7a8h", "xn--acr-5cd")).map(
    ([at, text]) =>
      (host: string) =>
        host.split(".").toSpliced(at, 1, text).join("."),
  ),
  fc.constantFrom(":443", ":80", ":8443", ".", ":0443").map((end) => (host: string) => host + end),
  fc.constant((host: string) => host.toUpperCase()),
  fc.constantFrom(...good).map((other) => (host: string) => [host.split(".")[0], ...other.split(".").slice(1)].join(".")),
);
const anyHost = fc
  .tuple(fc.constantFrom(...good), fc.array(mutation, { minLength: 1, maxLength: 2 }))
  .map(([host, changes]) => changes.reduce((text, change) => change(text), host));

describe("the check of the host, in every provider of a cloud", () => {
  it("is described here for each of them", () => {
    assert.deepEqual([...new Set(cases.map(({ type }) => type))].toSorted(), cloudTypes.toSorted());
  });

  for (const { type, config = subjects[type].config, as = "", isOwn } of cases)
    it(`${type}${as}: what passes is a registry as the cloud's documents have them; for others nothing is fetched`, async () => {
      await using scene = await attack(type);
      const patterns: Pattern[] = [];
      const provider = buildAuthProvider({ type, config } as unknown as AuthProviderSpec, { ...scene.scene.deps, patterns });
      const [taken, refused] = [new Set<string>(), new Set<string>()];
      await fc.assert(
        fc.asyncProperty(anyHost, async (host) => {
          const reference = parseReference(`${host}/acme/app`);
          // What is no reference, or has another registry than it seems, never gets so far.
          if (!reference.ok) return;
          const { repository } = reference.value;
          // The administrator's patterns match it, whatever it is.
          patterns.splice(0, 1, pattern(registryOf(repository)));
          const isTaken = provider.unavailable?.(repository) === undefined;
          (isTaken ? taken : refused).add(registryOf(repository));
          if (isTaken) {
            assert.ok(repository.port === undefined && isOwn(repository.host.split(".")), registryOf(repository));
            return;
          }
          const error: unknown = await provider.credentials(repository, never).catch((thrown: unknown) => thrown);
          assert.ok(error instanceof CredentialUnavailableError && error.reason === "HostNotAllowed", registryOf(repository));
        }),
        { numRuns: 1000 },
      );
      assertSilentWire(scene, "nothing was fetched");
      assert.ok(taken.size > 0 && refused.size > 200, `${taken.size} taken, ${refused.size} refused`);
    });
});
