import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseReference, printReference } from "../../src/oci/reference.ts";
import { anyRepositoryText, value } from "./support.ts";

const digest = `sha256:${"0a".repeat(32)}`;

const canonical: readonly (readonly [why: string, text: string, printed: string])[] = [
  ["one word is an official image on Docker Hub", "nginx", "docker.io/library/nginx"],
  ["two words are a repository on Docker Hub", "acme/app:1", "docker.io/acme/app:1"],
  ["a host without a slash is no host", "myacr.azurecr.io", "docker.io/library/myacr.azurecr.io"],
  ["a host and port without a slash are a name and a tag", "localhost:5000", "docker.io/library/localhost:5000"],
  ["a dot makes a host", "ghcr.io/acme/app", "ghcr.io/acme/app"],
  ["a colon makes a host", "registry:5000/app", "registry:5000/app"],
  ["localhost is a host", "localhost/app", "localhost/app"],
  ["an upper-case letter makes a host", "Registry/app", "registry:443/app"],
  ["a host of one label keeps its :443 in print, without which it would read as a path", "registry:443/app", "registry:443/app"],
  ["hosts are lower-cased", "GHCR.IO/acme/app:Tag", "ghcr.io/acme/app:Tag"],
  [":443 is no port", "ghcr.io:443/acme/app", "ghcr.io/acme/app"],
  ["another port is another registry", "ghcr.io:80/acme/app", "ghcr.io:80/acme/app"],
  ["index.docker.io is Docker Hub", "index.docker.io/nginx", "docker.io/library/nginx"],
  ["registry-1.docker.io is Docker Hub", "registry-1.docker.io:443/acme/app", "docker.io/acme/app"],
  ["registry.hub.docker.com is not Docker Hub", "registry.hub.docker.com/nginx", "registry.hub.docker.com/nginx"],
  ["docker.io on another port is not Docker Hub", "docker.io:5000/nginx", "docker.io:5000/nginx"],
  ["a dotted quad is a host", "10.0.0.1:5000/app", "10.0.0.1:5000/app"],
  ["an IPv6 address is printed as RFC 5952 has it", "[2001:DB8:0:0:1:0:0:1]:5000/app", "[2001:db8::1:0:0:1]:5000/app"],
  ["an IPv4 address in IPv6 stays what it is", "[0:0:0:0:0:ffff:a9fe:a9fe]/app", "[::ffff:a9fe:a9fe]/app"],
  ["a punycode label is a label", "xn--mycr-63d.azurecr.io/app", "xn--mycr-63d.azurecr.io/app"],
  ["tag and digest are both kept", `ghcr.io/acme/app:v1@${digest}`, `ghcr.io/acme/app:v1@${digest}`],
  ["path words may be joined in four ways", "ghcr.io/a.b/c_d/e__f/g---h", "ghcr.io/a.b/c_d/e__f/g---h"],
];

const refused: readonly (readonly [why: string, text: string, reason: string])[] = [
  ["nothing", "", "Empty"],
  ["too much", `ghcr.io/${"a".repeat(1100)}`, "TooLong"],
  ["userinfo before the real host", "myacr.azurecr.io@evil.com/app", "BadDigest"],
  ["userinfo after a port", "myacr.azurecr.io:443@evil.com/app", "BadDigest"],
  ["a backslash, which Go and WHATWG read differently", "myacr.azurecr.io\\@evil.com/app", "BadCharacter"],
  ["percent-encoding, which fetch decodes in a host", "myacr.azurecr.io%2eevil.com/app", "BadCharacter"],
  ["a tab, which fetch removes from a host", "myacr.azurecr.io\t.evil.com/app", "BadCharacter"],
  ["a line feed", "my\nacr.azurecr.io/app", "BadCharacter"],
  ["a carriage return at the end", "ghcr.io/app\r", "BadCharacter"],
  ["a NUL", "ghcr.io/app\0", "BadCharacter"],
  ["a leading space", " ghcr.io/app", "BadCharacter"],
  ["ideographic full stops", "myacr。azurecr。io/app", "BadCharacter"],
  ["a full-width letter", "ｍyacr.azurecr.io/app", "BadCharacter"],
  ["a Cyrillic letter", "myаcr.azurecr.io/app", "BadCharacter"],
  ["DEL", "ghcr.io/app\x7f", "BadCharacter"],
  ["a query", "ghcr.io/app?x", "BadCharacter"],
  ["a fragment", "ghcr.io/app#x", "BadCharacter"],
  ["a scheme", "https://ghcr.io/app", "Scheme"],
  ["a port with a leading zero", "myacr.azurecr.io:0443/app", "BadPort"],
  ["an empty port", "myacr.azurecr.io:/app", "BadPort"],
  ["port 0", "ghcr.io:0/app", "BadPort"],
  ["port 65536", "ghcr.io:65536/app", "BadPort"],
  ["two ports", "ghcr.io:1:2/app", "BadHost"],
  ["a trailing dot", "myacr.azurecr.io./app", "BadHost"],
  ["an underscore in a host", "my_acr.azurecr.io/app", "BadHost"],
  ["a hyphen at the start of a label", "-acr.azurecr.io/app", "BadHost"],
  ["an empty label", "my..azurecr.io/app", "BadHost"],
  ["a leading dot", ".azurecr.io/app", "BadHost"],
  ["a label of 64 characters", `${"a".repeat(64)}.io/app`, "BadHost"],
  ["a host of 254 characters", `${"a.".repeat(126)}io/app`, "BadHost"],
  ["hexadecimal IPv4", "0x7f.1/app", "BadHost"],
  ["hexadecimal IPv4 in one label with a port", "0x7f000001:80/app", "BadHost"],
  ["decimal IPv4 with a port", "2130706433:80/app", "BadHost"],
  ["short IPv4", "127.1/app", "BadHost"],
  ["octal IPv4", "0177.0.0.1/app", "BadHost"],
  ["an octet over 255", "127.0.0.256/app", "BadHost"],
  ["a name that ends in a number", "acme.1/app", "BadHost"],
  ["IPv6 with an embedded dotted quad", "[::ffff:169.254.169.254]/app", "BadHost"],
  ["IPv6 with a zone", "[fe80::1%25eth0]/app", "BadCharacter"],
  ["IPv6 without brackets", "::1/app", "BadHost"],
  ["IPv6 that does not end", "[::1/app", "BadHost"],
  ["IPv6 with nine groups", "[1:2:3:4:5:6:7:8:9]/app", "BadHost"],
  ["IPv6 with two gaps", "[1::2::3]/app", "BadHost"],
  ["IPv6 with text after the bracket", "[::1]evil.com/app", "BadPort"],
  ["IPv6 and no repository", "[::1]", "BadTag"],
  ["a wildcard", "*.azurecr.io/app", "BadHost"],
  ["dot segments", "ghcr.io/../../evil", "BadPath"],
  ["encoded dot segments", "ghcr.io/a/%2e%2e/b", "BadCharacter"],
  ["a single dot segment", "ghcr.io/./a", "BadPath"],
  ["leading slashes", "//evil.com/app", "BadPath"],
  ["one leading slash", "/app", "BadPath"],
  ["a trailing slash", "ghcr.io/app/", "BadPath"],
  ["a registry alone", "ghcr.io/", "NotARepository"],
  ["an empty segment", "ghcr.io/a//b", "BadPath"],
  ["upper case in the path", "ghcr.io/Acme/app", "BadPath"],
  ["three underscores", "ghcr.io/a___b", "BadPath"],
  ["a path of 256 characters", `ghcr.io/${"a".repeat(256)}`, "BadPath"],
  ["a colon before the last segment", "ghcr.io/a:b/c", "BadPath"],
  ["an empty tag", "ghcr.io/app:", "BadTag"],
  ["a tag of 129 characters", `ghcr.io/app:${"a".repeat(129)}`, "BadTag"],
  ["a tag that begins with a dot", "ghcr.io/app:.x", "BadTag"],
  ["two tags", "ghcr.io/app:a:b", "BadTag"],
  ["a digest without an algorithm", "ghcr.io/app@abc", "BadDigest"],
  ["an upper-case digest", `ghcr.io/app@${digest.toUpperCase()}`, "BadDigest"],
  ["a short digest", "ghcr.io/app@sha256:abcd", "BadDigest"],
  ["two digests", `ghcr.io/app@${digest}@${digest}`, "BadDigest"],
  ["a digest that is a path (CVE-2024-3727)", "ghcr.io/app@sha256:../../x", "BadDigest"],
  ["an empty name before a digest", `@${digest}`, "NotARepository"],
  ["a Gatekeeper decoration, which its handler strips", "[default]ghcr.io/app", "BadPort"],
];

describe("parseReference()", () => {
  for (const [why, text, printed] of canonical) {
    it(`reads ${JSON.stringify(text)}: ${why}`, () => {
      assert.equal(printReference(value(parseReference(text))), printed);
    });
  }

  it("gives the whole reference", () => {
    assert.deepEqual(parseReference(`GHCR.io:8443/Acme`.toLowerCase() + `/app:v1@${digest}`), {
      ok: true,
      value: { repository: { host: "ghcr.io", port: 8443, segments: ["acme", "app"] }, tag: "v1", digest },
    });
  });

  for (const [why, text, reason] of refused) {
    it(`refuses ${why}`, () => {
      const parsed = parseReference(text);
      assert.equal(parsed.ok ? printReference(parsed.value) : parsed.reason, reason);
    });
  }

  it("is undone by printReference()", () => {
    fc.assert(
      fc.property(anyRepositoryText, fc.constantFrom("", ":v1", ":_.-"), fc.constantFrom("", `@${digest}`), (text, tag, suffix) => {
        const reference = value(parseReference(text + tag + suffix));
        assert.deepEqual(value(parseReference(printReference(reference))), reference);
      }),
      { numRuns: 300 },
    );
  });

  it("answers any text at all with a value or a short message of printable ASCII", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 1200 }), fc.string({ maxLength: 300 })), (text) => {
        const parsed = parseReference(text);
        if (!parsed.ok) assert.match(parsed.message, /^[\x20-\x7e]{1,256}$/);
      }),
      { numRuns: 300 },
    );
  });
});
