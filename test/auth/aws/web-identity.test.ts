import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret } from "../../../src/kernel/secret.ts";
import { image } from "../../oci/support.ts";
import { awsRole, ecrError, ecrHostName, ecrRegistryHost, stsError, stsHostName } from "../../support/cloud/aws.ts";
import { fakeJWT } from "../../support/cloud/deps.ts";
import type { SiteAnswer } from "../../support/cloud/internet.ts";
import { ManualClock } from "../../support/clock.ts";
import { app, asked, awsScene, never, passwordOf, refusalOf } from "./support.ts";

describe("awsEcrAuth() with a web identity", () => {
  it("assumes the role with the ServiceAccount's token, and gives the registry's", async () => {
    await using scene = await awsScene();
    assert.equal(await passwordOf(scene.provider), "AWS ecr:password:2");
    assert.deepEqual(asked(scene), [`POST ${stsHostName}/`, `POST ${ecrHostName}/`]);
    assert.deepEqual(scene.scene.tokenRequests, ["countersign/puller sts.amazonaws.com"]);
    assert.deepEqual(scene.provider.state(), {
      ready: true,
      reason: "Resolved",
      message: `Amazon ECR (aws) takes credentials of ${awsRole}`,
      warnings: [],
      identity: awsRole,
      expiresAt: scene.clock.now() + 12 * 3_600_000,
      lastRefresh: scene.clock.now(),
    });
  });

  it("tells STS the role, a name for CloudTrail and an hour, and nobody what machine this is", async () => {
    await using scene = await awsScene();
    await passwordOf(scene.provider);
    const [sts, ecr] = scene.internet.requests;
    const { WebIdentityToken, ...form } = Object.fromEntries(new URLSearchParams(sts?.body));
    assert.deepEqual(form, {
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: awsRole,
      RoleSessionName: "countersign-acme",
      DurationSeconds: "3600",
    });
    assert.match(WebIdentityToken ?? "", /^eyJ/);
    assert.equal(sts?.headers.authorization, undefined);
    assert.equal(ecr?.headers["x-amz-target"], "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken");
    for (const { headers } of scene.internet.requests) {
      assert.equal(headers["user-agent"], "countersign");
      assert.deepEqual([headers["x-amz-user-agent"], headers["x-amzn-trace-id"]], [undefined, undefined]);
      assert.equal(headers["amz-sdk-request"], "attempt=1; max=1");
    }
  });

  it("asks once for a hundred who come at the same time", async () => {
    await using scene = await awsScene();
    const passwords = await Promise.all(Array.from({ length: 100 }, () => passwordOf(scene.provider)));
    assert.equal(new Set(passwords).size, 1);
    assert.equal(scene.internet.requests.length, 2);
  });

  it("opens all registries of a region with one token, and those of other regions and the gallery with the same session", async () => {
    await using scene = await awsScene();
    scene.internet.set("api.ecr.us-west-2.amazonaws.com", scene.cloud.ecr);
    await passwordOf(scene.provider);
    assert.equal(await passwordOf(scene.provider, "999999999999.dkr.ecr.eu-west-1.amazonaws.com/other"), await passwordOf(scene.provider));
    await passwordOf(scene.provider, "123456789012.dkr.ecr.us-west-2.amazonaws.com/app");
    await passwordOf(scene.provider, "public.ecr.aws/acme/app");
    assert.deepEqual(asked(scene), [
      `POST ${stsHostName}/`,
      `POST ${ecrHostName}/`,
      "POST api.ecr.us-west-2.amazonaws.com/",
      "POST api.ecr-public.us-east-1.amazonaws.com/",
    ]);
  });

  it("asks the STS of the region that needs a session, so that one region that fails takes no other down", async () => {
    await using scene = await awsScene();
    scene.internet.set(stsHostName, () => ({ status: 503 }));
    assert.equal((await refusalOf(scene.provider)).reason, "IdentityUnreachable");
    assert.match(await passwordOf(scene.provider, "public.ecr.aws/acme/app"), /^AWS /);
    // And with the session from there the first region is served as well.
    await scene.clock.advance(1000);
    assert.match(await passwordOf(scene.provider), /^AWS /);
    assert.equal(scene.internet.at(stsHostName).length, 1);
  });

  it("asks the STS of `stsRegion` for registries of every region", async () => {
    await using scene = await awsScene({ stsRegion: "us-east-1" });
    await passwordOf(scene.provider);
    assert.deepEqual(asked(scene), ["POST sts.us-east-1.amazonaws.com/", `POST ${ecrHostName}/`]);
  });

  it("gives nothing to a registry of a partition where the role is unknown", async () => {
    await using scene = await awsScene({}, { registries: ["*.dkr.ecr.*.amazonaws.com.cn"] });
    const refusal = await refusalOf(scene.provider, "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app");
    assert.deepEqual(
      [refusal.reason, refusal.message],
      [
        "HostNotAllowed",
        "AuthProvider/acme gives credentials to Amazon ECR (aws) only, and 123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn is no host of it",
      ],
    );
    assert.deepEqual(scene.internet.requests, []);
  });

  it("uses a new session once where AWS says that the one it has is no longer good", async () => {
    await using scene = await awsScene();
    scene.internet.set("api.ecr.us-west-2.amazonaws.com", scene.cloud.ecr);
    scene.internet.set("sts.us-west-2.amazonaws.com", scene.cloud.sts);
    await passwordOf(scene.provider);
    scene.cloud.sessions.clear(); // revoked in IAM
    await scene.clock.advance(120_000);
    assert.match(await passwordOf(scene.provider, "123456789012.dkr.ecr.us-west-2.amazonaws.com/app"), /^AWS /);
    assert.deepEqual(asked(scene).slice(2), [
      "POST api.ecr.us-west-2.amazonaws.com/",
      `POST sts.us-west-2.amazonaws.com/`,
      "POST api.ecr.us-west-2.amazonaws.com/",
    ]);
  });

  it("serves a token until it ends, with a new one fetched beside it, and a session only as long as it is good", async () => {
    await using scene = await awsScene();
    const first = await passwordOf(scene.provider);
    await scene.clock.advance(8 * 3_600_000);
    assert.equal(await passwordOf(scene.provider), first);
    assert.equal(scene.internet.requests.length, 2);
    await scene.clock.advance(3 * 3_600_000);
    assert.equal(await passwordOf(scene.provider), first);
    while (scene.provider.state().lastRefresh !== scene.clock.now()) await scene.clock.settle();
    assert.notEqual(await passwordOf(scene.provider), first);
    assert.deepEqual(asked(scene).slice(2), [`POST ${stsHostName}/`, `POST ${ecrHostName}/`]);
  });
});

describe("what AWS STS refuses", () => {
  const sub = "system:serviceaccount:countersign:puller";
  const issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE";
  const who = "ServiceAccount/puller";
  const rows: readonly (readonly [name: string, answer: SiteAnswer, reason: string, message: string])[] = [
    [
      "a subject that the role does not trust",
      stsError(403, "AccessDenied"),
      "IdentityRefused",
      `AWS STS does not let ${who} assume ${awsRole} (AccessDenied): its trust policy must allow sub ${sub}, aud sts.amazonaws.com`,
    ],
    [
      "an issuer, an audience or a thumbprint that IAM does not know",
      stsError(400, "InvalidIdentityToken"),
      "IdentityRefused",
      `AWS STS does not take the token of ${who} (InvalidIdentityTokenException): account 123456789012 needs an IAM OIDC provider for ${issuer}, client id sts.amazonaws.com, keys and certificate reachable`,
    ],
    [
      "a token that has expired",
      stsError(400, "ExpiredTokenException"),
      "IdentityRefused",
      `AWS STS says that the token of ${who} has expired (ExpiredTokenException): compare the clocks, and see that the kubelet renews its file`,
    ],
    [
      "a claim",
      stsError(403, "IDPRejectedClaim"),
      "IdentityRefused",
      `AWS STS does not let ${who} assume ${awsRole} (IDPRejectedClaimException): its trust policy must allow sub ${sub}, aud sts.amazonaws.com`,
    ],
    [
      "keys that it cannot read",
      stsError(400, "IDPCommunicationError"),
      "IdentityUnreachable",
      `AWS STS cannot read the keys of the cluster's issuer ${issuer} (IDPCommunicationErrorException): they must be public; it is asked again`,
    ],
    [
      "a region where it is not active",
      stsError(403, "RegionDisabledException"),
      "IdentityRefused",
      "AWS STS is not active in eu-west-1 for account 123456789012 (RegionDisabledException): activate it in IAM's account settings, or set stsRegion",
    ],
    [
      "a region that the account has not",
      stsError(403, "OptInRequired"),
      "IdentityRefused",
      "Region eu-west-1 is not enabled for account 123456789012 (OptInRequired): enable it, or set stsRegion",
    ],
    [
      "what it did not say before",
      stsError(400, "Novelty"),
      "IdentityRefused",
      `AWS STS in eu-west-1 refused ${who} for ${awsRole} (Novelty)`,
    ],
    [
      "a request too many",
      stsError(400, "Throttling"),
      "Throttled",
      "AWS STS in eu-west-1 is asked too often (Throttling); it is asked again later",
    ],
    [
      "everything, for a while",
      stsError(503, "ServiceUnavailable"),
      "IdentityUnreachable",
      "AWS STS in eu-west-1 fails (503); it is asked again",
    ],
    [
      "an error whose name is no name",
      stsError(400, "secret secret secret"),
      "IdentityRefused",
      `AWS STS in eu-west-1 refused ${who} for ${awsRole} (400)`,
    ],
  ];
  for (const [name, answer, reason, message] of rows) {
    it(`${name}: says what to mend`, async () => {
      const clock = new ManualClock();
      const token = new Secret(fakeJWT({ sub, iss: issuer, aud: ["sts.amazonaws.com"] }, clock));
      const tokens = { namespace: "countersign", mint: async () => ({ token, expiresAt: clock.now() + 600_000 }) };
      await using scene = await awsScene({}, { clock, tokens });
      scene.internet.set(stsHostName, () => answer);
      const refusal = await refusalOf(scene.provider);
      assert.deepEqual([refusal.reason, refusal.message], [reason, message]);
      assert.ok(Buffer.byteLength(refusal.message) <= 256, String(refusal.message.length));
      assert.equal(refusal.requestId, "0a1b2c3d-sts");
      const state = scene.provider.state();
      assert.deepEqual([state.ready, state.reason, state.lastError?.message], [false, reason, message]);
      assert.match(scene.scene.log.join("\n"), /0a1b2c3d-sts/);
      assert.doesNotMatch(JSON.stringify([state, scene.scene.log]), /secret-in-a-message|eyJ/);
    });
  }

  it("refuses by the cloud's own rules, not only by what a test says: another audience, another subject, an old token", async () => {
    await using scene = await awsScene();
    scene.cloud.trust.set(awsRole, { subject: sub, audience: "other.example" });
    assert.match((await refusalOf(scene.provider)).message, /InvalidIdentityToken/);
    scene.cloud.trust.set(awsRole, { subject: "system:serviceaccount:other:puller", audience: "sts.amazonaws.com" });
    await scene.clock.advance(20_000);
    assert.match((await refusalOf(scene.provider)).message, /AccessDenied/);
  });
});

describe("what Amazon ECR refuses", () => {
  const name = "Amazon ECR of eu-west-1";
  const rows: readonly (readonly [name: string, answer: SiteAnswer, reason: string, message: string])[] = [
    [
      "a role without the right",
      ecrError(400, "AccessDeniedException"),
      "RegistryRefused",
      `${awsRole} may not get a token of ${name} (AccessDeniedException): allow it ecr:GetAuthorizationToken on *, also in policies of the VPC endpoint and the organization`,
    ],
    [
      "a session",
      ecrError(400, "UnrecognizedClientException"),
      "IdentityRefused",
      `${name} takes no session of ${awsRole} (UnrecognizedClientException): is eu-west-1 enabled for its account, and the session not revoked?`,
    ],
    [
      "a signature of another time",
      ecrError(400, "InvalidSignatureException"),
      "RegistryRefused",
      `${name} refused the signature of ${awsRole} (InvalidSignatureException): compare the clock of this machine`,
    ],
    [
      "a region that the account has not",
      ecrError(403, "OptInRequired"),
      "RegistryRefused",
      `Region eu-west-1 is not enabled for the account of ${awsRole} (OptInRequired)`,
    ],
    ["what it did not say before", ecrError(400, "Novelty"), "RegistryRefused", `${name} refused ${awsRole} (Novelty)`],
    ["everything, for a while", ecrError(500, "ServerException"), "IdentityUnreachable", `${name} fails (500); it is asked again`],
  ];
  for (const [what, answer, reason, message] of rows) {
    it(`${what}: says what to mend`, async () => {
      await using scene = await awsScene();
      scene.internet.set(ecrHostName, () => answer);
      const refusal = await refusalOf(scene.provider);
      assert.deepEqual([refusal.reason, refusal.message, refusal.requestId], [reason, message, "0a1b2c3d-ecr"]);
      assert.ok(Buffer.byteLength(refusal.message) <= 256);
    });
  }

  it("of one region says nothing of another's registries", async () => {
    await using scene = await awsScene();
    scene.internet.set(ecrHostName, () => ecrError(400, "AccessDeniedException"));
    await refusalOf(scene.provider);
    await passwordOf(scene.provider, "public.ecr.aws/acme/app");
    const state = scene.provider.state();
    assert.deepEqual([state.ready, state.reason, state.warnings.length], [true, "Resolved", 1]);
  });

  it("of the gallery names the two rights that it takes", async () => {
    await using scene = await awsScene();
    scene.internet.set("api.ecr-public.us-east-1.amazonaws.com", () => ecrError(400, "AccessDeniedException"));
    assert.match(
      (await refusalOf(scene.provider, "public.ecr.aws/acme/app")).message,
      /allow it ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken on \*$/,
    );
  });

  const waits: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
    ["for as long as Retry-After says", { "retry-after": "40" }, 40_000],
    ["for five seconds where there is none", {}, 5000],
  ];
  for (const [how, headers, ms] of waits) {
    it(`when throttled leaves AWS alone ${how}`, async () => {
      await using scene = await awsScene();
      scene.internet.set(ecrHostName, () => ecrError(400, "ThrottlingException", headers));
      const refusal = await refusalOf(scene.provider);
      assert.deepEqual([refusal.reason, refusal.class], ["Throttled", "RateLimited"]);
      scene.internet.set(ecrHostName, scene.cloud.ecr);
      await scene.clock.advance(ms - 1);
      await refusalOf(scene.provider);
      assert.equal(scene.internet.at(ecrHostName).length, 1);
      await scene.clock.advance(1);
      assert.match(await passwordOf(scene.provider), /^AWS /);
    });
  }
});

describe("a token of Amazon ECR", () => {
  const answers: readonly (readonly [string, SiteAnswer["body"]])[] = [
    ["without a token", { authorizationData: [] }],
    ["without an end", { authorizationData: [{ authorizationToken: Buffer.from("AWS:x").toString("base64") }] }],
    [
      "without a password",
      { authorizationData: [{ authorizationToken: Buffer.from("AWS:").toString("base64"), expiresAt: 1_767_268_800 }] },
    ],
    ["without a user", { authorizationData: [{ authorizationToken: Buffer.from(":x").toString("base64"), expiresAt: 1_767_268_800 }] }],
    [
      "with a line break in it",
      { authorizationData: [{ authorizationToken: Buffer.from("AWS:x\ny").toString("base64"), expiresAt: 1_767_268_800 }] },
    ],
    ["of another kind", { authorizationData: "secret-in-a-message" }],
    ["that is a page for people", "<html>secret-in-a-message</html>"],
  ];
  for (const [what, body] of answers) {
    it(`${what} is none`, async () => {
      await using scene = await awsScene();
      scene.internet.set(ecrHostName, () => ({ status: 200, ...(body !== undefined && { body }) }));
      const refusal = await refusalOf(scene.provider);
      assert.deepEqual(
        [refusal.reason, refusal.message],
        ["IdentityUnreachable", "Amazon ECR of eu-west-1 answered what cannot be read: something else may answer in its place"],
      );
    });
  }

  it("that has ended already is not used", async () => {
    await using scene = await awsScene();
    const authorizationToken = Buffer.from("AWS:x").toString("base64");
    scene.internet.set(ecrHostName, () => ({
      status: 200,
      body: { authorizationData: [{ authorizationToken, expiresAt: 1_420_070_400 }] },
    }));
    const refusal = await refusalOf(scene.provider);
    assert.deepEqual(
      [refusal.reason, refusal.message],
      ["CredentialExpired", "What was fetched has expired already; compare the clocks of both sides"],
    );
  });

  it("is not believed to live for longer than Amazon's do", async () => {
    await using scene = await awsScene();
    const authorizationToken = Buffer.from("AWS:x").toString("base64");
    scene.internet.set(ecrHostName, () => ({
      status: 200,
      body: { authorizationData: [{ authorizationToken, expiresAt: 9_999_999_999 }] },
    }));
    const [credential] = await scene.provider.credentials(image(app), never);
    assert.equal(credential?.expiresAt, scene.clock.now() + 12 * 3_600_000);
    assert.equal(image(app).host, ecrRegistryHost);
  });
});
