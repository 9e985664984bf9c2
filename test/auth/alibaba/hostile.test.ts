import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { alibabaCanary, alibabaConfig, alibabaCR, alibabaSTS, openAPIError } from "../../support/cloud/alibaba.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { fakeJWT, repositoryOf } from "../../support/cloud/deps.ts";
import type { Site, SiteAnswer } from "../../support/cloud/internet.ts";
import { alibabaScene, image } from "./support.ts";

const whose = "ServiceAccount/countersign/reader";
const { roleARN, oidcProviderARN } = alibabaConfig;
const credentials = {
  AccessKeyId: "STS.x",
  AccessKeySecret: alibabaCanary,
  SecurityToken: alibabaCanary,
  Expiration: "2026-01-01T01:00:00Z",
};
const token = {
  IsSuccess: true,
  Code: "success",
  TempUsername: "cr_temp_user",
  AuthorizationToken: alibabaCanary,
  ExpireTime: Date.UTC(2026, 0, 1, 1),
};

const rows: readonly (readonly [what: string, site: string, answer: SiteAnswer | "cut", expected: string])[] = [
  [
    "a provider without the client id that the token is for",
    alibabaSTS,
    openAPIError(401, "AuthenticationFail.OIDCToken.AudienceNotMatch"),
    `IdentityRefused: Alibaba Cloud STS refuses the token of ${whose} (AuthenticationFail.OIDCToken.AudienceNotMatch): add the client id sts.aliyuncs.com to ${oidcProviderARN}`,
  ],
  [
    "a provider of another cluster",
    alibabaSTS,
    openAPIError(401, "AuthenticationFail.OIDCToken.InvalidSignature"),
    `IdentityRefused: Alibaba Cloud STS refuses the token of ${whose} (AuthenticationFail.OIDCToken.InvalidSignature): ${oidcProviderARN} has to have this cluster's issuer, keys and fingerprint`,
  ],
  [
    "a token that has ended",
    alibabaSTS,
    openAPIError(401, "AuthenticationFail.OIDCToken.Expired"),
    `IdentityRefused: Alibaba Cloud STS refuses the token of ${whose} (AuthenticationFail.OIDCToken.Expired): compare the clocks of both sides`,
  ],
  [
    "a role that does not exist",
    alibabaSTS,
    openAPIError(404, "EntityNotExist.Role"),
    `IdentityRefused: Alibaba Cloud has no role ${roleARN} (EntityNotExist.Role): create it, or correct roleARN`,
  ],
  [
    "a role that does not trust the ServiceAccount",
    alibabaSTS,
    openAPIError(401, "AuthenticationFail.NoPermission"),
    `IdentityRefused: ${whose} may not assume ${roleARN} (AuthenticationFail.NoPermission): let its trust policy allow sts:AssumeRole to ${oidcProviderARN} for oidc:sub`,
  ],
  [
    "any other refusal of STS",
    alibabaSTS,
    openAPIError(400, "InvalidParameter.RoleSessionName"),
    `IdentityRefused: Alibaba Cloud STS does not let ${whose} assume ${roleARN} (InvalidParameter.RoleSessionName)`,
  ],
  [
    "a code that is a sentence, which is not repeated",
    alibabaSTS,
    openAPIError(400, `no such thing ${alibabaCanary}`),
    `IdentityRefused: Alibaba Cloud STS does not let ${whose} assume ${roleARN} (400)`,
  ],
  [
    "an STS that fails",
    alibabaSTS,
    openAPIError(503, "ServiceUnavailable"),
    "IdentityUnreachable: Alibaba Cloud STS fails (503); it is asked again",
  ],
  [
    "a redirect, which nothing follows",
    alibabaSTS,
    { status: 302, headers: { location: "https://evil.example/" } },
    "IdentityUnreachable: Alibaba Cloud STS answers with a redirect (302), which is not followed",
  ],
  [
    "a connection that is cut",
    alibabaSTS,
    "cut",
    "IdentityUnreachable: Alibaba Cloud STS cannot be reached (ConnectionReset): sts.aliyuncs.com: the connection was closed before the answer was complete (UND_ERR_SOCKET)",
  ],
  [
    "an answer that is not JSON",
    alibabaSTS,
    { status: 200, body: `<html>${alibabaCanary}` },
    "IdentityUnreachable: Alibaba Cloud STS answers with something that is no credential",
  ],
  [
    "credentials without an end",
    alibabaSTS,
    { status: 200, body: { Credentials: { ...credentials, Expiration: "soon" } } },
    "IdentityUnreachable: Alibaba Cloud STS answers with something that is no credential",
  ],
  [
    "credentials that have ended",
    alibabaSTS,
    { status: 200, body: { Credentials: { ...credentials, Expiration: "2025-12-31T23:59:59Z" } } },
    "IdentityUnreachable: Alibaba Cloud STS answers with something that is no credential",
  ],
  [
    "credentials that would be two headers",
    alibabaSTS,
    { status: 200, body: { Credentials: { ...credentials, SecurityToken: `${alibabaCanary}\r\nx: y` } } },
    "IdentityUnreachable: Alibaba Cloud STS answers with something that is no credential",
  ],
  [
    "an instance that does not exist",
    alibabaCR,
    openAPIError(404, "INSTANCE_NOT_EXIST"),
    "RegistryRefused: Alibaba Cloud Container Registry has no instance cri-acme1 in cn-hangzhou (INSTANCE_NOT_EXIST): correct instanceID",
  ],
  [
    "a refusal with status 200",
    alibabaCR,
    { status: 200, body: { IsSuccess: false, Code: "NO_PERMISSION", Message: alibabaCanary } },
    `RegistryRefused: Alibaba Cloud Container Registry gives ${roleARN} no token of cri-acme1 in cn-hangzhou (NO_PERMISSION): allow the role cr:GetAuthorizationToken and cr:PullRepository there`,
  ],
  [
    "a Container Registry that fails",
    alibabaCR,
    { status: 500 },
    "IdentityUnreachable: Alibaba Cloud Container Registry fails (500); it is asked again",
  ],
  [
    "a token without an end",
    alibabaCR,
    { status: 200, body: { ...token, ExpireTime: "soon" } },
    "IdentityUnreachable: Alibaba Cloud Container Registry answers with something that is no credential",
  ],
  [
    "a token that has ended",
    alibabaCR,
    { status: 200, body: { ...token, ExpireTime: 1 } },
    "IdentityUnreachable: Alibaba Cloud Container Registry answers with something that is no credential",
  ],
  [
    "a user that would be another one with its password",
    alibabaCR,
    { status: 200, body: { ...token, TempUsername: "user:password" } },
    "IdentityUnreachable: Alibaba Cloud Container Registry answers with something that is no credential",
  ],
  [
    "a body without end",
    alibabaCR,
    { status: 200, body: `{"AuthorizationToken":"${"x".repeat(300_000)}` },
    "IdentityUnreachable: Alibaba Cloud Container Registry cannot be reached (ProtocolError): cr.cn-hangzhou.aliyuncs.com: the answer is longer than 65536 bytes",
  ],
];

describe("alibabaAcrAuth()", () => {
  for (const [what, site, answer, expected] of rows) {
    it(`says what to do about ${what}`, async () => {
      await using alibaba = await alibabaScene(alibabaConfig, { sites: { [site]: () => answer } });
      assert.equal(await alibaba.ask(), expected);
      const state = alibaba.provider.state();
      assert.deepEqual([state.ready, `${state.reason}: ${state.message}`], [false, expected]);
    });
  }

  for (const [site, service] of [
    [alibabaSTS, "Alibaba Cloud STS"],
    [alibabaCR, "Alibaba Cloud Container Registry"],
  ] as const) {
    it(`leaves ${service} alone for as long as it says, or for a while where it does not`, async () => {
      const answers: readonly (readonly [SiteAnswer, string, number])[] = [
        [{ status: 429, headers: { "retry-after": "30" } }, "429", 30_000],
        [openAPIError(400, "Throttling.User"), "Throttling.User", 5000],
      ];
      for (const [answer, said, wait] of answers) {
        await using alibaba = await alibabaScene(alibabaConfig, { sites: { [site]: () => answer } });
        assert.equal(await alibaba.ask(), `Throttled: ${service} is asked too often (${said}); it is asked again later`);
        assert.equal(alibaba.provider.state().lastError?.class, "RateLimited");
        await alibaba.clock.advance(wait - 1);
        await alibaba.ask();
        assert.equal(alibaba.internet.at(site).length, 1);
        await alibaba.clock.advance(1);
        await alibaba.ask();
        assert.equal(alibaba.internet.at(site).length, 2);
      }
    });

    it(`does not wait for ${service} where it does not answer, and lets go of who no longer waits`, async () => {
      const { promise: arrived, resolve } = Promise.withResolvers<void>();
      const hang: Site = () => {
        resolve();
        return "hang";
      };
      await using alibaba = await alibabaScene(alibabaConfig, { sites: { [site]: hang } });
      const left = new AbortController();
      const leaver = alibaba.provider.credentials(repositoryOf(image), left.signal).catch((error: unknown) => String(error));
      const asked = alibaba.ask();
      await arrived;
      left.abort(new Error("left"));
      assert.equal(await leaver, "Error: left");
      await alibaba.clock.advance(5000);
      assert.equal(await asked, `IdentityUnreachable: ${service} cannot be reached (Timeout): ${site}: no answer within 5000 ms`);
    });
  }

  it("is refused the token of another audience by STS itself", async () => {
    const tokens = {
      namespace: "countersign",
      mint: async () => {
        const other = new Secret(fakeJWT({ aud: ["https://kubernetes.default.svc"] }, alibaba.clock));
        return await Promise.resolve({ token: other, expiresAt: alibaba.clock.now() + 600_000 });
      },
    };
    await using alibaba = await alibabaScene(alibabaConfig, { tokens });
    assert.match(await alibaba.ask(), /AudienceNotMatch\): add the client id sts\.aliyuncs\.com/);
    assert.deepEqual(alibaba.internet.lookedUp, [alibabaSTS]);
  });

  it("is refused with a clock that is wrong by more than a quarter of an hour, as Alibaba refuses it", async () => {
    await using alibaba = await alibabaScene(alibabaConfig, {
      sites: { [alibabaCR]: () => openAPIError(400, "InvalidTimeStamp.Expired") },
    });
    assert.match(await alibaba.ask(), /^RegistryRefused: .+ \(InvalidTimeStamp\.Expired\)/);
  });
});
