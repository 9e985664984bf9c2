import fc from "fast-check";

const pieces = [
  ...["a", "A", "z9", "-", "--", "_", "__", "___", ".", "..", "*", "/", "//", ":", "::", "[", "]", "@", "#", "%", "\\", "?", "'", '"', "+"],
  ...["443", "0443", "5000", "65535", "65536", "0", "00", "1", "255", "256", "0x7f", "0x", "::1", "ffff", "fe80", "2001:db8", "12345"],
  ...[
    "localhost",
    "LocalHost",
    "ghcr.io",
    "docker.io",
    "*.azurecr.io",
    "*.dkr.ecr.*.amazonaws.com",
    "127.0.0.1",
    "1.2.3",
    "[::1]",
    "https://",
  ],
  ...["acme", "acme/app", "library", "a--b", "a__b", "a.b", "xn--a", "é", "。", "\t", " ", "\n", "\u0000", "\u007f"],
  ...["b".repeat(63), "b".repeat(64), `${"c".repeat(60)}.`.repeat(4), "d/".repeat(127), "e".repeat(255)],
] as const;

const anyLength: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.constantFrom(...pieces), { maxLength: 7 }).map((parts) => parts.join("")) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom("ghcr.io", "*.azurecr.io", "localhost:5000", "10.0.0.1", "[2001:db8::1]:5000", "a.b.c.d"),
        fc.array(fc.constantFrom(...pieces), { maxLength: 3 }),
      )
      .map(([host, parts]) => `${host}/${parts.join("/")}`),
  },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.constantFrom("0", "1", "ffff", "fe80", "", "12345", "1.2.3.4"), { maxLength: 10 })
      .map((groups) => `[${groups.join(":")}]`),
  },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 40 }) },
);

/** Texts that come close to being a registry pattern, in every way that the grammar can tell apart; of 512 code points, the schema's bound, at most. */
export const nearPatterns: fc.Arbitrary<string> = anyLength.map((text) => Array.from(text).slice(0, 512).join(""));
