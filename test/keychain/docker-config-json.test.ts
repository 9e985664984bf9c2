import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { Secret } from "../../src/kernel/secret.ts";
import { credentialsFor, decodeDockerConfig, type DockerConfig, refuseUseless } from "../../src/keychain/docker-config-json.ts";
import { image, pattern } from "../oci/support.ts";

const canary = "hunter2-canary";
const source = "Secret/pull";

function decode(document: unknown, format: "dockerconfigjson" | "dockercfg" = "dockerconfigjson"): DockerConfig {
  const bytes = new TextEncoder().encode(typeof document === "string" ? document : JSON.stringify(document));
  return decodeDockerConfig(new Secret(bytes), { source, revision: "uid/7", format });
}
const auths = (entries: Record<string, unknown>): DockerConfig => decode({ auths: entries });
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const user = (name: string): Record<string, string> => ({ auth: base64(`${name}:${canary}`) });

/** What would be sent for an image: `scheme user:secret` each, or the reason for nothing. */
function sent(config: DockerConfig, name: string): readonly string[] | string {
  if (!config.ok) return config.reason;
  const answer = credentialsFor(config.keys, image(name), source);
  if (!answer.ok) return answer.reason;
  return answer.credentials.map(
    (each) => `${each.scheme} ${each.username === undefined ? "" : `${each.username.reveal()}:`}${each.secret.reveal()}`,
  );
}

describe("decodeDockerConfig()", () => {
  const entries: readonly (readonly [why: string, entry: unknown, sent: readonly string[] | string])[] = [
    ["auth is user and password", { auth: base64("me:pw") }, ["basic me:pw"]],
    ["auth is split at the first colon", { auth: base64("AWS:a:b:c") }, ["basic AWS:a:b:c"]],
    ["auth overrides username and password", { auth: base64("me:pw"), username: "other", password: "x" }, ["basic me:pw"]],
    ["auth without padding", { auth: base64("me:pw1").replaceAll("=", "") }, ["basic me:pw1"]],
    ["NULs around the password are trimmed", { auth: base64("me:\0pw\0\0") }, ["basic me:pw"]],
    ["a user name may have UTF-8 in it", { auth: base64("mé:pw") }, ["basic mé:pw"]],
    ["username and password", { username: "me", password: "pw" }, ["basic me:pw"]],
    ["an empty auth beside them", { auth: "", username: "me", password: "pw" }, ["basic me:pw"]],
    [
      "an identity token is exchanged",
      { auth: base64("00000000-0000-0000-0000-000000000000:"), identitytoken: "token" },
      ["refreshToken token"],
    ],
    ["a registry token is sent as it is", { registrytoken: "token", identitytoken: "other" }, ["bearer token"]],
    ["an email is of no interest", { auth: base64("me:pw"), email: 7 }, ["basic me:pw"]],
    ["nothing in it", {}, "CredentialInvalid"],
    ["null", null, "CredentialInvalid"],
    ["text", base64("me:pw"), "CredentialInvalid"],
    ["auth that is not base64", { auth: "me:pw" }, "CredentialInvalid"],
    ["auth with a line feed in it", { auth: `${base64("me:pw")}\n` }, "CredentialInvalid"],
    ["auth of the wrong length", { auth: "bWU6c" }, "CredentialInvalid"],
    ["auth in the URL alphabet", { auth: base64("me:??>>").replaceAll("/", "_").replaceAll("+", "-") }, "CredentialInvalid"],
    ["auth that is no UTF-8", { auth: Buffer.from([0x61, 0x3a, 0xff]).toString("base64") }, "CredentialInvalid"],
    ["auth without a colon", { auth: base64("token") }, "CredentialInvalid"],
    ["auth without a user", { auth: base64(":pw") }, "CredentialInvalid"],
    ["auth without a password", { auth: base64("me:") }, "CredentialInvalid"],
    ["a password of NULs", { auth: base64("me:\0\0") }, "CredentialInvalid"],
    ["a user name with a colon", { username: "a:b", password: "c" }, "CredentialInvalid"],
    ["a password with a line feed", { username: "a", password: "b\r\nX: y" }, "CredentialInvalid"],
    ["a token with a line feed", { registrytoken: "a\r\nX: y" }, "CredentialInvalid"],
    ["a number for a password", { username: "a", password: 7 }, "CredentialInvalid"],
    ["fields that only __proto__ has", JSON.parse('{"__proto__": {"username": "a", "password": "b"}}'), "CredentialInvalid"],
  ];
  for (const [why, entry, expected] of entries) {
    it(`reads an entry: ${why}`, () => {
      const config = auths({ "ghcr.io": entry });
      assert.deepEqual(sent(config, "ghcr.io/acme/app"), expected);
      if (typeof expected === "string") assert.equal(config.ok && config.warnings.length, 1);
    });
  }

  it("reads the older form, which has its keys at the top", () => {
    assert.deepEqual(sent(decode({ "ghcr.io": { auth: base64("me:pw") } }, "dockercfg"), "ghcr.io/app"), ["basic me:pw"]);
  });

  it("says which entry a credential came from, and nothing of it", () => {
    const config = auths({ "b.io": user("b"), "a.io": user("a") });
    assert.deepEqual(config.ok && config.keys.map((key) => [key.pattern.text, key.content.ok && key.content.credential.revision]), [
      ["a.io", "uid/7#0"],
      ["b.io", "uid/7#1"],
    ]);
  });

  it("leaves the other entries alone when one is broken", () => {
    const config = auths({ "ghcr.io": { auth: "?" }, "quay.io": { auth: base64("me:pw") } });
    assert.deepEqual(sent(config, "quay.io/app"), ["basic me:pw"]);
    assert.deepEqual(config.ok && config.warnings, ['Secret/pull: key "ghcr.io" has an "auth" that is not base64 of UTF-8 text']);
  });

  const refused: readonly (readonly [why: string, document: unknown, message: string])[] = [
    ["no JSON", `{"auths": ${canary}`, "Secret/pull is not JSON"],
    ["a list", [], "Secret/pull is not a JSON object"],
    ["no auths", { "ghcr.io": user("me") }, 'Secret/pull has no "auths"'],
    ["auths that are null", { auths: null }, 'Secret/pull has no "auths"'],
    ["auths that are a list", { auths: [user("me")] }, 'Secret/pull has no "auths"'],
    ["auths that only __proto__ has", `{"__proto__": {"auths": {"ghcr.io": {"auth": "bWU6cHc="}}}}`, 'Secret/pull has no "auths"'],
    [
      "a credential store",
      { auths: { "ghcr.io": user("me") }, credsStore: "desktop" },
      'Secret/pull has "credsStore": credential helpers are never run; put the credential itself into "auths"',
    ],
    [
      "credential helpers",
      { auths: {}, credHelpers: { "ghcr.io": "gh" } },
      'Secret/pull has "credHelpers": credential helpers are never run; put the credential itself into "auths"',
    ],
    [
      "credential helpers of another shape",
      { auths: {}, credHelpers: ["gh"] },
      'Secret/pull has "credHelpers": credential helpers are never run; put the credential itself into "auths"',
    ],
    ["depth", `{"auths": ${'{"a":'.repeat(50)}`, "Secret/pull is nested deeper than 16 levels"],
    ["more than 1 MiB", `{"auths": {}, "x": "${"x".repeat(1024 * 1024)}"}`, "Secret/pull is larger than 1048576 bytes"],
    [
      "more than 1,000 keys",
      { auths: Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`r${at}.io`, user("me")])) },
      "Secret/pull has more than 1000 keys",
    ],
  ];
  for (const [why, document, message] of refused) {
    it(`refuses ${why}`, () => {
      assert.deepEqual(decode(document), { ok: false, reason: "CredentialInvalid", message });
    });
  }

  it("takes empty credential helpers for none", () => {
    assert.equal(decode({ auths: {}, credsStore: "", credHelpers: {} }).ok, true);
  });

  it("warns of no more than eight things", () => {
    const config = auths(Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`not a registry ${at}`, user("me")])));
    assert.equal(config.ok && config.warnings.length, 8);
  });

  it("does not repeat a key that is no registry: it may be a password in the wrong place", () => {
    const config = auths({ [canary]: user("me") });
    assert.deepEqual(config.ok && config.warnings, ["Secret/pull: key 1 in alphabetical order is not a registry and is ignored"]);
  });

  it("prints no secret in any way, whatever it is given", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 3 }),
        fc.constantFrom("auth", "password", "registrytoken", "identitytoken", "username"),
        (noise, name) => {
          const entry = { username: "me", password: "pw", noise, [name]: name === "auth" ? base64(`me:${canary}`) : canary };
          for (const document of [{ auths: { "ghcr.io": entry } }, `{"auths": {"ghcr.io": ${JSON.stringify(entry)}`]) {
            const config = decode(document);
            const answer = config.ok ? credentialsFor(config.keys, image("ghcr.io/app"), source) : config;
            for (const value of [config, answer]) {
              for (const text of [inspect(value, { depth: 20, showHidden: true }), JSON.stringify(value)]) {
                assert.ok(!text.includes(canary) && !text.includes(base64(canary).slice(0, 8)));
              }
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("credentialsFor()", () => {
  const rows: readonly (readonly [why: string, keys: readonly string[], image: string, users: readonly string[] | string])[] = [
    ["a host", ["ghcr.io"], "ghcr.io/acme/app", ["ghcr.io"]],
    ["a URL", ["https://ghcr.io"], "ghcr.io/acme/app", ["https://ghcr.io"]],
    ["the URL of the API's root", ["https://ghcr.io/v2/"], "ghcr.io/acme/app", ["https://ghcr.io/v2/"]],
    ["an http URL", ["http://localhost:5000/v1"], "localhost:5000/app", ["http://localhost:5000/v1"]],
    ["what docker login writes for Docker Hub", ["https://index.docker.io/v1/"], "nginx", ["https://index.docker.io/v1/"]],
    ["a host in upper case", ["GHCR.io"], "ghcr.io/app", ["GHCR.io"]],
    [
      "the most specific first",
      ["ghcr.io", "ghcr.io/acme/team", "ghcr.io/acme"],
      "ghcr.io/acme/team/app",
      ["ghcr.io/acme/team", "ghcr.io/acme", "ghcr.io"],
    ],
    [
      "three at most",
      ["ghcr.io", "ghcr.io/a", "ghcr.io/a/b", "ghcr.io/a/b/c"],
      "ghcr.io/a/b/c/d",
      ["ghcr.io/a/b/c", "ghcr.io/a/b", "ghcr.io/a"],
    ],
    [
      "Hub's names in a fixed order, whatever the order in the file",
      ["registry-1.docker.io", "https://index.docker.io/v1/", "index.docker.io", "docker.io"],
      "acme/app",
      ["docker.io", "index.docker.io", "https://index.docker.io/v1/"],
    ],
    ["Hub's names with a path", ["index.docker.io/acme", "docker.io/acme"], "acme/app", ["docker.io/acme", "index.docker.io/acme"]],
    ["k8s #102472: whole segments", ["gcr.io/proj"], "gcr.io/project-evil/app", "NoMatchingKey"],
    ["a podman key with a path is not widened to its host", ["quay.io/team-a"], "quay.io/team-b/app", "NoMatchingKey"],
    ["connaisseur PR #2166: no prefix of a host", ["myacr.azurecr.io"], "myacr.azurecr.io.evil.com/app", "NoMatchingKey"],
    ["CVE-2023-45821: no suffix of a host", ["docker.io"], "evildocker.io/app", "NoMatchingKey"],
    ["registry.hub.docker.com is not Docker Hub", ["docker.io"], "registry.hub.docker.com/acme/app", "NoMatchingKey"],
    ["a port", ["ghcr.io"], "ghcr.io:5000/app", "NoMatchingKey"],
    ["a wildcard key is ignored", ["*.azurecr.io"], "acme.azurecr.io/app", "NoMatchingKey"],
    ["a glob key is ignored", ["*", "*.io", "gh*.io", "ghcr.io/*"], "ghcr.io/app", "NoMatchingKey"],
    ["a key with userinfo is ignored", ["https://me:pw@ghcr.io"], "ghcr.io/app", "NoMatchingKey"],
    ["a key with a disguised host is ignored", ["0x7f.1", "127.1", "ghcr.io."], "127.0.0.1/app", "NoMatchingKey"],
    ["a key named __proto__ is ignored", ["__proto__"], "ghcr.io/app", "NoMatchingKey"],
    ["no key", [], "ghcr.io/app", "NoMatchingKey"],
  ];
  for (const [why, keys, name, users] of rows) {
    it(`uses a key only where it matches: ${why}`, () => {
      const config = decode(
        `{"auths": {${keys.map((key) => `${JSON.stringify(key)}: ${JSON.stringify({ auth: base64(`${key.replaceAll(":", ";")}:pw`) })}`).join(",")}}}`,
      );
      assert.deepEqual(sent(config, name), typeof users === "string" ? users : users.map((key) => `basic ${key.replaceAll(":", ";")}:pw`));
    });
  }

  it("warns of a wildcard key", () => {
    const config = auths({ "*.azurecr.io": user("me") });
    assert.deepEqual(config.ok && config.warnings, ['Secret/pull: key "*.azurecr.io" has a wildcard and is ignored']);
  });

  it("warns of names for one registry that hold different credentials, and not of equal ones, which are sent once", () => {
    const differing = auths({ "docker.io": user("a"), "https://index.docker.io/v1/": user("b") });
    assert.deepEqual(differing.ok && differing.warnings, ['Secret/pull: several keys mean "docker.io" and hold different credentials']);
    const equal = auths({ "docker.io": user("a"), "https://index.docker.io/v1/": user("a") });
    assert.deepEqual(equal.ok && equal.warnings, []);
    assert.deepEqual(sent(equal, "nginx"), [`basic a:${canary}`]);
  });

  it("passes over a broken key to a wider one that matches too", () => {
    assert.deepEqual(sent(auths({ "ghcr.io/acme": {}, "ghcr.io": { auth: base64("me:pw") } }), "ghcr.io/acme/app"), ["basic me:pw"]);
  });
});

describe("refuseUseless()", () => {
  const rows: readonly (readonly [
    why: string,
    entries: Record<string, unknown>,
    patterns: readonly string[],
    reason: string | undefined,
  ])[] = [
    ["a key below the pattern", { "ghcr.io/acme": user("a") }, ["ghcr.io"], undefined],
    ["a key above the pattern", { "ghcr.io": user("a") }, ["ghcr.io/acme"], undefined],
    ["a key under a wildcard", { "acme.azurecr.io": user("a") }, ["*.azurecr.io"], undefined],
    ["a key beside the pattern", { "ghcr.io/b": user("a") }, ["ghcr.io/acme"], "NoMatchingKey"],
    ["a key of another registry", { "quay.io": user("a") }, ["ghcr.io"], "NoMatchingKey"],
    ["no key", {}, ["ghcr.io"], "NoMatchingKey"],
    ["a broken key", { "ghcr.io": {} }, ["ghcr.io"], "CredentialInvalid"],
  ];
  for (const [why, entries, patterns, reason] of rows) {
    it(`${reason === undefined ? "lets pass" : "refuses"} ${why}`, () => {
      const config = auths(entries);
      assert.equal(config.ok ? refuseUseless(config.keys, patterns.map(pattern), source)?.reason : "not decoded", reason);
    });
  }
});
