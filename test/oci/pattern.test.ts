import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { matchesPattern, matchesScope, parsePattern, parseScope, wildcardRules } from "../../src/oci/pattern.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { anyPatternText, anyRepositoryText, image, pattern, value } from "./support.ts";

const canonical: readonly (readonly [why: string, text: string, printed: string])[] = [
  ["a host", "ghcr.io", "ghcr.io"],
  ["one trailing slash is tolerated", "ghcr.io/acme/", "ghcr.io/acme"],
  ["and after a host", "*.azurecr.io/", "*.azurecr.io"],
  ["case of the host", "GHCR.IO/acme", "ghcr.io/acme"],
  [":443 is no port", "ghcr.io:443/acme", "ghcr.io/acme"],
  ["a port", "localhost:5000/a/b", "localhost:5000/a/b"],
  ["Hub's names are one", "registry-1.docker.io/acme", "docker.io/acme"],
  ["nothing is expanded with library/", "docker.io/nginx", "docker.io/nginx"],
  ["a leading wildcard", "*.azurecr.io", "*.azurecr.io"],
  ["two wildcards", "*.dkr.ecr.*.amazonaws.com", "*.dkr.ecr.*.amazonaws.com"],
  ["a wildcard and a port", "*.acme.io:5000", "*.acme.io:5000"],
  ["a host of one label with a port", "registry:443", "registry:443"],
  ["IPv6", "[0::1]:443/x", "[::1]/x"],
];

const refused: readonly (readonly [text: string, reason: string, message: string])[] = [
  ["*.io", "TooWide", '"*.io" is too wide: "*" may not stand for one of the last two labels'],
  ["*", "TooWide", '"*" is too wide: "*" may not stand for one of the last two labels'],
  ["*:5000", "TooWide", '"*:5000" is too wide: "*" may not stand for one of the last two labels'],
  ["prefix.*.io", "TooWide", '"prefix.*.io" is too wide: "*" may not stand for one of the last two labels'],
  ["acme.azurecr.*", "TooWide", '"acme.azurecr.*" is too wide: "*" may not stand for one of the last two labels'],
  ["*.io/acme", "TooWide", '"*.io/acme" is too wide: "*" may not stand for one of the last two labels'],
  ["ghcr.io/acme/*", "WildcardInPath", '"ghcr.io/acme/*" has "*" in a path; write "ghcr.io/acme"'],
  ["ghcr.io/*", "WildcardInPath", '"ghcr.io/*" has "*" in a path; write "ghcr.io"'],
  ["ghcr.io/a/*/b", "WildcardInPath", '"ghcr.io/a/*/b" has "*" in a path; write "ghcr.io/a"'],
  ["ghcr.io/acme*", "WildcardInPath", '"ghcr.io/acme*" has "*" in a path; "*" stands for one whole label of the host'],
  ["ghcr.io/acme/**", "WildcardInPath", '"ghcr.io/acme/**" has "*" in a path; "*" stands for one whole label of the host'],
  ["*.acme.io/team", "WildcardWithPath", '"*.acme.io/team" has "*" in its host and a path; a pattern with "*" has no path'],
  ["*.acme.io/team/*", "WildcardWithPath", '"*.acme.io/team/*" has "*" in its host and a path; a pattern with "*" has no path'],
  ["k*.acme.io", "PartialWildcard", '"k*.acme.io" has "*" beside other characters; "*" stands for one whole label'],
  ["*k.acme.io", "PartialWildcard", '"*k.acme.io" has "*" beside other characters; "*" stands for one whole label'],
  ["k*.io", "PartialWildcard", '"k*.io" has "*" beside other characters; "*" stands for one whole label'],
  ["acme", "NotAHost", '"acme" does not begin with a registry host, which has "." or ":" in it or is "localhost"'],
  ["https://ghcr.io", "Scheme", '"https://ghcr.io" has a scheme; write it without "https://"'],
  ["ghcr.io/acme:v1", "BadTag", '"ghcr.io/acme:v1" has a tag; a pattern names repositories and no tags'],
  ["user@ghcr.io", "Userinfo", '"user@ghcr.io" has "@" in it; a pattern has neither a user nor a digest'],
  ["ghcr.io//", "BadPath", '"ghcr.io//" has an empty path segment'],
  ["ghcr.io/Acme", "BadPath", '"ghcr.io/Acme" has upper-case letters in its path'],
  ["*.168.0.1", "BadHost", '"*.168.0.1" has a host that ends in a number and is not a dotted IPv4 address'],
  ["bücher.io", "BadCharacter", '"b\\u00fccher.io" has a character outside ASCII; write an international host name in its "xn--" form'],
  ["ghcr.io/a\n", "BadCharacter", '"ghcr.io/a\\u000a" has white space or a control character in it'],
  ["", "Empty", '"" is empty'],
];

describe("parsePattern()", () => {
  for (const [why, text, printed] of canonical) {
    it(`makes ${text} canonical: ${why}`, () => {
      assert.equal(pattern(text).text, printed);
    });
  }

  for (const [text, reason, message] of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parsePattern(text), { ok: false, reason, message });
    });
  }

  it("gives the whole pattern", () => {
    assert.deepEqual(pattern("*.dkr.ecr.*.AmazonAWS.com:5000"), {
      text: "*.dkr.ecr.*.amazonaws.com:5000",
      labels: ["*", "dkr", "ecr", "*", "amazonaws", "com"],
      port: 5000,
      segments: [],
      wildcards: 2,
    });
  });

  it("takes its canonical text for what it is", () => {
    fc.assert(
      fc.property(anyPatternText, (text) => {
        const parsed = pattern(text);
        assert.deepEqual(pattern(parsed.text), parsed);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps every message below 257 bytes, however long the input", () => {
    for (const text of [`ghcr.io/${"a".repeat(900)}/*`, `${"é".repeat(900)}.io`, `${"a.".repeat(500)}*.io`]) {
      const parsed = parsePattern(text);
      assert.ok(!parsed.ok && Buffer.byteLength(parsed.message) <= 256, text);
    }
  });

  it("never suggests a pattern that does not parse", () => {
    const shape = fc.stringMatching(/^[a-c*./:]{0,12}$/);
    fc.assert(
      fc.property(shape, (text) => {
        const parsed = parsePattern(`h.io${text}`);
        const suggestion = parsed.ok ? undefined : /write "(.*)"$/.exec(parsed.message)?.[1];
        if (suggestion !== undefined && parsePattern(suggestion).ok) assert.ok(`h.io${text}`.startsWith(`${suggestion}/*`));
      }),
      { numRuns: 500 },
    );
  });

  it("gives each wildcard rule in RE2: no look-around, no back-references", () => {
    for (const source of Object.values(wildcardRules)) assert.doesNotMatch(source, /\(\?|\\[1-9]/);
  });
});

describe("parseScope()", () => {
  it('takes "*" for every image', () => assert.deepEqual(parseScope("*"), { ok: true, value: { kind: "all" } }));
  it("takes a pattern for what the pattern matches", () =>
    assert.deepEqual(parseScope("ghcr.io/acme"), { ok: true, value: { kind: "pattern", pattern: pattern("ghcr.io/acme") } }));
  it('refuses "*" on a port', () => assert.equal(parseScope("*:5000").ok, false));
});

const matches: readonly (readonly [why: string, pattern: string, image: string, answer: boolean])[] = [
  ["a registry matches what it holds", "ghcr.io", "ghcr.io/acme/app", true],
  ["a path matches below itself", "ghcr.io/acme", "ghcr.io/acme/app", true],
  ["a path matches itself", "ghcr.io/acme/app", "ghcr.io/acme/app:v1", true],
  ["k8s #102472: a path is compared by whole segments", "gcr.io/proj", "gcr.io/project-evil/app", false],
  ["kubelet asserts the opposite: pong is not pongz", "bar.example.com/pong", "bar.example.com/pongz", false],
  ["connaisseur PR #2166: a host is not a prefix of a host", "myacr.azurecr.io", "myacr.azurecr.io.evil.com/app", false],
  ["CVE-2023-45821: a host is not a suffix of a host", "docker.io", "evildocker.io/app", false],
  ["CVE-2025-27403: another host gets nothing of a wildcard", "*.azurecr.io", "evil.example/app", false],
  [
    "flux regex without $: the wildcard ends where the host does",
    "*.dkr.ecr.*.amazonaws.com",
    "012345678901.dkr.ecr.us-east-1.amazonaws.com.evil.com/app",
    false,
  ],
  ["kyverno regex without ^: a dot is a dot", "*.azurecr.io", "x.azurecrxio.evil.com/app", false],
  ["a suffix without its dot", "*.azurecr.io", "evilazurecr.io/app", false],
  ["one wildcard is one label, not two", "*.azurecr.io", "a.b.azurecr.io/app", false],
  ["and not none", "*.azurecr.io", "azurecr.io/app", false],
  ["two wildcards", "*.dkr.ecr.*.amazonaws.com", "012345678901.dkr.ecr.us-east-1.amazonaws.com/app", true],
  ["a wildcard never matches an IP address", "*.0.acme.io", "10.0.0.1/app", false],
  ["ggcr github keychain: another port is another registry", "ghcr.io", "ghcr.io:8443/acme/app", false],
  ["a port does not match none", "ghcr.io:8443", "ghcr.io/acme/app", false],
  ["443 is none", "ghcr.io:443", "ghcr.io/acme/app", true],
  ["registries.conf FIXME: the port counts under a wildcard too", "*.acme.io", "a.acme.io:5000/app", false],
  ["the case of a host does not count", "GHCR.io/acme", "ghcr.IO/acme/app", true],
  ["Hub's names are one", "index.docker.io/acme", "docker.io/acme/app", true],
  ["an official image is below library", "docker.io/library", "nginx", true],
  ["and not under its bare name, since patterns are not expanded", "docker.io/nginx", "nginx", false],
  ["registry.hub.docker.com is another registry", "docker.io", "registry.hub.docker.com/acme/app", false],
  ["a host in the path is a path", "myacr.azurecr.io", "evil.com/myacr.azurecr.io/app", false],
  ["a host without a slash is a name on Docker Hub", "myacr.azurecr.io", "myacr.azurecr.io", false],
  ["a dotted quad by itself", "10.0.0.1", "10.0.0.1/app", true],
  ["IPv6 in any spelling", "[0:0::1]", "[::1]/app", true],
  ["a tag does not count", "ghcr.io/acme/app", "ghcr.io/acme/app:sandbox", true],
];

describe("matchesPattern()", () => {
  for (const [why, text, name, answer] of matches) {
    it(`${why}: ${text} ${answer ? "matches" : "does not match"} ${name}`, () => {
      assert.equal(matchesPattern(pattern(text), image(name)), answer);
    });
  }

  it("matches no host that is not equal label by label, no other port, no path that is not a leading run of segments", () => {
    fc.assert(
      fc.property(anyPatternText, anyRepositoryText, (text, name) => {
        const [wanted, repository] = [pattern(text), image(name)];
        const ip = repository.host.startsWith("[") || /\.[0-9]+$/.test(repository.host);
        const labels = ip ? [repository.host] : repository.host.split(".");
        const expected =
          wanted.port === repository.port &&
          wanted.labels.length === labels.length &&
          wanted.labels.every((label, at) => label === labels[at] || (label === "*" && !ip)) &&
          JSON.stringify(wanted.segments) === JSON.stringify(repository.segments.slice(0, wanted.segments.length));
        assert.equal(matchesPattern(wanted, repository), expected);
      }),
      { numRuns: 1000 },
    );
  });

  it("is not led astray by a host that merely contains the pattern", () => {
    fc.assert(
      fc.property(fc.constantFrom("azurecr.io", "docker.io", "acme.io"), fc.stringMatching(/^[a-z]{1,5}$/), (host, extra) => {
        for (const name of [`${extra}${host}/a`, `${host}${extra}/a`, `${host}.${extra}/a`, `${extra}.com/${host}/a`, `${extra}-${host}/a`])
          assert.equal(matchesPattern(pattern(host), value(parseReference(name)).repository), false, name);
      }),
      { numRuns: 100 },
    );
  });
});

describe("matchesScope()", () => {
  it("matches everything for every image", () => assert.equal(matchesScope({ kind: "all" }, image("nginx")), true));
  it("matches as the pattern does otherwise", () => {
    assert.equal(matchesScope(value(parseScope("ghcr.io/acme")), image("ghcr.io/acme/app")), true);
    assert.equal(matchesScope(value(parseScope("ghcr.io/acme")), image("ghcr.io/acme-evil/app")), false);
  });
});
