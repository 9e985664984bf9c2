import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseChallenges } from "../../src/transport/challenge.ts";

const plain = (headers: readonly string[]): unknown =>
  parseChallenges(headers).map(({ scheme, params }) => [scheme, Object.fromEntries(params)]);

describe("parseChallenges()", () => {
  const rows: readonly (readonly [string, readonly string[], unknown])[] = [
    [
      "reads distribution's Bearer challenge",
      ['Bearer realm="https://a/token",service="s",scope="repository:x:pull"'],
      [["bearer", { realm: "https://a/token", service: "s", scope: "repository:x:pull" }]],
    ],
    ["takes schemes and names in any case", ['BEARER Realm="r"'], [["bearer", { realm: "r" }]]],
    [
      "reads several headers",
      ['Basic realm="a"', 'Bearer realm="b"'],
      [
        ["basic", { realm: "a" }],
        ["bearer", { realm: "b" }],
      ],
    ],
    [
      "reads several challenges in one header",
      ['Basic realm="a", Bearer realm="b",service="s"'],
      [
        ["basic", { realm: "a" }],
        ["bearer", { realm: "b", service: "s" }],
      ],
    ],
    ["reads escapes in quoted strings", ['Basic realm="a \\"quoted\\", \\\\ comma"'], [["basic", { realm: 'a "quoted", \\ comma' }]]],
    [
      "takes tokens without quotes and white space around the sign",
      ["Bearer realm = r , service=s"],
      [["bearer", { realm: "r", service: "s" }]],
    ],
    [
      "skips a challenge with a token of its own",
      ['Negotiate YWJj==, Bearer realm="r"'],
      [
        ["negotiate", {}],
        ["bearer", { realm: "r" }],
      ],
    ],
    [
      "takes a scheme without parameters",
      ["Negotiate, Basic"],
      [
        ["negotiate", {}],
        ["basic", {}],
      ],
    ],
    [
      "keeps the first of a name that is given twice",
      ['Bearer realm="good",realm="https://evil.example/token"'],
      [["bearer", { realm: "good" }]],
    ],
    ["skips empty list elements", [',, Bearer realm="r",,service="s",'], [["bearer", { realm: "r", service: "s" }]]],
    ["ends at a quoted string that does not end", ['Bearer service="s",realm="r'], [["bearer", { service: "s" }]]],
    ["reads nothing from a parameter without a scheme", ['realm="r"'], []],
    ["reads nothing from an empty header", [""], []],
    ["does not look at a header longer than 8192 characters", [`Bearer realm="${"a".repeat(9000)}"`], []],
  ];
  for (const [name, headers, expected] of rows) it(name, () => assert.deepEqual(plain(headers), expected));

  it("reads 16 challenges at most", () => assert.equal(parseChallenges(Array.from({ length: 40 }, () => "Basic")).length, 16));

  it("never throws, and never makes up a realm", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary-ascii", maxLength: 200 }), { maxLength: 4 }), (headers) => {
        for (const { params } of parseChallenges(headers)) {
          const realm = params.get("realm");
          if (realm !== undefined && !realm.includes("\\"))
            assert.ok(headers.some((header) => header.replaceAll("\\", "").includes(realm)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("reads back every quoted value that was written", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii", maxLength: 60 }), (value) => {
        const quoted = value.replaceAll(/["\\]/g, (char) => `\\${char}`);
        assert.equal(parseChallenges([`Bearer realm="${quoted}", service="s"`])[0]?.params.get("realm"), value);
      }),
      { numRuns: 200 },
    );
  });
});
