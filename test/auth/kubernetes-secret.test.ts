import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AuthProvider, SecretMaterial } from "../../src/keychain/ports.ts";
import { image } from "../oci/support.ts";
import { base64, build, canary, dockerConfig, material, pullSecret, secret, sent } from "./support.ts";

function provider(registries: readonly string[], ...secrets: readonly SecretMaterial[]): AuthProvider {
  return build("kubernetesSecret", { secretRef: { name: "pull" } }, { registries, material: material(secrets) });
}
const basicAuth = secret("pull", "kubernetes.io/basic-auth", { username: "me", password: canary });

describe("kubernetesSecretAuth()", () => {
  it("reads kubernetes.io/dockerconfigjson, most specific key first", async () => {
    const auth = provider(["ghcr.io"], pullSecret("pull", { "ghcr.io": "wide", "ghcr.io/acme": "narrow" }));
    assert.deepEqual(await sent(auth, "ghcr.io/acme/app"), ["basic narrow uid-pull/7#1", "basic wide uid-pull/7#0"]);
    assert.deepEqual(auth.state(), { ready: true, reason: "Resolved", message: "Secret/pull has credentials", warnings: [] });
  });

  it("reads the older kubernetes.io/dockercfg", async () => {
    const document = JSON.stringify({ "ghcr.io": { auth: base64(`me:${canary}`) } });
    assert.deepEqual(
      await sent(provider(["ghcr.io"], secret("pull", "kubernetes.io/dockercfg", { ".dockercfg": document })), "ghcr.io/app"),
      ["basic me uid-pull/7#0"],
    );
  });

  it("reads kubernetes.io/basic-auth for a pattern without wildcards", async () => {
    const auth = provider(["ghcr.io/acme"], basicAuth);
    assert.deepEqual(await sent(auth, "ghcr.io/acme/app"), ["basic me uid-pull/7"]);
    assert.deepEqual(auth.state(), { ready: true, reason: "Resolved", message: "Secret/pull has a credential", warnings: [] });
  });

  it("does not send one password to every host that a wildcard matches", async () => {
    const message =
      'Secret/pull is one password for any host; under a pattern with "*" use a Secret of type kubernetes.io/dockerconfigjson';
    const auth = provider(["*.azurecr.io"], basicAuth);
    assert.deepEqual(await sent(auth, "evil.azurecr.io/app"), ["WildcardNeedsKeyedSecret", message]);
    assert.deepEqual(auth.unavailable?.(image("evil.azurecr.io/app")), { reason: "WildcardNeedsKeyedSecret", message });
    assert.deepEqual(auth.state(), { ready: false, reason: "WildcardNeedsKeyedSecret", message, warnings: [] });
  });

  it("uses one password for the literal pattern beside a wildcard, and says so", async () => {
    const auth = provider(["*.azurecr.io", "acme.azurecr.io"], basicAuth);
    assert.deepEqual(await sent(auth, "acme.azurecr.io/app"), ["basic me uid-pull/7"]);
    assert.equal((await sent(auth, "evil.azurecr.io/app"))[0], "WildcardNeedsKeyedSecret");
    assert.deepEqual(auth.state().warnings, ['Secret/pull is one password and is not used for "*.azurecr.io"']);
  });

  it("uses a keyed Secret under a wildcard for the hosts that its keys write out", async () => {
    const auth = provider(["*.azurecr.io"], pullSecret("pull", { "acme.azurecr.io": "me", "*.azurecr.io": "all" }));
    assert.deepEqual(await sent(auth, "acme.azurecr.io/app"), ["basic me uid-pull/7#1"]);
    assert.deepEqual(await sent(auth, "evil.azurecr.io/app"), ["NoMatchingKey", "Secret/pull has no key for evil.azurecr.io/app"]);
    assert.deepEqual(auth.state().warnings, ['Secret/pull: key "*.azurecr.io" has a wildcard and is ignored']);
  });

  it("Ratify's static provider ignored the host: nothing is given for a repository that no own pattern matches", async () => {
    for (const held of [basicAuth, pullSecret("pull", { "evil.example": "me", "ghcr.io": "me" })]) {
      assert.deepEqual(await sent(provider(["ghcr.io"], held), "evil.example/app"), [
        "HostNotAllowed",
        "AuthProvider/acme has no pattern for evil.example",
      ]);
    }
  });

  const refused: readonly (readonly [why: string, secret: SecretMaterial | undefined, reason: string, message: string])[] = [
    ["a Secret that is not there", undefined, "RefNotFound", "Secret/pull does not exist"],
    ...["kubernetes.io/tls", "kubernetes.io/service-account-token", "Opaque", "bootstrap.kubernetes.io/token", ""].map(
      (type) =>
        [
          `a Secret of type "${type}"`,
          secret("pull", type, { ".dockerconfigjson": dockerConfig({ "ghcr.io": "me" }), username: "me", password: canary, token: canary }),
          "CredentialInvalid",
          `Secret/pull is of type "${type}"; only kubernetes.io/dockerconfigjson, dockercfg and basic-auth are used`,
        ] as const,
    ),
    [
      "the wrong data key",
      secret("pull", "kubernetes.io/dockerconfigjson", { "config.json": dockerConfig({}) }),
      "CredentialInvalid",
      'Secret/pull has no data[".dockerconfigjson"]',
    ],
    [
      "no JSON",
      secret("pull", "kubernetes.io/dockerconfigjson", { ".dockerconfigjson": `${canary}{` }),
      "CredentialInvalid",
      "Secret/pull is not JSON",
    ],
    ["no password", secret("pull", "kubernetes.io/basic-auth", { username: "me" }), "CredentialInvalid", "Secret/pull has no password"],
    ["no user", secret("pull", "kubernetes.io/basic-auth", { password: canary }), "CredentialInvalid", "Secret/pull has no user name"],
    [
      "only a key of another registry",
      pullSecret("pull", { "quay.io": "me" }),
      "NoMatchingKey",
      "Secret/pull has no key for any of the provider's registries",
    ],
  ];
  for (const [why, held, reason, message] of refused) {
    it(`is not ready with ${why}`, async () => {
      const auth = provider(["ghcr.io"], ...(held === undefined ? [] : [held]));
      assert.deepEqual(auth.state(), { ready: false, reason, message, warnings: [] });
      assert.equal((await sent(auth, "ghcr.io/app"))[0], reason);
    });
  }

  it("keeps what it captured: a Secret that changes later compiles a new provider", async () => {
    const secrets = [basicAuth];
    const auth = build("kubernetesSecret", { secretRef: { name: "pull" } }, { registries: ["ghcr.io"], material: material(secrets) });
    secrets.length = 0;
    assert.deepEqual(await sent(auth, "ghcr.io/app"), ["basic me uid-pull/7"]);
  });
});

describe("anonymousAuth()", () => {
  it("gives no credential, on purpose", async () => {
    const auth = build("anonymous", {}, { registries: ["ghcr.io"] });
    assert.deepEqual(await sent(auth, "ghcr.io/app"), []);
    assert.deepEqual(auth.state(), { ready: true, reason: "Anonymous", message: "Requests are sent without a credential", warnings: [] });
  });
});
