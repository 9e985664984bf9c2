import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { editionOf, locate } from "../../../src/auth/alibaba/hosts.ts";
import { parseReference } from "../../../src/oci/reference.ts";

/** Edition and region of a reference's registry, as our parser reads it; a text that is no reference has none. */
function region(host: string): string | undefined {
  const reference = parseReference(`${host}/acme/app`);
  const found = reference.ok ? editionOf(reference.value.repository) : undefined;
  return found === undefined ? undefined : `${found.edition} ${found.region}`;
}

const taken: readonly (readonly [host: string, expected: string])[] = [
  ["acme-registry.cn-hangzhou.cr.aliyuncs.com", "Enterprise cn-hangzhou"],
  ["acme-registry-vpc.cn-hangzhou.cr.aliyuncs.com", "Enterprise cn-hangzhou"],
  ["acme-prod-2-registry.ap-southeast-1.cr.aliyuncs.com", "Enterprise ap-southeast-1"],
  ["acme-registry-intl.us-east-1.cr.aliyuncs.com", "Enterprise us-east-1"],
  ["acme-registry-intl-vpc.us-east-1.cr.aliyuncs.com", "Enterprise us-east-1"],
  ["acme-registry-vpc-internal.cn-north-2-gov-1.cr.aliyuncs.com", "Enterprise cn-north-2-gov-1"],
  ["a-registry.cn-shanghai-finance-1.cr.aliyuncs.com", "Enterprise cn-shanghai-finance-1"],
  ["ACME-registry.CN-hangzhou.cr.aliyuncs.com:443", "Enterprise cn-hangzhou"],
  ["registry.cn-hangzhou.aliyuncs.com", "Personal cn-hangzhou"],
  ["registry-vpc.cn-hangzhou.aliyuncs.com", "Personal cn-hangzhou"],
  ["registry-intl.ap-southeast-1.aliyuncs.com", "Personal ap-southeast-1"],
];

const refused: readonly (readonly [why: string, host: string])[] = [
  ["another port", "acme-registry.cn-hangzhou.cr.aliyuncs.com:5000"],
  ["Alibaba's name left of somebody's", "acme-registry.cn-hangzhou.cr.aliyuncs.com.evil.example"],
  ["no dot before the suffix", "acme-registry.cn-hangzhou-cr.aliyuncs.com"],
  ["no dot before the suffix", "acme-registry.cn-hangzhou.evilcr.aliyuncs.com"],
  ["a suffix that is not Alibaba's", "acme-registry.cn-hangzhou.cr.aliyuncs.com.cn"],
  ["a suffix that is not Alibaba's", "acme-registry.cn-hangzhou.cr.evilaliyuncs.com"],
  ["a label too many", "evil.acme-registry.cn-hangzhou.cr.aliyuncs.com"],
  ["a label too many", "acme-registry.evil.cn-hangzhou.cr.aliyuncs.com"],
  ["a label missing", "acme-registry.cr.aliyuncs.com"],
  ["a label missing", "cn-hangzhou.cr.aliyuncs.com"],
  ["no name", "registry.cn-hangzhou.cr.aliyuncs.com"],
  ["no name", "-registry.cn-hangzhou.cr.aliyuncs.com"],
  ["no registry", "acme.cn-hangzhou.cr.aliyuncs.com"],
  ["no registry", "acme-registry-evil.cn-hangzhou.cr.aliyuncs.com"],
  ["no region", "acme-registry.hangzhou.cr.aliyuncs.com"],
  ["a customer's bucket", "acme-registry.oss-cn-hangzhou.aliyuncs.com"],
  ["a function of somebody", "acme-registry.cn-hangzhou.fc.aliyuncs.com"],
  ["the Personal Edition as it is given out now", "crpi-acme.cn-hangzhou.personal.cr.aliyuncs.com"],
  ["the Personal Edition with something before it", "evil.registry.cn-hangzhou.aliyuncs.com"],
  ["the Personal Edition with something before it", "evil-registry.cn-hangzhou.aliyuncs.com"],
  ["the Personal Edition with something behind it", "registry.cn-hangzhou.aliyuncs.com.evil.example"],
  ["the Personal Edition without a region", "registry.aliyuncs.com"],
  ["images of ACK, which need no credential", "registry-cn-hangzhou.ack.aliyuncs.com"],
  ["the OpenAPI", "cr.cn-hangzhou.aliyuncs.com"],
  ["another cloud's registry", "acme.azurecr.io"],
  ["another cloud's registry", "europe-west1-docker.pkg.dev"],
  ["a trailing dot", "acme-registry.cn-hangzhou.cr.aliyuncs.com."],
  ["a user", "acme-registry.cn-hangzhou.cr.aliyuncs.com@evil.example"],
  ["a percent sign", "acme-registry.cn-hangzhou.cr.aliyuncs.com%2eevil.example"],
  ["a backslash", "acme-registry.cn-hangzhou.cr.aliyuncs.com\\@evil.example"],
  ["a tab", "acme-registry.cn-hangzhou.cr.aliyuncs.com\t.evil.example"],
  ["a homograph", "acme-registry.cn-hangzhou.cr.xn--aliyuncs-9fg.com"],
  ["a homograph", "acme-registry.cn-hangzhou.cr.аliyuncs.com"],
  ["an ideographic full stop", "acme-registry.cn-hangzhou.cr.aliyuncs。com"],
];

describe("editionOf()", () => {
  for (const [host, expected] of taken) it(`takes ${host}`, () => assert.equal(region(host), expected));
  for (const [why, host] of refused) it(`refuses ${JSON.stringify(host)}: ${why}`, () => assert.equal(region(host), undefined));

  it("takes nothing that has anything before or behind one of Alibaba's names", () => {
    const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/);
    const own = fc.constantFrom(...taken.map(([host]) => host).filter((host) => !host.includes(":")));
    fc.assert(
      fc.property(own, label, fc.constantFrom(".", "-", ""), (host, other, glue) => {
        assert.equal(region(`${host}${glue}${other}`), undefined);
        assert.equal(region(`${host}.${other}.${other}`), undefined);
        assert.equal(region(`${other}.${host}`), undefined);
      }),
    );
  });
});

describe("locate()", () => {
  const instances = [
    { host: "acme-registry.cn-hangzhou.cr.aliyuncs.com", instanceID: "cri-acme1" },
    { host: "registry.cn-hangzhou.aliyuncs.com" },
    // What the schema refuses must not be enough here either.
    { host: "registry.cn-shanghai.aliyuncs.com", instanceID: "cri-acme1" },
    { host: "odd-registry.cn-hangzhou.cr.aliyuncs.com" },
    { host: "registry.evil.example", instanceID: "cri-acme1" },
  ];
  const at = (host: string, port?: number): unknown => locate(instances, { host, port });

  it("wants both: a host of Alibaba's, and an instance that is named for exactly it", () => {
    assert.deepEqual(at("acme-registry.cn-hangzhou.cr.aliyuncs.com"), { instanceID: "cri-acme1", region: "cn-hangzhou" });
    assert.equal(at("other-registry.cn-hangzhou.cr.aliyuncs.com"), undefined);
    assert.equal(at("registry.evil.example"), undefined);
    assert.equal(at("registry.cn-shanghai.aliyuncs.com"), undefined);
    assert.equal(at("odd-registry.cn-hangzhou.cr.aliyuncs.com"), undefined);
    assert.deepEqual(at("registry.cn-hangzhou.aliyuncs.com"), { region: "cn-hangzhou" });
    assert.equal(at("acme-registry.cn-hangzhou.cr.aliyuncs.com", 5000), undefined);
  });
});
