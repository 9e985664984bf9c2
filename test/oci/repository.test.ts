import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { apiAuthority, parseRegistryHost, parseRepository, printRepository, registryOf } from "../../src/oci/repository.ts";
import { anyHost, anyRepositoryText, value } from "./support.ts";

describe("parseRepository()", () => {
  const rows: readonly (readonly [why: string, text: string, answer: string])[] = [
    ["reads host and path", "signatures.acme.io/evidence", "signatures.acme.io/evidence"],
    ["expands nothing with library/", "docker.io/acme", "docker.io/acme"],
    ["knows Hub's other names", "index.docker.io/acme", "docker.io/acme"],
    ["wants the host written out", "acme/evidence", "NotARepository"],
    ["wants a path", "ghcr.io", "NotARepository"],
    ["wants a path after the slash", "ghcr.io/", "NotARepository"],
    ["refuses a tag", "ghcr.io/acme:v1", "BadPath"],
    ["refuses a digest", `ghcr.io/acme@sha256:${"a".repeat(64)}`, "Userinfo"],
    ["refuses a trailing slash", "ghcr.io/acme/", "BadPath"],
    ["refuses a wildcard", "*.acme.io/a", "BadHost"],
  ];
  for (const [why, text, answer] of rows) {
    it(`${why}: ${text}`, () => {
      const parsed = parseRepository(text);
      assert.equal(parsed.ok ? printRepository(parsed.value) : parsed.reason, answer);
    });
  }

  it("is undone by printRepository()", () => {
    fc.assert(
      fc.property(anyRepositoryText, (text) => {
        const repository = value(parseRepository(text));
        assert.deepEqual(value(parseRepository(printRepository(repository))), repository);
      }),
      { numRuns: 200 },
    );
  });
});

describe("parseRegistryHost()", () => {
  const rows: readonly (readonly [why: string, text: string, answer: string])[] = [
    ["reads a host", "GHCR.io", "ghcr.io"],
    ["drops :443", "ghcr.io:443", "ghcr.io"],
    ["keeps another port", "localhost:5000", "localhost:5000"],
    ["reads IPv6", "[::1]:5000", "[::1]:5000"],
    ["refuses a path", "ghcr.io/acme", "NotAHost"],
    ["refuses a wildcard", "*.azurecr.io", "NotAHost"],
    ["refuses a word", "registry", "NotAHost"],
    ["refuses a user", "a@ghcr.io", "Userinfo"],
    ["refuses a scheme", "http://ghcr.io", "Scheme"],
  ];
  for (const [why, text, answer] of rows) {
    it(`${why}: ${text}`, () => {
      const parsed = parseRegistryHost(text);
      assert.equal(parsed.ok ? registryOf(parsed.value) : parsed.reason, answer);
    });
  }

  it("is undone by registryOf()", () => {
    fc.assert(
      fc.property(anyHost, (text) => {
        const host = value(parseRegistryHost(text));
        assert.deepEqual(value(parseRegistryHost(registryOf(host))), host);
      }),
      { numRuns: 100 },
    );
  });
});

describe("apiAuthority()", () => {
  it("sends Docker Hub's requests to registry-1.docker.io", () => {
    assert.equal(apiAuthority({ host: "docker.io", port: undefined }), "registry-1.docker.io");
  });
  it("leaves docker.io on another port alone", () => {
    assert.equal(apiAuthority({ host: "docker.io", port: 5000 }), "docker.io:5000");
  });
  it("is what an origin has: a host of one label is given without :443", () => {
    assert.equal(apiAuthority(value(parseRegistryHost("registry:443"))), "registry");
  });
});
