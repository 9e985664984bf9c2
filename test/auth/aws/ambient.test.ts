import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AwsEcrConfig } from "../../../src/api/auth-aws.ts";
import type { AmbientIdentity } from "../../../src/keychain/cloud.ts";
import { awsRole, ecrHostName, imdsSite, podAgentSite, podAgentURI, podToken, stsHostName } from "../../support/cloud/aws.ts";
import { fakeJWT } from "../../support/cloud/deps.ts";
import type { SiteAnswer } from "../../support/cloud/internet.ts";
import { ManualClock } from "../../support/clock.ts";
import { asked, type AwsScene, awsScene, passwordOf, refusalOf } from "./support.ts";

const tokenFile = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";
const containerTokenFile = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token";
const irsa = { tokenFile, roleARN: awsRole };
const pod = { containerCredentialsURI: podAgentURI, containerTokenFile };
const operator = "system:serviceaccount:countersign:countersign-operator";

/** The operator's pod, with these variables in its environment; the config has nothing but what is given. */
async function podScene(
  aws: AmbientIdentity["aws"],
  config: Partial<AwsEcrConfig> = {},
  options: Partial<Parameters<typeof awsScene>[1]> = {},
): Promise<AwsScene> {
  const clock = new ManualClock();
  const token = fakeJWT({ sub: operator, aud: ["sts.amazonaws.com"] }, clock);
  const files = { [tokenFile]: token, [containerTokenFile]: podToken };
  const scene = await awsScene(config, { clock, ambient: { aws }, files, ...options, bare: true });
  scene.cloud.trust.set(awsRole, { subject: operator, audience: "sts.amazonaws.com" });
  return scene;
}

const instanceRequests = [
  `PUT ${imdsSite}/latest/api/token`,
  `GET ${imdsSite}/latest/meta-data/iam/security-credentials/`,
  `GET ${imdsSite}/latest/meta-data/iam/security-credentials/node-role`,
];
const ecrRequest = `POST ${ecrHostName}/`;

describe("the identity of the operator's pod", () => {
  const found: readonly (readonly [string, AmbientIdentity["aws"], Partial<AwsEcrConfig>, string, readonly string[]])[] = [
    ["IRSA before all others", { ...irsa, ...pod }, {}, awsRole, [`POST ${stsHostName}/`]],
    ["EKS Pod Identity before the node's", pod, {}, "EKS Pod Identity", [`GET ${podAgentSite}/v1/credentials`]],
    ["the node's where there is no other", {}, {}, "the node's instance role node-role", instanceRequests],
    [
      "EKS Pod Identity where the object says so",
      { ...irsa, ...pod },
      { source: "PodIdentity" },
      "EKS Pod Identity",
      [`GET ${podAgentSite}/v1/credentials`],
    ],
    [
      "the node's where the object says so",
      { ...irsa, ...pod },
      { source: "InstanceRole" },
      "the node's instance role node-role",
      instanceRequests,
    ],
    ["IRSA where the object says so", irsa, { source: "WebIdentity" }, awsRole, [`POST ${stsHostName}/`]],
    ["IRSA's token with the object's role", { tokenFile, ...pod }, { roleARN: awsRole }, awsRole, [`POST ${stsHostName}/`]],
  ];
  for (const [which, aws, config, identity, requests] of found) {
    it(`is ${which}`, async () => {
      await using scene = await podScene(aws, config);
      assert.match(await passwordOf(scene.provider), /^AWS ecr:password/);
      assert.deepEqual(asked(scene), [...requests, ecrRequest]);
      assert.equal(scene.provider.state().identity, identity);
      assert.deepEqual(scene.scene.tokenRequests, []);
    });
  }

  const missing: readonly (readonly [string, AmbientIdentity["aws"], Partial<AwsEcrConfig>, string])[] = [
    [
      "IRSA that the object wants",
      pod,
      { source: "WebIdentity" },
      "The operator's pod has no web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set; annotate its ServiceAccount for IRSA, or set serviceAccountRef",
    ],
    [
      "a token for the role that the object names",
      pod,
      { roleARN: awsRole },
      "The operator's pod has no web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set; annotate its ServiceAccount for IRSA, or set serviceAccountRef",
    ],
    [
      "a role for IRSA's token",
      { tokenFile },
      { source: "WebIdentity" },
      "No role to assume: roleARN is not set, and the operator's pod has no AWS_ROLE_ARN",
    ],
    [
      "EKS Pod Identity that the object wants",
      irsa,
      { source: "PodIdentity" },
      "The operator's pod has no EKS Pod Identity: AWS_CONTAINER_CREDENTIALS_FULL_URI is not set; create an association for its ServiceAccount, and restart it",
    ],
    [
      "the token of EKS Pod Identity",
      { containerCredentialsURI: podAgentURI },
      {},
      "The operator's pod has no EKS Pod Identity: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is not set; create an association for its ServiceAccount, and restart it",
    ],
  ];
  for (const [what, aws, config, message] of missing) {
    it(`is not there without ${what}, which shows before anybody is asked`, async () => {
      await using scene = await podScene(aws, config);
      assert.deepEqual([scene.provider.state().ready, scene.provider.state().reason], [false, "IdentityNotFound"]);
      const refusal = await refusalOf(scene.provider);
      assert.deepEqual([refusal.reason, refusal.message, scene.internet.requests], ["IdentityNotFound", message, []]);
    });
  }

  it("is decided on once: where IRSA fails, neither EKS Pod Identity nor the node is asked", async () => {
    await using scene = await podScene({ ...irsa, ...pod });
    scene.cloud.trust.clear();
    assert.equal((await refusalOf(scene.provider)).reason, "IdentityRefused");
    assert.deepEqual(asked(scene), [`POST ${stsHostName}/`]);
  });

  it("is not a namespaced object's to use, whatever it says", async () => {
    for (const source of ["Auto", "WebIdentity", "PodIdentity", "InstanceRole"] as const) {
      await using scene = await podScene({ ...irsa, ...pod }, { source }, { namespace: "team-a" });
      const refusal = await refusalOf(scene.provider);
      assert.deepEqual(
        [refusal.reason, refusal.message, scene.internet.requests],
        ["IdentityNotFound", "A NamespacedAuthProvider uses the token of a ServiceAccount: set serviceAccountRef", []],
      );
    }
  });

  it("is not used beside a ServiceAccount: its role is the object's, not the pod's", async () => {
    await using scene = await podScene(irsa, { serviceAccountRef: { name: "puller" } });
    const refusal = await refusalOf(scene.provider);
    assert.deepEqual([refusal.reason, scene.internet.requests], ["IdentityNotFound", []]);
    assert.match(refusal.message, /roleARN is not set/);
  });
});

describe("IRSA", () => {
  it("says which file it misses", async () => {
    await using scene = await podScene(irsa, {}, { files: {} });
    assert.deepEqual(
      [(await refusalOf(scene.provider)).reason, (await refusalOf(scene.provider)).message],
      [
        "IdentityNotFound",
        "the token file of the operator's pod (AWS_WEB_IDENTITY_TOKEN_FILE) does not exist: is the identity webhook of the cloud at work here?",
      ],
    );
  });
});

describe("EKS Pod Identity", () => {
  it("is asked at its other address too, in clusters of IPv6", async () => {
    await using scene = await podScene({ containerCredentialsURI: "http://[fd00:ec2::23]/v1/credentials", containerTokenFile });
    assert.match(await passwordOf(scene.provider), /^AWS /);
    assert.equal(scene.internet.at("[fd00:ec2::23]:80").length, 1);
  });

  const others = [
    "http://169.254.170.23/v1/credentials?x=1",
    "http://169.254.170.23:8080/v1/credentials",
    "https://169.254.170.23/v1/credentials",
    "http://169.254.170.23.evil.example/v1/credentials",
    "http://169.254.170.2/v2/credentials",
    "http://169.254.169.254/v1/credentials",
    "http://localhost/v1/credentials",
    "http://user@169.254.170.23/v1/credentials",
    "http://2852039191/v1/credentials",
  ];
  for (const containerCredentialsURI of others) {
    it(`is not asked for at ${containerCredentialsURI}: the token would go there`, async () => {
      await using scene = await podScene({ containerCredentialsURI, containerTokenFile });
      const refusal = await refusalOf(scene.provider);
      assert.deepEqual(
        [refusal.reason, refusal.message, scene.internet.requests, scene.internet.lookedUp],
        [
          "IdentityNotFound",
          "AWS_CONTAINER_CREDENTIALS_FULL_URI of the operator's pod is not the address of the agent of EKS Pod Identity; nothing is sent there",
          [],
          [],
        ],
      );
    });
  }

  for (const [what, files] of [
    ["gone", {}],
    ["no token", { [containerTokenFile]: "two\nlines" }],
  ] as const) {
    it(`says where its token is ${what}`, async () => {
      await using scene = await podScene(pod, {}, { files });
      assert.match((await refusalOf(scene.provider)).message, /^The token file of EKS Pod Identity .* cannot be read, or is no token$/);
      assert.deepEqual(scene.internet.requests, []);
    });
  }

  const answers: readonly (readonly [string, SiteAnswer, string, RegExp])[] = [
    [
      "no association",
      { status: 400, body: "AccessDeniedException: secret" },
      "IdentityRefused",
      /^EKS Pod Identity gives the operator's pod no credentials \(AccessDeniedException\): look at the association/,
    ],
    ["a refusal without a name", { status: 403, body: "secret" }, "IdentityRefused", /no credentials \(403\)/],
    [
      "a failure",
      { status: 500, body: "secret" },
      "IdentityUnreachable",
      /^The agent of EKS Pod Identity fails \(500\); it is asked again$/,
    ],
    ["too many requests", { status: 429 }, "Throttled", /^The agent of EKS Pod Identity is asked too often \(429\)/],
    [
      "a redirect",
      { status: 302, headers: { location: "http://evil.example/" } },
      "IdentityUnreachable",
      /answers with a redirect \(302\), which is not followed$/,
    ],
    ["no JSON", { status: 200, body: "secret" }, "IdentityUnreachable", /answered what cannot be read/],
    ["that it has nothing to say", { status: 204 }, "IdentityUnreachable", /answered what cannot be read/],
    [
      "a token that no header can hold",
      {
        status: 200,
        body: { AccessKeyId: "ASIA", SecretAccessKey: "secret", Token: "two\r\nlines", Expiration: "2026-01-01T01:00:00Z" },
      },
      "IdentityUnreachable",
      /answered what cannot be read/,
    ],
    [
      "half a session",
      { status: 200, body: { AccessKeyId: "a", Token: "secret", Expiration: "2026-01-01T01:00:00Z" } },
      "IdentityUnreachable",
      /answered what cannot be read/,
    ],
    [
      "an end that is no time",
      { status: 200, body: { AccessKeyId: "a", SecretAccessKey: "secret", Token: "secret", Expiration: "soon" } },
      "IdentityUnreachable",
      /answered what cannot be read/,
    ],
    [
      "an end that is over",
      { status: 200, body: { AccessKeyId: "a", SecretAccessKey: "secret", Token: "secret", Expiration: "2025-01-01T01:00:00Z" } },
      "CredentialExpired",
      /has expired already/,
    ],
    ["more than any session is", { status: 200, body: "x".repeat(70_000) }, "IdentityUnreachable", /longer than 65536 bytes/],
  ];
  for (const [what, answer, reason, message] of answers) {
    it(`answers ${what}: says so`, async () => {
      await using scene = await podScene(pod);
      scene.internet.set(podAgentSite, () => answer);
      const refusal = await refusalOf(scene.provider);
      assert.equal(refusal.reason, reason);
      assert.match(refusal.message, message);
      assert.doesNotMatch(JSON.stringify([refusal.message, scene.scene.log, scene.provider.state()]), /secret/);
    });
  }
});

describe("the instance role", () => {
  it("is asked for by version 2 of the metadata service, and never by version 1", async () => {
    await using scene = await podScene({});
    await passwordOf(scene.provider);
    const [put, ...gets] = scene.internet.at(imdsSite);
    assert.equal(put?.headers["x-aws-ec2-metadata-token-ttl-seconds"], "60");
    assert.deepEqual(
      gets.map(({ headers }) => headers["x-aws-ec2-metadata-token"]),
      ["imds-token", "imds-token"],
    );
  });

  it("is not there where the token is refused, and nothing else is tried", async () => {
    await using scene = await podScene({});
    scene.internet.set(imdsSite, () => ({ status: 403, body: "secret" }));
    const refusal = await refusalOf(scene.provider);
    assert.deepEqual(
      [refusal.reason, refusal.message],
      [
        "IdentityNotFound",
        "The node has no instance role for the operator's pod (403): give it an instance profile, or the pod an identity of its own (IRSA, EKS Pod Identity)",
      ],
    );
    assert.equal(scene.internet.requests.length, 1);
  });

  it("says what silence mostly means", async () => {
    await using scene = await podScene({});
    scene.internet.set(imdsSite, undefined);
    const refusal = await refusalOf(scene.provider);
    assert.equal(refusal.reason, "IdentityUnreachable");
    assert.match(
      refusal.message,
      /^The operator's pod has no identity of its own, and the node's metadata service does not answer it \(is its hop limit 2\?\): /,
    );
  });

  const path = "/latest/meta-data/iam/security-credentials/";
  const answers: readonly (readonly [string, Readonly<Record<string, SiteAnswer>>, RegExp])[] = [
    ["no profile", { [path]: { status: 404 } }, /no instance role for the operator's pod \(404\)/],
    ["a role that is a path", { [path]: { status: 200, body: "../../user-data" } }, /\(no role\)/],
    ["a role that is a page", { [path]: { status: 200, body: "<html>secret" } }, /\(no role\)/],
    [
      "a session that is none",
      { [`${path}node-role`]: { status: 200, body: { Code: "AssumeRoleUnauthorizedAccess", Message: "secret" } } },
      /\(AssumeRoleUnauthorizedAccess\)/,
    ],
    ["a code that is none", { [`${path}node-role`]: { status: 200, body: { Code: "secret secret" } } }, /\(no success\)/],
    ["a token that is none", { "/latest/api/token": { status: 200, body: "two\nlines" } }, /\(no token\)/],
  ];
  for (const [what, replaced, message] of answers) {
    it(`answers ${what}: says so`, async () => {
      await using scene = await podScene({});
      const { imds } = scene.cloud;
      scene.internet.set(imdsSite, (request, wire) => replaced[request.path] ?? imds(request, wire));
      const refusal = await refusalOf(scene.provider);
      assert.match(refusal.message, message);
      assert.doesNotMatch(JSON.stringify([refusal.message, scene.scene.log, scene.provider.state()]), /secret"|<html>|secret secret/);
      assert.equal(scene.internet.at(ecrHostName).length, 0);
    });
  }
});
