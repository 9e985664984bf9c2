import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ecrTarget, partitionOf, stsHost } from "../../../src/auth/aws/ecr-host.ts";
import { parseRegistryHost } from "../../../src/oci/repository.ts";

const account = "123456789012";
/** The API of the token, or undefined; a host that no reference can have is none either. */
function apiOf(host: string, trusted: readonly string[] = []): string | undefined {
  const parsed = parseRegistryHost(host);
  return parsed.ok ? ecrTarget(parsed.value, trusted)?.apiHost : undefined;
}

describe("ecrTarget()", () => {
  const good: readonly (readonly [string, string])[] = [
    [`${account}.dkr.ecr.eu-west-1.amazonaws.com`, "api.ecr.eu-west-1.amazonaws.com"],
    [`${account}.dkr.ecr.ap-southeast-7.amazonaws.com`, "api.ecr.ap-southeast-7.amazonaws.com"],
    [`${account}.dkr.ecr-fips.us-east-1.amazonaws.com`, "api.ecr-fips.us-east-1.amazonaws.com"],
    [`${account}.dkr.ecr.us-gov-west-1.amazonaws.com`, "api.ecr.us-gov-west-1.amazonaws.com"],
    [`${account}.dkr-ecr.us-west-2.on.aws`, "ecr.us-west-2.api.aws"],
    [`${account}.dkr-ecr-fips.us-gov-east-1.on.aws`, "ecr-fips.us-gov-east-1.api.aws"],
    [`${account}.dkr.ecr.cn-north-1.amazonaws.com.cn`, "api.ecr.cn-north-1.amazonaws.com.cn"],
    [`${account}.dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn`, "ecr.cn-northwest-1.api.amazonwebservices.com.cn"],
    [`${account}.dkr.ecr.eusc-de-east-1.amazonaws.eu`, "api.ecr.eusc-de-east-1.amazonaws.eu"],
    [`${account}.dkr.ecr.us-iso-east-1.c2s.ic.gov`, "api.ecr.us-iso-east-1.c2s.ic.gov"],
    [`${account}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov`, "api.ecr.us-isob-east-1.sc2s.sgov.gov"],
    [`${account}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk`, "api.ecr.eu-isoe-west-1.cloud.adc-e.uk"],
    [`${account}.dkr.ecr.us-isof-south-1.csp.hci.ic.gov`, "api.ecr.us-isof-south-1.csp.hci.ic.gov"],
    ["public.ecr.aws", "api.ecr-public.us-east-1.amazonaws.com"],
    ["ecr-public.aws.com", "api.ecr-public.us-east-1.amazonaws.com"],
    // Canonical by the time it is looked at.
    [`${account}.DKR.ecr.eu-west-1.amazonaws.com:443`, "api.ecr.eu-west-1.amazonaws.com"],
  ];
  for (const [host, api] of good) it(`knows ${host}`, () => assert.equal(apiOf(host), api));

  const bad: readonly (readonly [string, string])[] = [
    ["a host that AWS's ends (Flux, unanchored)", `${account}.dkr.ecr.us-east-1.amazonaws.com.evil.com`],
    ["a suffix without its dot", `${account}.dkr.ecr.us-east-1.evilamazonaws.com`],
    ["another port", `${account}.dkr.ecr.us-east-1.amazonaws.com:8443`],
    ["another port of the gallery", "public.ecr.aws:8443"],
    ["a last dot", `${account}.dkr.ecr.us-east-1.amazonaws.com.`],
    ["a user", `${account}.dkr.ecr.us-east-1.amazonaws.com@evil.com`],
    ["an encoded dot", `${account}.dkr.ecr.us-east-1.amazonaws.com%2eevil.com`],
    ["a homograph", `${account}.dkr.ecr.us-east-1.xn--amazonws-66f.com`],
    ["letters that are read as dots", `${account}.dkr.ecr.us-east-1.amazonaws。com`],
    ["11 digits", "12345678901.dkr.ecr.us-east-1.amazonaws.com"],
    ["13 digits", "1234567890123.dkr.ecr.us-east-1.amazonaws.com"],
    ["a name for the account", "acme.dkr.ecr.us-east-1.amazonaws.com"],
    ["a label before the account", `evil.${account}.dkr.ecr.us-east-1.amazonaws.com`],
    ["a label more before the region", `${account}.dkr.ecr.evil.us-east-1.amazonaws.com`],
    ["no region", `${account}.dkr.ecr.amazonaws.com`],
    ["no account", "dkr.ecr.us-east-1.amazonaws.com"],
    ["a region that is none", `${account}.dkr.ecr.useast1.amazonaws.com`],
    ["the API itself", "api.ecr.us-east-1.amazonaws.com"],
    ["another service of AWS", `${account}.s3.us-east-1.amazonaws.com`],
    ["a bucket that is called like a registry", `${account}.dkr.ecr.us-east-1.s3.amazonaws.com`],
    ["a bucket's website", `${account}.dkr.ecr.s3-website-us-east-1.amazonaws.com`],
    ["a load balancer", `${account}.dkr.ecr.us-east-1.elb.amazonaws.com`],
    ["a function's URL", `${account}.lambda-url.us-east-1.on.aws`],
    ["a region of China outside of it", `${account}.dkr.ecr.cn-north-1.amazonaws.com`],
    ["a region outside of China in it", `${account}.dkr.ecr.us-east-1.amazonaws.com.cn`],
    ["a secret region in public", `${account}.dkr.ecr.us-iso-east-1.amazonaws.com`],
    ["the name of dual stack below the other end", `${account}.dkr-ecr.us-east-1.amazonaws.com`],
    ["the name of the one stack below dual stack's", `${account}.dkr.ecr.us-east-1.on.aws`],
    ["dual stack where there is none", `${account}.dkr-ecr.us-iso-east-1.c2s.ic.gov`],
    ["fips in another place", `${account}.dkr-fips.ecr.us-east-1.amazonaws.com`],
    ["a name of the gallery that is longer", "evil-public.ecr.aws"],
    ["a label before the gallery", "evil.public.ecr.aws"],
    ["the gallery's end", "public.ecr.aws.evil.com"],
    ["another cloud's", "acme.azurecr.io"],
    ["Docker Hub", "docker.io"],
    ["an address", "169.254.169.254"],
  ];
  for (const [what, host] of bad) it(`knows no registry by ${what}: ${host}`, () => assert.equal(apiOf(host), undefined));

  it("takes an end that an administrator vouches for, and keeps to the shape left of it", () => {
    const trusted = [".acme.example"];
    assert.equal(apiOf(`${account}.dkr.ecr.eu-west-1.acme.example`, trusted), "api.ecr.eu-west-1.amazonaws.com");
    assert.equal(apiOf(`${account}.dkr-ecr.eu-west-1.acme.example`, trusted), "ecr.eu-west-1.api.aws");
    for (const host of [
      "registry.acme.example",
      `${account}.dkr.ecr.eu-west-1.evilacme.example`,
      `${account}.dkr.ecr.eu-west-1.acme.example.evil.com`,
    ])
      assert.equal(apiOf(host, trusted), undefined, host);
  });

  it("gives one key for all registries of a region, and another where another endpoint is asked", () => {
    const keys = [
      `${account}.dkr.ecr.eu-west-1.amazonaws.com`,
      "999999999999.dkr.ecr.eu-west-1.amazonaws.com",
      `${account}.dkr.ecr-fips.us-east-1.amazonaws.com`,
      `${account}.dkr-ecr.us-east-1.on.aws`,
      `${account}.dkr.ecr.us-east-1.amazonaws.com`,
      "public.ecr.aws",
      "ecr-public.aws.com",
    ].map((host) => ecrTarget({ host, port: undefined })?.key);
    assert.deepEqual(keys, [
      "Amazon ECR of eu-west-1",
      "Amazon ECR of eu-west-1",
      "Amazon ECR of us-east-1, FIPS",
      "Amazon ECR of us-east-1, dual stack",
      "Amazon ECR of us-east-1",
      "Amazon ECR Public",
      "Amazon ECR Public",
    ]);
  });

  it("never takes a host that does not end as AWS's do, whatever stands left of it, and asks none but AWS", () => {
    const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
    const piece = fc.oneof(
      label,
      fc.constantFrom(account, "dkr", "ecr", "dkr-ecr", "ecr-fips", "us-east-1", "amazonaws", "com", "on", "aws", "public", "cn"),
    );
    const ours =
      /^[0-9]{12}[.](dkr[.]ecr|dkr-ecr)(-fips)?[.][-a-z0-9]+[.](amazonaws[.](com([.]cn)?|eu)|on[.](aws|amazonwebservices[.](com[.]cn|eu))|c2s[.]ic[.]gov|sc2s[.]sgov[.]gov|cloud[.]adc-e[.]uk|csp[.]hci[.]ic[.]gov)$|^public[.]ecr[.]aws$|^ecr-public[.]aws[.]com$/;
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 9 }), (labels) => {
        const host = labels.join(".");
        const target = ecrTarget({ host, port: undefined });
        if (target === undefined) return;
        assert.match(host, ours);
        assert.match(
          target.apiHost,
          /[.](amazonaws[.](com([.]cn)?|eu)|api[.](aws|amazonwebservices[.](com[.]cn|eu))|ic[.]gov|sgov[.]gov|adc-e[.]uk)$/,
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe("partitionOf() and stsHost()", () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ["eu-west-1", "aws", "sts.eu-west-1.amazonaws.com"],
    ["us-gov-west-1", "aws-us-gov", "sts.us-gov-west-1.amazonaws.com"],
    ["cn-north-1", "aws-cn", "sts.cn-north-1.amazonaws.com.cn"],
    ["eusc-de-east-1", "aws-eusc", "sts.eusc-de-east-1.amazonaws.eu"],
    ["us-iso-east-1", "aws-iso", "sts.us-iso-east-1.c2s.ic.gov"],
  ];
  for (const [region, name, host] of rows)
    it(`${region} is of ${name}`, () => assert.deepEqual([partitionOf(region)?.name, stsHost(region, false)], [name, host]));
  it("nothing is of no region", () => assert.deepEqual([partitionOf(""), stsHost("", false)], [undefined, undefined]));
});
