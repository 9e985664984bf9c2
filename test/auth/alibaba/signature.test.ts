import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type SignedCall, signedHeaders } from "../../../src/auth/alibaba/signature.ts";
import { Secret } from "../../../src/kernel/secret.ts";

interface Vector {
  readonly name: string;
  readonly call: Omit<SignedCall, "url"> & { readonly host: string; readonly query: Readonly<Record<string, string>> };
  readonly key: string;
  readonly secret: string;
  readonly token?: string;
  readonly signed: string;
  readonly signature: string;
}

const example = { method: "POST", date: "2023-10-26T10:22:32Z", nonce: "3156853299f313e23d1673dc12e1703d" } as const;
const token = {
  ...example,
  host: "cr.cn-hangzhou.aliyuncs.com",
  action: "GetAuthorizationToken",
  version: "2018-12-01",
  query: { InstanceId: "cri-xkx6vujuhay0tnwr" },
} as const;
const session = {
  key: "STS.NUgYrLnoC37mZZCNnAbez",
  secret: "8d3b8e4cf1a94c5cb5f1",
  token: "CAISrgJ1q6Ft5B2yfSjIr5bSEr+/n7ZO9Yq==",
  signed: "host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version",
} as const;

/**
 * The first is the example of Alibaba's page "V3 request syntax and signature method"; @alicloud/openapi-core 1.0.8 calculates the same of it. The others are what
 * that library calculates: `Utils.getAuthorization({method, pathname: "/", query, headers}, "ACS3-HMAC-SHA256", payload, key, secret)`, with the headers that its
 * client sets and `payload` the SHA-256 of nothing, installed without scripts in a directory of its own.
 */
const vectors: readonly Vector[] = [
  {
    name: "the published example",
    call: {
      ...example,
      host: "ecs.cn-shanghai.aliyuncs.com",
      action: "RunInstances",
      version: "2014-05-26",
      query: { RegionId: "cn-shanghai", ImageId: "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd" },
    },
    key: "YourAccessKeyId",
    secret: "YourAccessKeySecret",
    signed: "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version",
    signature: "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
  },
  {
    name: "the call that is made here, with the credentials of a session",
    call: token,
    ...session,
    signature: "9998a0b0f6ec1d73455c3ec8f2cf1f94bc24629cb679683193268c679b9c0694",
  },
  {
    name: "another method",
    call: { ...token, method: "GET" },
    ...session,
    signature: "d72bb3943a1fa510bf9551d149f81411b022dfca9361cdcbb7f26645d2c8ef2a",
  },
  {
    name: "a query with everything that is escaped, and an empty value",
    call: { ...token, query: { InstanceId: "a b*c'(d)!~/é+", Another: "", "Z-z": "1=2&3" } },
    ...session,
    signature: "7fe474ca04decaed05d262e43d9c422cad7b318ea9aa43b37774a74927b5bd9c",
  },
];

describe("signedHeaders()", () => {
  for (const { name, call, key, secret, token: securityToken, signed, signature } of vectors) {
    it(`signs ${name} as Alibaba does`, () => {
      const { host, query, ...rest } = call;
      const url = new URL(`https://${host}/`);
      for (const [parameter, value] of Object.entries(query)) url.searchParams.set(parameter, value);
      const headers = signedHeaders(
        { ...rest, url },
        {
          accessKeyID: key,
          accessKeySecret: new Secret(secret),
          ...(securityToken !== undefined && { securityToken: new Secret(securityToken) }),
        },
      );
      assert.equal(headers["authorization"]?.reveal(), `ACS3-HMAC-SHA256 Credential=${key},SignedHeaders=${signed},Signature=${signature}`);
      const sent = Object.keys(headers).filter((header) => header !== "authorization");
      assert.deepEqual(["host", ...sent].toSorted(), signed.split(";"));
      assert.ok(!JSON.stringify(headers).includes(securityToken ?? secret));
    });
  }
});
