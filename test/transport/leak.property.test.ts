import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { startRegistry } from "../support/registry.ts";
import { virtualNetwork } from "../support/registry/network.ts";
import { access, basic, canary, get, never, tls, transport } from "./fixture.ts";

const origin = "https://registry.acme.io";
const place = fc
  .tuple(
    fc.constantFrom("https://", "http://", "//", ""),
    fc.constantFrom(
      "registry.acme.io",
      "registry.acme.io:443",
      "registry.acme.io:8443",
      "evil.example",
      "other.acme.io",
      "registry.acme.io@evil.example",
      "registry.acme.io.evil.example",
      "127.0.0.1",
      "169.254.169.254",
    ),
    fc.constantFrom(
      "/token",
      "/v2/",
      "/v2/team/app/x",
      "/v2/team/app/../other/x",
      "/v2/team/app-evil/x",
      "/v2/team/other/x",
      "/v2/team/app/%2e%2e/x",
      "/",
    ),
  )
  .map((parts) => parts.join(""));

interface Step {
  readonly kind: "redirect" | "realm" | "basic" | "link" | "honest";
  readonly place: string;
  readonly status: number;
}
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("redirect" as const, "realm" as const, "basic" as const, "link" as const, "honest" as const),
  place,
  status: fc.constantFrom(301, 302, 303, 307, 308),
});

it("no Authorization header reaches an origin other than the bound one, or a path outside its prefix, under random redirects, realms and Links", async () => {
  await using registry = await startRegistry({ tls, auth: { kind: "basic", users: { alice: canary } } });
  await using evil = await startRegistry({ tls });
  registry.pushImage("team/app", { tag: "1" });
  const network = virtualNetwork({
    "registry.acme.io": { port: registry.port },
    "registry.acme.io:8443": { port: evil.port },
    "registry.acme.io:80": { port: evil.port },
    "evil.example": { port: evil.port },
    "other.acme.io": { port: evil.port },
    "registry.acme.io.evil.example": { port: evil.port },
  });
  let asked = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), fc.array(step, { maxLength: 3 }), async (own, others) => {
      registry.clearModes();
      evil.clearModes();
      registry.requests.length = 0;
      evil.requests.length = 0;
      // The mode set last is played first, each once: a script.
      for (const [server, script] of [[registry, own] as const, [evil, others] as const])
        for (const { kind, place, status } of script.toReversed()) {
          if (kind === "redirect") server.setMode("/", { kind: "redirect", location: place, status }, { times: 1 });
          if (kind === "link")
            server.setMode("/", { kind: "bytes", body: "{}", headers: { link: `<${place}>; rel="next"` } }, { times: 1 });
          if (kind === "basic")
            server.setMode("/", { kind: "status", status: 401, headers: { "www-authenticate": "Basic" } }, { times: 1 });
          if (kind === "realm")
            server.setMode(
              "/",
              { kind: "status", status: 401, headers: { "www-authenticate": `Bearer realm="${place}",service="s"` } },
              { times: 1 },
            );
        }
      await using client = transport({ network });
      const credential = basic(origin, { pathPrefixes: ["/v2/team/app/"] });
      let request = get(access(origin, { credentials: [credential] }), "team/app", "manifests/1");
      for (let n = 0; n < 3; n += 1) {
        const next = await client.send(request, never).then(
          (response) => response.next,
          () => undefined,
        );
        if (next !== undefined) request = next;
      }
      asked += registry.requests.length;
      assert.deepEqual(
        evil.requests.filter(({ authorization, body, path }) => authorization !== undefined || `${body}${path}`.includes(canary)),
        [],
      );
      for (const { authorization, path } of registry.requests) {
        if (authorization === undefined) continue;
        const [pathname = ""] = path.split("?");
        // A realm may be anything on the registry's own origin.
        const isTokenRequest = path.includes("scope=repository%3Ateam%2Fapp%3Apull");
        assert.ok(pathname === "/v2/" || pathname.startsWith("/v2/team/app/") || isTokenRequest, path);
        assert.ok(!pathname.includes("..") && !pathname.toLowerCase().includes("%2e"), path);
      }
    }),
    { numRuns: 120, interruptAfterTimeLimit: 15_000 },
  );
  assert.ok(asked > 100, "the script did play");
});
