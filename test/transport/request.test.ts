import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Secret } from "../../src/kernel/secret.ts";
import { type Authorization, maySend } from "../../src/transport/authorization.ts";
import { nextPage, type RegistryRequest, requestPath } from "../../src/transport/request.ts";
import { TransportError } from "../../src/transport/transport-error.ts";

const request = (resource: readonly string[], repository: readonly string[] = ["team", "app"], query?: string): RegistryRequest => ({
  access: { origin: "https://registry.acme.io", credentials: [], tokenHosts: [], identity: "x", reach: "registry" },
  method: "GET",
  repository,
  resource,
  limitBytes: 1,
  ...(query !== undefined && { query }),
});
const digest = `sha256:${"a".repeat(64)}`;

describe("requestPath() (H1, H15)", () => {
  it("is made of segments", () => {
    assert.equal(requestPath(request(["manifests", digest])), `/v2/team/app/manifests/${digest}`);
    assert.equal(requestPath(request(["tags", "list"], ["a"], "n=1")), "/v2/a/tags/list?n=1");
    assert.equal(requestPath(request([], [])), "/v2/");
  });

  const refused: readonly (readonly [string, RegistryRequest])[] = [
    ["CVE-2024-3727: a digest that steps up", request(["manifests", "../../x"])],
    ["CVE-2024-3727: a digest with an encoded slash", request(["manifests", "sha256:..%2fx"])],
    ["a segment of dots", request(["manifests", ".."])],
    ["an empty segment", request(["manifests", ""])],
    ["a slash in a segment of the repository", request(["manifests", "1"], ["a/b"])],
    ["a step up in the repository", request(["manifests", "1"], ["..", "evil"])],
    ["a question mark", request(["manifests", "1?x"])],
    ["a line break", request(["manifests", "1\r\nHost: evil.example"])],
    ["a repository without a resource", request([])],
    ["a resource without a repository", request(["manifests", "1"], [])],
    ["a query with a space", request(["tags", "list"], ["a"], "n=1 HTTP/1.1")],
  ];
  for (const [name, bad] of refused) it(`refuses ${name}`, () => assert.throws(() => requestPath(bad), { code: "INVARIANT_VIOLATED" }));
});

describe("nextPage() (H8)", () => {
  const page = request(["referrers", digest]);
  const current = new URL(`https://registry.acme.io/v2/team/app/referrers/${digest}`);
  const next = (link: string): string => {
    try {
      const found = nextPage(page, link, current);
      return found === undefined ? "none" : requestPath(found);
    } catch (error) {
      assert.ok(error instanceof TransportError);
      return error.class;
    }
  };
  const rows: readonly (readonly [string, string, string])[] = [
    [
      "follows a path on the same repository",
      `</v2/team/app/referrers/${digest}?from=2>; rel="next"`,
      `/v2/team/app/referrers/${digest}?from=2`,
    ],
    ["follows a query alone", '<?from=2>; rel="next"', `/v2/team/app/referrers/${digest}?from=2`],
    [
      "follows a whole URL of the same origin",
      `<https://registry.acme.io/v2/team/app/tags/list?n=1>; rel=next`,
      "/v2/team/app/tags/list?n=1",
    ],
    [
      "follows the link among others that is next",
      `</v2/team/app/x>; rel="prev", </v2/team/app/y>; title="a"; rel="next"`,
      "/v2/team/app/y",
    ],
    ["follows nothing that is not next", `</v2/team/app/x>; rel="prev"`, "none"],
    ["follows nothing that is no link", "next", "none"],
    ["refuses another host (CVE-2021-32690)", '<https://evil.example/v2/team/app/tags/list>; rel="next"', "UnsafeEndpoint"],
    ["refuses another port", '<https://registry.acme.io:8443/v2/team/app/tags/list>; rel="next"', "UnsafeEndpoint"],
    ["refuses plain http", '<http://registry.acme.io/v2/team/app/tags/list>; rel="next"', "UnsafeEndpoint"],
    ["refuses a host by two slashes", '<//evil.example/v2/team/app/tags/list>; rel="next"', "UnsafeEndpoint"],
    ["refuses a user", '<https://a:b@registry.acme.io/v2/team/app/tags/list>; rel="next"', "UnsafeEndpoint"],
    ["refuses another repository (oras #1430)", '</v2/team/other/tags/list>; rel="next"', "UnsafeEndpoint"],
    ["refuses a repository that begins alike (k8s #102472)", '</v2/team/app-evil/tags/list>; rel="next"', "UnsafeEndpoint"],
    ["refuses steps out of the repository", '</v2/team/app/../other/tags/list>; rel="next"', "UnsafeEndpoint"],
    ["refuses encoded steps", '</v2/team/app/%2e%2e/other/tags/list>; rel="next"', "UnsafeEndpoint"],
    ["refuses an encoded slash", '</v2/team/app/..%2fother>; rel="next"', "ProtocolError"],
    ["refuses a backslash", '</v2/team/app\\..\\other>; rel="next"', "ProtocolError"],
  ];
  for (const [name, link, expected] of rows) it(name, () => assert.equal(next(link), expected));
  it("follows nothing where there is no header", () => assert.equal(nextPage(page, undefined, current), undefined));
});

describe("maySend() (H1)", () => {
  const authorization: Authorization = {
    header: new Secret("Basic x"),
    origin: "https://registry.acme.io",
    pathPrefixes: ["/v2/team-a/"],
    sentAs: "a",
    cached: false,
  };
  const rows: readonly (readonly [string, string, string, boolean])[] = [
    ["its own prefix", "https://registry.acme.io", "/v2/team-a/app/manifests/1?n=1", true],
    ["/v2/ exactly", "https://registry.acme.io", "/v2/", true],
    ["not below /v2/ elsewhere", "https://registry.acme.io", "/v2/team-b/app/manifests/1", false],
    ["not a prefix that is no whole segment", "https://registry.acme.io", "/v2/team-a-evil/app/manifests/1", false],
    ["not another port", "https://registry.acme.io:8443", "/v2/team-a/app/manifests/1", false],
    ["not plain http", "http://registry.acme.io", "/v2/team-a/app/manifests/1", false],
    ["not a host that begins alike", "https://registry.acme.io.evil.example", "/v2/team-a/app/manifests/1", false],
    ["not a step out", "https://registry.acme.io", "/v2/team-a/../team-b/manifests/1", false],
    ["not an encoded step out", "https://registry.acme.io", "/v2/team-a/%2e%2e/team-b/manifests/1", false],
    ["not an encoded slash", "https://registry.acme.io", "/v2/team-a/..%2fteam-b", false],
    ["not a step out with a parameter (RFC 3986 §3.3)", "https://registry.acme.io", "/v2/team-a/..;/team-b/manifests/1", false],
    ["not a step out that is encoded twice", "https://registry.acme.io", "/v2/team-a/%252e%252e/team-b/manifests/1", false],
    ["not outside /v2/", "https://registry.acme.io", "/token", false],
  ];
  for (const [name, origin, path, expected] of rows) it(name, () => assert.equal(maySend(authorization, origin, path), expected));

  it("is never fooled by a prefix that is not below /v2/", () => {
    const wide = { ...authorization, pathPrefixes: ["/", "", "/v2", "/v2/x"] };
    fc.assert(
      fc.property(fc.webPath(), (path) => {
        if (path !== "/v2/") assert.equal(maySend(wide, wide.origin, path), false);
      }),
      { numRuns: 100 },
    );
  });
});
