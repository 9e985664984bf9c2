import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GoogleArtifactRegistryConfig } from "../../../src/api/auth-google.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { fakeJWT, repositoryOf } from "../../support/cloud/deps.ts";
import {
  apiError,
  googleCanary,
  googleConfigs,
  googleImpersonation,
  googleMetadata,
  googlePool,
  googleTokenService,
} from "../../support/cloud/google.ts";
import type { Site, SiteAnswer } from "../../support/cloud/internet.ts";
import { assertSilent, googleScene, image } from "./support.ts";

const { ambient, federated, impersonated } = googleConfigs;
const flavour = { "metadata-flavor": "Google" };
const whose = "ServiceAccount/countersign/reader";
const provider = '"countersign/cluster-a" of project 123456789012';
const oauth = (error: unknown, status = 400): SiteAnswer => ({ status, body: { error, error_description: googleCanary } });
const token = { access_token: googleCanary, expires_in: 3600 };

type Row = readonly [what: string, config: GoogleArtifactRegistryConfig, site: string, answer: SiteAnswer | "cut", expected: string];
const rows: readonly Row[] = [
  [
    "a pool or provider that does not exist",
    federated,
    googleTokenService,
    oauth("invalid_target"),
    `IdentityRefused: Google has no provider ${provider} (invalid_target): create or enable pool and provider, or correct projectNumber, poolID and providerID`,
  ],
  [
    "a token that the provider does not take",
    federated,
    googleTokenService,
    oauth("invalid_grant"),
    `IdentityRefused: Google refuses the token of ${whose} (invalid_grant): provider ${provider} has to have this cluster's issuer and keys, and the default audience`,
  ],
  [
    "an attribute condition that does not hold",
    federated,
    googleTokenService,
    oauth("unauthorized_client", 401),
    `IdentityRefused: Google refuses the token of ${whose} (unauthorized_client): the attribute condition of provider ${provider} does not hold for it`,
  ],
  [
    "a token service that is not enabled",
    federated,
    googleTokenService,
    apiError(403, "PERMISSION_DENIED", "SERVICE_DISABLED"),
    "IdentityRefused: Google's token service is not enabled (SERVICE_DISABLED): enable sts.googleapis.com in project 123456789012",
  ],
  [
    "a refusal without a word for it",
    federated,
    googleTokenService,
    { status: 403, body: `<html>${googleCanary}` },
    `IdentityRefused: Google's token service refuses the token of ${whose} for provider ${provider} (403)`,
  ],
  [
    "a code that is a sentence, which is not repeated",
    federated,
    googleTokenService,
    oauth(`no such thing ${googleCanary}`),
    `IdentityRefused: Google's token service refuses the token of ${whose} for provider ${provider} (400)`,
  ],
  [
    "an account that may not be acted as",
    impersonated,
    googleImpersonation,
    apiError(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED"),
    `IdentityRefused: ${whose} may not act as reader@acme-prod.iam.gserviceaccount.com (IAM_PERMISSION_DENIED): grant its principal in pool "countersign" roles/iam.workloadIdentityUser on that account, which has to exist`,
  ],
  [
    "an account that does not exist",
    impersonated,
    googleImpersonation,
    apiError(404, "NOT_FOUND"),
    "IdentityRefused: Google knows no service account reader@acme-prod.iam.gserviceaccount.com (NOT_FOUND): correct serviceAccountEmail",
  ],
  [
    "an IAM Credentials API that is not enabled",
    impersonated,
    googleImpersonation,
    apiError(403, "PERMISSION_DENIED", "SERVICE_DISABLED"),
    "IdentityRefused: Google's IAM Credentials API is not enabled (SERVICE_DISABLED): enable iamcredentials.googleapis.com in project 123456789012",
  ],
  [
    "any other refusal of the IAM Credentials API",
    impersonated,
    googleImpersonation,
    apiError(400, "INVALID_ARGUMENT"),
    `IdentityRefused: Google's IAM Credentials API gives ${whose} no token of reader@acme-prod.iam.gserviceaccount.com (INVALID_ARGUMENT)`,
  ],
  [
    "a metadata server that is another cloud's",
    ambient,
    googleMetadata,
    { status: 401, body: googleCanary },
    "IdentityNotFound: What answers at 169.254.169.254 is not Google's metadata server: the operator does not run on Google Cloud; set workloadIdentityFederation",
  ],
  [
    "a token from whoever is not Google's metadata server",
    ambient,
    googleMetadata,
    { status: 200, body: token },
    "IdentityNotFound: What answers at 169.254.169.254 is not Google's metadata server: the operator does not run on Google Cloud; set workloadIdentityFederation",
  ],
  [
    "a machine without the account",
    ambient,
    googleMetadata,
    { status: 404, headers: flavour, body: googleCanary },
    'IdentityNotFound: Google\'s metadata server knows no service account "default" (404): attach it to the machine, or set workloadIdentityFederation',
  ],
  [
    "metadata that is concealed, or an account that may not be acted as",
    ambient,
    googleMetadata,
    { status: 403, headers: flavour, body: `This metadata endpoint is concealed. ${googleCanary}` },
    "IdentityRefused: Google's metadata server gives no token of \"default\" (403): it is concealed from pods, or the operator's ServiceAccount may not act as it (roles/iam.workloadIdentityUser)",
  ],
  [
    "any other refusal of the metadata server",
    ambient,
    googleMetadata,
    { status: 400, headers: flavour },
    "IdentityRefused: Google's metadata server refuses (400)",
  ],
  [
    "a metadata server that fails",
    ambient,
    googleMetadata,
    { status: 500 },
    "IdentityUnreachable: Google's metadata server fails (500); it is asked again",
  ],
  [
    "a token service that fails",
    federated,
    googleTokenService,
    { status: 503 },
    "IdentityUnreachable: Google's token service fails (503); it is asked again",
  ],
  [
    "an IAM Credentials API that fails",
    impersonated,
    googleImpersonation,
    { status: 500, body: googleCanary },
    "IdentityUnreachable: Google's IAM Credentials API fails (500); it is asked again",
  ],
  [
    "a redirect, which nothing follows",
    federated,
    googleTokenService,
    { status: 307, headers: { location: "https://evil.example/v1/token" } },
    "IdentityUnreachable: Google's token service answers with a redirect (307), which is not followed",
  ],
  [
    "a redirect of the metadata server, which nothing follows",
    ambient,
    googleMetadata,
    { status: 302, headers: { ...flavour, location: "http://evil.example/" } },
    "IdentityUnreachable: Google's metadata server answers with a redirect (302), which is not followed",
  ],
  [
    "a connection that is cut",
    federated,
    googleTokenService,
    "cut",
    "IdentityUnreachable: Google's token service cannot be reached (ConnectionReset): sts.googleapis.com: the connection was closed before the answer was complete (UND_ERR_SOCKET)",
  ],
  [
    "an answer that is not JSON",
    federated,
    googleTokenService,
    { status: 200, body: `<html>${googleCanary}` },
    "IdentityUnreachable: Google's token service answers with something that is no token",
  ],
  [
    "an answer that is JSON and no object",
    ambient,
    googleMetadata,
    { status: 200, headers: flavour, body: `"${googleCanary}"` },
    "IdentityUnreachable: Google's metadata server answers with something that is no token",
  ],
  [
    "an answer without an end",
    federated,
    googleTokenService,
    { status: 200, body: { access_token: googleCanary } },
    "IdentityUnreachable: Google's token service answers with something that is no token",
  ],
  [
    "a token that would be two headers",
    ambient,
    googleMetadata,
    { status: 200, headers: flavour, body: { ...token, access_token: `${googleCanary}\r\nx: y` } },
    "IdentityUnreachable: Google's metadata server answers with something that is no token",
  ],
  [
    "a date that is none",
    impersonated,
    googleImpersonation,
    { status: 200, body: { accessToken: googleCanary, expireTime: "tomorrow" } },
    "IdentityUnreachable: Google's token service answers with something that is no token",
  ],
  [
    "a token that has ended",
    impersonated,
    googleImpersonation,
    { status: 200, body: { accessToken: googleCanary, expireTime: "2025-12-31T00:00:00Z" } },
    "IdentityUnreachable: Google's token service answers with something that is no token",
  ],
  [
    "a body without end",
    federated,
    googleTokenService,
    { status: 200, body: `{"access_token":"${"x".repeat(300_000)}` },
    "IdentityUnreachable: Google's token service cannot be reached (ProtocolError): sts.googleapis.com: the answer is longer than 65536 bytes",
  ],
];

describe("googleArtifactRegistryAuth()", () => {
  for (const [what, config, site, answer, expected] of rows) {
    it(`says what to do about ${what}`, async () => {
      await using google = await googleScene(config, { sites: { [site]: () => answer } });
      assert.equal(await google.ask(), expected);
      assert.ok(expected.length <= 256 + "IdentityRefused: ".length, String(expected.length));
      assert.equal(google.internet.at("evil.example").length, 0);
      const state = google.provider.state();
      assert.deepEqual([state.ready, `${state.reason}: ${state.message}`], [false, expected]);
    });
  }

  const afterWait: readonly (readonly [string, SiteAnswer, number])[] = [
    ["seconds", { status: 429, headers: { "retry-after": "30" } }, 30_000],
    ["a date", { status: 429, headers: { "retry-after": "Thu, 01 Jan 2026 00:00:40 GMT" } }, 40_000],
    ["nothing", { status: 429 }, 5000],
  ];
  for (const [way, answer, wait] of afterWait) {
    it(`asks again only after the time that it is told, by ${way}`, async () => {
      await using google = await googleScene(federated, { sites: { [googleTokenService]: () => answer } });
      assert.equal(await google.ask(), "Throttled: Google's token service is asked too often (429); it is asked again later");
      assert.equal(google.provider.state().lastError?.class, "RateLimited");
      await google.clock.advance(wait - 1);
      await google.ask();
      assert.equal(google.internet.at(googleTokenService).length, 1);
      await google.clock.advance(1);
      await google.ask();
      assert.equal(google.internet.at(googleTokenService).length, 2);
    });
  }

  for (const [way, config, site] of [
    ["ambient", ambient, googleMetadata],
    ["federated", federated, googleTokenService],
    ["impersonated", impersonated, googleImpersonation],
  ] as const) {
    it(`${way}: waits for no service that does not answer`, async () => {
      const { promise: arrived, resolve } = Promise.withResolvers<void>();
      const hang: Site = () => {
        resolve();
        return "hang";
      };
      await using google = await googleScene(config, { sites: { [site]: hang } });
      const asked = google.ask();
      await arrived;
      await google.clock.advance(5000);
      assert.match(await asked, /^IdentityUnreachable: .+ cannot be reached \(Timeout\): \S+: no answer within 5000 ms(; outside .+)?$/);
    });

    it(`${way}: lets go of who no longer waits`, async () => {
      const { promise: arrived, resolve } = Promise.withResolvers<void>();
      const hang: Site = () => {
        resolve();
        return "hang";
      };
      await using google = await googleScene(config, { sites: { [site]: hang } });
      const left = new AbortController();
      const asked = google.provider.credentials(repositoryOf(image), left.signal).catch((error: unknown) => error);
      await arrived;
      left.abort(new Error("left"));
      assert.equal(String(await asked), "Error: left");
    });
  }

  it("tells of a metadata server that is not there", async () => {
    await using google = await googleScene(ambient);
    google.internet.set(googleMetadata, undefined);
    assert.equal(
      await google.ask(),
      "IdentityUnreachable: Google's metadata server cannot be reached (ConnectionRefused): 169.254.169.254: the connection was refused (ECONNREFUSED); outside of Google Cloud, set workloadIdentityFederation",
    );
  });

  it("is refused a token of another audience, or one that has ended, by the token service itself", async () => {
    for (const claims of [{ aud: ["https://kubernetes.default.svc"] }, { aud: [], exp: 1 }]) {
      const tokens = {
        namespace: "countersign",
        mint: async () =>
          await Promise.resolve({ token: new Secret(fakeJWT(claims, google.clock)), expiresAt: google.clock.now() + 600_000 }),
      };
      await using google = await googleScene(federated, { tokens });
      assert.match(await google.ask(), /^IdentityRefused: Google refuses the token of .+ \(invalid_grant\)/);
    }
  });

  it("sends the token of another pool nowhere but to the token service, which refuses it", async () => {
    await using google = await googleScene({ workloadIdentityFederation: { ...googlePool, providerID: "cluster-b" } });
    assert.match(await google.ask(), /\(invalid_target\)/);
    assert.deepEqual(google.internet.lookedUp, ["sts.googleapis.com"]);
  });

  it("logs a failure once, and not its secrets", async () => {
    await using google = await googleScene(federated, { sites: { [googleTokenService]: () => oauth("invalid_grant") } });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await google.ask();
      await google.clock.advance(11_000);
    }
    assert.equal(google.scene.log.length, 1);
    assertSilent(google.scene.log);
    assert.equal(google.provider.state().lastError?.count, 3);
  });
});
