import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { Secret } from "../../src/kernel/secret.ts";
import { type KeychainProvider, patternConflicts } from "../../src/keychain/keychain.ts";
import { CredentialUnavailableError, type Keychain } from "../../src/keychain/ports.ts";
import { image } from "../oci/support.ts";
import { failing, keychain, provider, signal, withoutCredential } from "./support.ts";

async function refusal(chain: Keychain, name: string): Promise<readonly [reason: string, message: string]> {
  const error: unknown = await chain.resolve(image(name), signal).catch((error: unknown) => error);
  assert.ok(error instanceof CredentialUnavailableError, inspect(error));
  return [error.reason, error.message];
}

const winners: readonly (readonly [why: string, patterns: readonly string[], image: string, winner: string])[] = [
  [
    "a literal host beats a wildcard, however long the wildcard's host",
    ["*.azurecr.io", "acme.azurecr.io"],
    "acme.azurecr.io/app",
    "acme.azurecr.io",
  ],
  ["fewer wildcards beat more", ["*.*.b.acme.io", "*.a.b.acme.io"], "x.a.b.acme.io/app", "*.a.b.acme.io"],
  ["the longer path wins", ["ghcr.io", "ghcr.io/acme", "ghcr.io/acme/team"], "ghcr.io/acme/team/app", "ghcr.io/acme/team"],
  [
    "a path that stops short of the repository counts",
    ["ghcr.io", "ghcr.io/acme", "ghcr.io/acme/team"],
    "ghcr.io/acme/app",
    "ghcr.io/acme",
  ],
  ["a gap in the paths is no obstacle", ["ghcr.io", "ghcr.io/a/b/c"], "ghcr.io/a/b/c/d", "ghcr.io/a/b/c"],
  ["k8s #102472: proj is not project-evil", ["gcr.io/proj", "gcr.io"], "gcr.io/project-evil/app", "gcr.io"],
  ["a wildcard serves where the literal host has only other paths", ["*.acme.io", "a.acme.io/team"], "a.acme.io/other", "*.acme.io"],
  ["a port is another registry", ["acme.io", "acme.io:5000"], "acme.io:5000/app", "acme.io:5000"],
  ["Hub's names are one", ["registry-1.docker.io/library"], "nginx", "docker.io/library"],
];

describe("ViewKeychain.select()", () => {
  for (const [why, patterns, name, winner] of winners) {
    it(`takes ${winner} for ${name}: ${why}`, () => {
      for (const ordered of [patterns, patterns.toReversed()]) {
        const selection = keychain(ordered.map((text) => provider(`has ${text}`, [text]))).select(image(name));
        const { candidates, ...rest } = selection;
        assert.deepEqual(rest, {
          outcome: "Selected",
          provider: `has ${patterns.find((text) => text === winner) ?? patterns[0]}`,
          pattern: winner,
        });
        assert.equal(candidates.length, patterns.length);
      }
    });
  }

  it("names every candidate and what became of it, the winner first", () => {
    const chain = keychain([
      provider("wide", ["*.azurecr.io"]),
      provider("host", ["acme.azurecr.io"]),
      provider("team", ["acme.azurecr.io/team", "quay.io"]),
      provider("late", ["acme.azurecr.io/team"], { creationTime: 9 }),
    ]);
    assert.deepEqual(chain.select(image("acme.azurecr.io/team/app")), {
      outcome: "Selected",
      provider: "team",
      pattern: "acme.azurecr.io/team",
      candidates: [
        { name: "team", pattern: "acme.azurecr.io/team", reason: "Selected" },
        { name: "late", pattern: "acme.azurecr.io/team", reason: "PatternConflict" },
        { name: "host", pattern: "acme.azurecr.io", reason: "LessSpecific" },
        { name: "wide", pattern: "*.azurecr.io", reason: "MoreWildcards" },
        { name: "team", pattern: "quay.io", reason: "NoMatch" },
      ],
    });
  });

  it("never guesses between two patterns of equal rank", async () => {
    const chain = keychain([provider("x", ["*.b.acme.io"]), provider("y", ["a.*.acme.io"]), provider("z", ["*.*.acme.io"])]);
    const message = '"*.b.acme.io" of AuthProvider/x and "a.*.acme.io" of AuthProvider/y match a.b.acme.io, and neither is more specific';
    assert.deepEqual(chain.select(image("a.b.acme.io/app")), {
      outcome: "PatternConflict",
      reason: "PatternConflict",
      message,
      candidates: [
        { name: "x", pattern: "*.b.acme.io", reason: "EqualRank" },
        { name: "y", pattern: "a.*.acme.io", reason: "EqualRank" },
        { name: "z", pattern: "*.*.acme.io", reason: "MoreWildcards" },
      ],
    });
    assert.deepEqual(await refusal(chain, "a.b.acme.io/app"), ["PatternConflict", message]);
    assert.equal(chain.select(image("a.c.acme.io/app")).outcome, "Selected");
  });

  it("takes two patterns of equal rank of one provider for what they are: the same answer", async () => {
    const chain = keychain([provider("x", ["a.*.acme.io", "*.b.acme.io"])]);
    assert.equal((await chain.resolve(image("a.b.acme.io/app"), signal)).provider, "x");
  });

  it("says what provider was selected and why it cannot help", () => {
    const invalid = { reason: "InvalidSpec", message: "AuthProvider/x is invalid" } as const;
    for (const options of [{ invalid }, { provider: failing(invalid.reason, invalid.message) }] satisfies Partial<KeychainProvider>[]) {
      const { candidates, ...rest } = keychain([provider("x", ["ghcr.io"], options), provider("wide", ["*.b.acme.io"])]).select(
        image("ghcr.io/a"),
      );
      assert.deepEqual(rest, { outcome: "CredentialUnavailable", ...invalid, provider: "x", pattern: "ghcr.io" });
      assert.equal(candidates[0]?.reason, "Selected");
    }
  });

  it("says Anonymous or Denied where nothing matches, with the nearest pattern", () => {
    const acme = provider("acme", ["*.acme.com", "quay.io"]);
    for (const [unmatched, outcome] of [
      ["Anonymous", "Anonymous"],
      ["Deny", "Denied"],
    ] as const) {
      assert.deepEqual(keychain([acme], { unmatched }).select(image("mirror.acme.io/app")), {
        outcome,
        nearest: { provider: "acme", pattern: "*.acme.com" },
        candidates: [
          { name: "acme", pattern: "*.acme.com", reason: "NoMatch" },
          { name: "acme", pattern: "quay.io", reason: "NoMatch" },
        ],
      });
    }
  });

  it("lists at most 100 candidates, the matching ones among them", () => {
    const others = Array.from({ length: 300 }, (_, at) => provider(`p${at}`, [`registry${at}.example.com`]));
    const { candidates } = keychain([...others, provider("z", ["ghcr.io"])]).select(image("ghcr.io/app"));
    assert.equal(candidates.length, 100);
    assert.deepEqual(candidates[0], { name: "z", pattern: "ghcr.io", reason: "Selected" });
  });
});

describe("the nearest pattern of a refusal", () => {
  const rows: readonly (readonly [why: string, patterns: readonly string[], image: string, nearest: string | undefined])[] = [
    ["the same labels under another top level", ["*.acme.com"], "mirror.acme.io/app", "*.acme.com"],
    ["the same host, another path", ["quay.io", "ghcr.io/acme"], "ghcr.io/other/app", "ghcr.io/acme"],
    ["the same host, the path that goes furthest", ["ghcr.io/acme/x", "ghcr.io/b"], "ghcr.io/acme/y", "ghcr.io/acme/x"],
    ["the same host, another port", ["localhost:5001"], "localhost:5000/app", "localhost:5001"],
    ["two letters swapped", ["gchr.io"], "ghcr.io/app", "gchr.io"],
    ["a letter missing", ["acme.azurcr.io"], "acme.azurecr.io/app", "acme.azurcr.io"],
    ["nothing where only the top level agrees", ["quay.io"], "ghcr.io/app", undefined],
    ["nothing where there is nothing", [], "ghcr.io/app", undefined],
  ];
  for (const [why, patterns, name, nearest] of rows) {
    it(`is ${nearest ?? "not given"}: ${why}`, () => {
      const selection = keychain(patterns.map((text, at) => provider(`p${at}`, [text]))).select(image(name));
      assert.equal(selection.outcome === "Anonymous" ? selection.nearest?.pattern : selection.outcome, nearest);
    });
  }
});

describe("ViewKeychain.resolve()", () => {
  it("binds a credential to the request's origin and the pattern's path", async () => {
    const chain = keychain([provider("acme", ["ghcr.io/acme"], { tokenHosts: [{ registry: "ghcr.io", tokenHost: "auth.acme.io" }] })]);
    const resolved = await chain.resolve(image("ghcr.io/acme/app"), signal);
    const [credential] = resolved.credentials;
    assert.equal(credential?.secret.reveal(), "password of acme");
    assert.deepEqual(resolved, {
      origin: "https://ghcr.io",
      credentials: [
        {
          scheme: "basic",
          // Secrets compare equal whatever they hold: their values were asserted above.
          username: new Secret(""),
          secret: new Secret(""),
          revision: "secret-acme/1",
          origin: "https://ghcr.io",
          pathPrefixes: ["/v2/acme/"],
          provider: "acme",
          identity: "uid-acme/r1/secret-acme/1",
        },
      ],
      tokenHosts: ["auth.acme.io"],
      provider: "acme",
      identity: "uid-acme/r1/secret-acme/1",
    });
  });

  const origins: readonly (readonly [why: string, pattern: string, image: string, origin: string, plain: boolean])[] = [
    ["Docker Hub's API has its own host", "docker.io", "nginx", "https://registry-1.docker.io", false],
    ["a port stays", "acme.io:5000", "acme.io:5000/app", "https://acme.io:5000", false],
    ["IPv6 stands in brackets", "[::1]:5000", "[::1]:5000/app", "https://[::1]:5000", false],
    [":443 is no part of an origin", "registry:443", "registry:443/app", "https://registry", false],
    ["https on port 80 is possible", "acme.io:80", "acme.io:80/app", "https://acme.io:80", false],
    ["http where the provider says so", "localhost:5000", "localhost:5000/app", "http://localhost:5000", true],
    [":80 is no part of an http origin", "acme.io:80", "acme.io:80/app", "http://acme.io", true],
  ];
  for (const [why, text, name, origin, plain] of origins) {
    it(`goes to ${origin}: ${why}`, async () => {
      const acme = provider("acme", [text], { plainHTTPHosts: plain ? [text] : ["other.io"], allowCredentialsOverHTTP: true });
      const resolved = await keychain([acme]).resolve(image(name), signal);
      assert.equal(resolved.origin, origin);
      assert.equal(new URL(resolved.origin).origin, origin);
      assert.deepEqual(
        resolved.credentials.map((credential) => [credential.origin, credential.pathPrefixes]),
        [[origin, ["/v2/"]]],
      );
    });
  }

  it("gives token hosts for the registry that they were declared for, and no other", async () => {
    const acme = provider("acme", ["*.b.acme.io"], { tokenHosts: [{ registry: "a.b.acme.io", tokenHost: "gitlab.acme.io" }] });
    assert.deepEqual((await keychain([acme]).resolve(image("a.b.acme.io/app"), signal)).tokenHosts, ["gitlab.acme.io"]);
    assert.deepEqual((await keychain([acme]).resolve(image("x.b.acme.io/app"), signal)).tokenHosts, []);
  });

  it("sends no secret over http unless that is allowed in so many words", async () => {
    const acme = provider("acme", ["localhost:5000"], { plainHTTPHosts: ["localhost:5000"] });
    assert.equal(keychain([acme]).origin(image("localhost:5000/app")), "http://localhost:5000");
    assert.deepEqual(await refusal(keychain([acme]), "localhost:5000/app"), [
      "PlainHTTPNotAllowed",
      "AuthProvider/acme names localhost:5000 in plainHTTPHosts without allowCredentialsOverHTTP",
    ]);
  });

  it("speaks http without a secret where there is none to send", async () => {
    const acme = provider("acme", ["localhost:5000"], { plainHTTPHosts: ["localhost:5000"], provider: withoutCredential });
    assert.deepEqual(await keychain([acme]).resolve(image("localhost:5000/app"), signal), {
      origin: "http://localhost:5000",
      credentials: [],
      tokenHosts: [],
      provider: "acme",
      identity: "anonymous",
    });
  });

  it("does not let another provider's plainHTTPHosts lower a registry to http", async () => {
    const chain = keychain([provider("mine", ["acme.io"]), provider("other", ["acme.io/x", "other.io"], { plainHTTPHosts: ["acme.io"] })]);
    assert.equal((await chain.resolve(image("acme.io/app"), signal)).origin, "https://acme.io");
  });

  it("does not fall through to a wider provider, nor to none", async () => {
    const chain = keychain([
      provider("wide", ["ghcr.io"]),
      provider("acme", ["ghcr.io/acme"], { provider: failing("RefNotFound", "Secret/a does not exist") }),
    ]);
    assert.deepEqual(await refusal(chain, "ghcr.io/acme/app"), ["RefNotFound", "Secret/a does not exist"]);
    assert.equal((await chain.resolve(image("ghcr.io/b/app"), signal)).provider, "wide");
  });

  it("CVE-2021-41092: a provider's failure never changes where a credential goes", async () => {
    const chain = keychain([
      provider("hub", ["docker.io"]),
      provider("acme", ["acme.io"], { provider: failing("CredentialInvalid", "helper failed") }),
    ]);
    assert.deepEqual(await refusal(chain, "acme.io/app"), ["CredentialInvalid", "helper failed"]);
  });

  it("lets an invalid provider keep its patterns", async () => {
    const invalid = { reason: "InvalidSpec", message: "AuthProvider/x is invalid: spec.type" } as const;
    const chain = keychain([provider("x", ["ghcr.io/acme"], { invalid }), provider("wide", ["ghcr.io"])]);
    assert.deepEqual(await refusal(chain, "ghcr.io/acme/app"), ["InvalidSpec", "AuthProvider/x is invalid: spec.type"]);
  });

  it("sends nothing where nothing matches, and says so", async () => {
    const resolved = await keychain([provider("acme", ["*.acme.com"], { plainHTTPHosts: ["mirror.acme.io"] })]).resolve(
      image("mirror.acme.io/app"),
      signal,
    );
    assert.deepEqual(resolved, {
      origin: "https://mirror.acme.io",
      credentials: [],
      tokenHosts: [],
      identity: "anonymous",
      note: 'sent without a credential: no AuthProvider matches mirror.acme.io (nearest pattern: "*.acme.com" of AuthProvider/acme)',
    });
  });

  it("refuses a host that nothing matches with unmatched: Deny", async () => {
    assert.deepEqual(await refusal(keychain([], { unmatched: "Deny" }), "ghcr.io/app"), [
      "HostNotAllowed",
      "unmatched is Deny and no AuthProvider matches ghcr.io",
    ]);
  });

  it("does not take a missing authProviderRef for anonymous, nor for all", async () => {
    const chain = keychain([provider("acme", ["acme.io"])], { missingRefs: ["gone", "too"] });
    const message = "AuthProvider/gone (and 1 more) does not exist, and no other that the Store names matches ghcr.io";
    assert.deepEqual(await refusal(chain, "ghcr.io/app"), ["ProviderNotFound", message]);
    assert.equal(chain.select(image("ghcr.io/app")).outcome, "CredentialUnavailable");
    assert.equal((await chain.resolve(image("acme.io/app"), signal)).provider, "acme");
  });

  it("gives three credentials at most", async () => {
    const five = Array.from({ length: 5 }, (_, at) => ({
      scheme: "bearer" as const,
      secret: new Secret(`token ${at}`),
      revision: `${at}`,
    }));
    const chain = keychain([provider("x", ["a.io"], { provider: { ...withoutCredential, credentials: () => Promise.resolve(five) } })]);
    assert.equal((await chain.resolve(image("a.io/b"), signal)).credentials.length, 3);
  });

  it("prints no secret in any way", async () => {
    const resolved = await keychain([provider("acme", ["ghcr.io"])]).resolve(image("ghcr.io/app"), signal);
    for (const text of [
      inspect(resolved, { depth: 9, showHidden: true }),
      JSON.stringify(resolved),
      String(resolved.credentials[0]?.secret),
    ])
      assert.doesNotMatch(text, /password of/);
  });
});

describe("patternConflicts()", () => {
  const conflicts = (providers: readonly KeychainProvider[]) => Object.fromEntries(patternConflicts(providers));

  it("leaves a pattern to the older object, by its canonical text", () => {
    const providers = [
      provider("new", ["index.docker.io/acme", "ghcr.io"], { creationTime: 2 }),
      provider("old", ["DOCKER.io:443/acme/"], { creationTime: 1 }),
    ];
    assert.deepEqual(conflicts(providers), { new: [{ pattern: "docker.io/acme", keptBy: "old" }] });
    assert.deepEqual(conflicts(providers.toReversed()), { new: [{ pattern: "docker.io/acme", keptBy: "old" }] });
  });

  it("leaves it to the first name where both are as old", () => {
    assert.deepEqual(conflicts([provider("b", ["ghcr.io"]), provider("a", ["ghcr.io"])]), { b: [{ pattern: "ghcr.io", keptBy: "a" }] });
  });

  it("does not count a provider that names one pattern twice", () => {
    assert.deepEqual(conflicts([provider("a", ["ghcr.io", "ghcr.io:443"])]), {});
  });

  it("does not count patterns that merely overlap", () => {
    assert.deepEqual(
      conflicts([
        provider("a", ["ghcr.io"]),
        provider("b", ["ghcr.io/acme"]),
        provider("c", ["*.b.acme.io"]),
        provider("d", ["a.*.acme.io"]),
      ]),
      {},
    );
  });

  it("lets the newer object's other patterns work", () => {
    const chain = keychain([
      provider("old", ["ghcr.io"], { creationTime: 1 }),
      provider("new", ["ghcr.io", "quay.io"], { creationTime: 2 }),
    ]);
    const selected = ["ghcr.io/a", "quay.io/a"].map((name) => chain.select(image(name)));
    assert.deepEqual(
      selected.map((selection) => ("provider" in selection ? selection.provider : undefined)),
      ["old", "new"],
    );
  });
});
